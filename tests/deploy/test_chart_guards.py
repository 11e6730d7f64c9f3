"""What of the chart keeps Orgo up and closed: each guard is named here, so that none goes with a change unnoticed."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.chart import CHART, OPTIONS, containers, objects, pods

EVERY = {"app.kubernetes.io/name": "orgo", "app.kubernetes.io/instance": "orgo"}
PAGE = {"service": {"name": "orgo-web", "port": {"name": "http"}}}
INGRESS = {
    "ingressClassName": "nginx",
    "rules": [
        {
            "host": "orgo.organization.com",
            "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": PAGE}]},
        }
    ],
    "tls": [{"hosts": ["orgo.organization.com"], "secretName": "tls"}],
}
DENIES = {"podSelector": {"matchLabels": EVERY}, "policyTypes": ["Ingress"]}
PARTS = {"orgo", "orgo-web"}
QUEUED = PARTS | {"orgo-escalation", "orgo-delivery"}
DOORS = {"orgo", "orgo-web", "orgo-intake"}
GUARDS = [
    ("default", "PodDisruptionBudget", PARTS),
    ("redis", "PodDisruptionBudget", QUEUED | {"orgo-redis"}),
    ("rabbitmq", "PodDisruptionBudget", QUEUED | {"orgo-rabbitmq"}),
    ("default", "NetworkPolicy", DOORS | {"orgo-postgresql"}),
    ("redis", "NetworkPolicy", DOORS | {"orgo-postgresql", "orgo-redis", "orgo-haproxy"}),
    ("large", "NetworkPolicy", DOORS | {"orgo-rabbitmq"}),
    ("no-intake", "NetworkPolicy", set()),
    ("public", "Ingress", {"orgo"}),
    ("default", "Ingress", set()),
    ("default", "PersistentVolumeClaim", {"orgo-clock"}),
]


def of_kind(rendered: dict[str, str], option: str, kind: str) -> dict[str, dict[str, Any]]:
    """The objects of a kind by their names."""
    found = objects(rendered[option])
    return {one["metadata"]["name"]: one for one in found if one["kind"] == kind}


@pytest.mark.parametrize(("option", "kind", "names"), GUARDS)
def test_these_guards_are_there_and_no_others(
    rendered: dict[str, str], option: str, kind: str, names: set[str]
) -> None:
    assert set(of_kind(rendered, option, kind)) == names


@pytest.mark.parametrize(
    ("option", "kind", "name", "path", "value"),
    [
        ("default", "NetworkPolicy", "orgo", ["spec"], DENIES),
        ("public", "Ingress", "orgo", ["spec"], INGRESS),
        (
            "default",
            "PersistentVolumeClaim",
            "orgo-clock",
            ["metadata", "annotations"],
            {"helm.sh/resource-policy": "keep"},
        ),
        ("medium", "StatefulSet", "orgo-redis", ["spec", "replicas"], 3),
        ("large", "StatefulSet", "orgo-rabbitmq", ["spec", "replicas"], 3),
    ],
)
def test_a_guard_says_what_it_has_to(
    rendered: dict[str, str], option: str, kind: str, name: str, path: list[str], value: Any
) -> None:
    found: Any = of_kind(rendered, option, kind)[name]
    for key in path:
        found = found[key]
    assert found == value


@pytest.mark.parametrize("option", sorted(OPTIONS))
def test_pods_are_spread_run_on_either_processor_and_go_one_by_one(
    rendered: dict[str, str], option: str
) -> None:
    made = pods(objects(rendered[option]))
    for name, pod in made:
        labels = pod["metadata"]["labels"]
        assert EVERY.items() <= labels.items(), f"{name} is outside of what the first NetworkPolicy closes"
        (term,) = pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"][
            "nodeSelectorTerms"
        ]
        assert term["matchExpressions"] == [
            {"key": "kubernetes.io/arch", "operator": "In", "values": ["amd64", "arm64"]}
        ]
        spread = {one["topologyKey"]: one for one in pod["spec"]["topologySpreadConstraints"]}
        assert set(spread) == {"kubernetes.io/hostname", "topology.kubernetes.io/zone"}, name
        for one in spread.values():
            assert one["maxSkew"] == 1 and one["labelSelector"]["matchLabels"].items() <= labels.items()
    for name, budget in of_kind(rendered, option, "PodDisruptionBudget").items():
        wanted = budget["spec"]["selector"]["matchLabels"].items()
        assert budget["spec"]["maxUnavailable"] == 1
        kept = [whose for whose, pod in made if wanted <= pod["metadata"]["labels"].items()]
        assert [whose.partition("/")[2] for whose in kept] == [name]


def test_each_of_three_redis_has_a_sentinel_and_the_proxy_leads_to_the_master(
    rendered: dict[str, str],
) -> None:
    pod = dict(pods(objects(rendered["redis"])))["StatefulSet/orgo-redis"]
    first, *servers = containers(pod)
    assert {one["name"]: one["command"] for one in servers} == {
        "redis": ["redis-server", "/data/redis.conf"],
        "sentinel": ["redis-server", "/data/sentinel.conf", "--sentinel"],
    }
    assert {"name": "REPLICAS", "value": "3"} in first["env"]
    proxy = of_kind(rendered, "redis", "ConfigMap")["orgo-redis"]["data"]["haproxy.cfg"]
    assert len(re.findall(r"^ +server redis-\d ", proxy, re.MULTILINE)) == 3
    assert "tcp-check expect string role:master" in proxy


def test_two_of_three_sentinels_agree_on_another_master(tmp_path: Path) -> None:
    """The init container's script, where no other Sentinel answers yet."""
    (tmp_path / "redis-cli").touch(mode=0o755)
    given = {"NAME": "orgo-redis", "NODES": "nodes", "REPLICAS": "3", "REDIS_PASSWORD": "open"}
    written = {}
    for number in range(3):
        script = (CHART / "files" / "redis.sh").read_text("utf-8").replace("/data/", f"{tmp_path}/")
        environ = {**given, "POD_NAME": f"orgo-redis-{number}", "PATH": f"{tmp_path}:/usr/bin:/bin"}
        subprocess.run(["/bin/sh", "-c", script], env=environ, check=True)
        written[number] = [(tmp_path / f"{name}.conf").read_text() for name in ("redis", "sentinel")]

    watches = "sentinel monitor orgo orgo-redis-0.nodes 6379 2\n"
    assert [watches in sentinel for _, sentinel in written.values()] == [True] * 3
    assert ["replicaof orgo-redis-0.nodes 6379\n" in redis for redis, _ in written.values()] == [
        False,
        True,
        True,
    ]
