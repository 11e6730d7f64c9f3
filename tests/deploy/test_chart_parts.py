"""The chart's workers, what asks whether they live, and the objects of operators beside the operators' own schemas."""

import json
import os
import re
import subprocess
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.deploy.chart import OPTIONS, containers, objects, pods, template

CRD = Path(__file__).parent / "crd"


@pytest.fixture(scope="session")
def made(rendered: dict[str, str]) -> dict[str, list[dict[str, Any]]]:
    """The objects of each way to install that has an operator's, or a queue."""
    return {
        name: objects(rendered[name])
        for name in ("default", "keda", "watched", "operators", "redis", "rabbitmq")
    }


def of_operator(found: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    (one,) = [one for one in found if one["kind"] == kind]
    return one


# The objects of operators, and a word of another kind of object that each of them must not take.
OF_OPERATORS = [
    ("keda", "ScaledObject", "maxReplicas"),
    ("watched", "ServiceMonitor", "ports"),
    ("operators", "Cluster", "replicas"),
    ("operators", "RabbitmqCluster", "storage"),
]


@pytest.mark.parametrize(("option", "kind", "strange"), OF_OPERATORS)
def test_an_operators_object_is_what_its_own_schema_takes_and_nothing_else(
    made: dict[str, list[dict[str, Any]]], option: str, kind: str, strange: str
) -> None:
    schema = json.loads((CRD / f"{kind}.json").read_text("utf-8"))
    one = of_operator(made[option], kind)
    jsonschema.validate(one, schema)
    with pytest.raises(jsonschema.ValidationError, match=strange):
        jsonschema.validate({**one, "spec": {**one["spec"], strange: 10}}, schema)


@pytest.mark.parametrize(
    ("kind", "wrong", "why"),
    [
        ("Cluster", {"instances": 0}, "less than the minimum"),
        ("Cluster", {"storage": {"size": 5}}, "not of type 'string'"),
        ("Cluster", {"resources": {"limits": {"memory": "1 GB"}}}, "does not match"),
        ("RabbitmqCluster", {"replicas": "3"}, "not of type 'integer'"),
        ("RabbitmqCluster", {"persistence": {"storage": "1 GB"}}, "does not match"),
    ],
)
def test_a_size_or_a_number_that_is_none_is_refused(
    made: dict[str, list[dict[str, Any]]], kind: str, wrong: dict[str, Any], why: str
) -> None:
    schema = json.loads((CRD / f"{kind}.json").read_text("utf-8"))
    one = of_operator(made["operators"], kind)
    with pytest.raises(jsonschema.ValidationError, match=why):
        jsonschema.validate({**one, "spec": {**one["spec"], **wrong}}, schema)


def doors(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Who may reach the trial database."""
    (policy,) = [
        one
        for one in found
        if one["kind"] == "NetworkPolicy" and one["metadata"]["name"] == "orgo-postgresql"
    ]
    return [rule for rule in policy["spec"]["ingress"] if "namespaceSelector" in rule["from"][0]]


def test_kedas_operator_reaches_the_trial_database_and_nobody_else_from_outside(
    made: dict[str, list[dict[str, Any]]],
) -> None:
    (door,) = doors(made["keda"])
    assert door["from"] == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "keda"}}}]
    assert door["ports"] == [{"port": "postgresql", "protocol": "TCP"}]
    assert doors(made["default"]) == []


@pytest.mark.parametrize("queue", ["redis", "rabbitmq"])
def test_each_queue_has_a_worker_of_its_own(made: dict[str, list[dict[str, Any]]], queue: str) -> None:
    works = {
        name: one["command"][one["command"].index("-Q") + 1]
        for name, pod in pods(made[queue])
        for one in containers(pod)
        if one.get("command", [""])[0] == "celery"
    }
    assert works == {
        "Deployment/orgo": "routing",
        "Deployment/orgo-escalation": "escalation",
        "Deployment/orgo-delivery": "delivery",
    }


@pytest.mark.parametrize("domain", ["cluster.local", "city.internal"])
def test_servers_find_each_other_by_whole_names(tools: Path, domain: str) -> None:
    """HAProxy asks the DNS for a name as it stands: one that counts on a search domain is no name to it."""
    own = {} if domain == "cluster.local" else {"clusterDomain": domain}
    proxy = template(tools, OPTIONS["redis"] | own)
    nodes = template(tools, OPTIONS["rabbitmq"] | own)
    named = re.findall(r"^ +server redis-\d (\S+):6379$", proxy, re.MULTILINE)
    named += re.findall(r"nodes\.\d = rabbit@(\S+)$", nodes, re.MULTILINE)
    assert len(named) == 6
    assert [name for name in named if not name.endswith(f"-nodes.orgo.svc.{domain}")] == []


def probes(found: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {
        name: one
        for name, pod in pods(found)
        if name.startswith("Deployment/orgo")
        for one in containers(pod)
    }


@pytest.mark.parametrize("option", ["default", "redis", "rabbitmq"])
def test_every_part_of_orgo_is_asked_whether_it_lives(
    made: dict[str, list[dict[str, Any]]], option: str
) -> None:
    orgo = {
        name: one for name, one in probes(made[option]).items() if one["command"][0] in ("orgo", "celery")
    }
    assert len(orgo) >= 4
    assert [name for name, one in orgo.items() if not {"startupProbe", "livenessProbe"} <= set(one)] == []


@pytest.mark.parametrize(("minutes", "lives"), [(0, True), (5, True), (30, False), (None, False)])
def test_a_worker_lives_as_long_as_it_says_so(
    made: dict[str, list[dict[str, Any]]], tmp_path: Path, minutes: int | None, lives: bool
) -> None:
    command = probes(made["default"])["Deployment/orgo"]["livenessProbe"]["exec"]["command"]
    if minutes is not None:
        (tmp_path / "alive").touch()
        then = time.time() - minutes * 60
        os.utime(tmp_path / "alive", (then, then))
    here = [word.replace("/orgo/var", str(tmp_path)) for word in command]
    assert (subprocess.run(here, capture_output=True).returncode == 0) == lives
