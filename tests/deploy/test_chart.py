"""The chart: what the API would say to it, and what it promises. Nothing here runs in a cluster."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from orgo.cli.main import root
from orgo.conf import load
from tests.deploy.chart import CHART, CRD_GROUPS, OPTIONS, containers, helm, objects, pods, template
from tests.house.checkout import ROOT, clean_environment

VERSIONS = ("1.31", "1.37")
PLAIN = ("default", "small", "medium", "large")


@pytest.fixture(params=sorted(OPTIONS))
def found(request: pytest.FixtureRequest, rendered: dict[str, str]) -> list[dict[str, Any]]:
    """The objects of one way to install."""
    return objects(rendered[request.param])


def of_kind(found: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [one for one in found if one["kind"] == kind]


@pytest.mark.parametrize("name", sorted(OPTIONS))
def test_helm_lints_it_strictly(tools: Path, name: str) -> None:
    answer = helm(tools, "lint", "--strict", str(CHART), values=OPTIONS[name])
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.parametrize("version", VERSIONS)
def test_the_api_of_each_version_takes_every_object(
    tools: Path, rendered: dict[str, str], tmp_path: Path, version: str
) -> None:
    every = {
        yaml.safe_dump(one)
        for text in rendered.values()
        for one in objects(text)
        if one["apiVersion"].partition("/")[0] not in CRD_GROUPS
    }
    (tmp_path / "every.yaml").write_text("---\n".join(sorted(every)))
    order = [
        sys.executable,
        "-m",
        "kubernetes_validate",
        "-k",
        version,
        "--strict",
        str(tmp_path / "every.yaml"),
    ]
    answer = subprocess.run(
        order, env=clean_environment(PYTHONPATH=str(tools)), capture_output=True, text=True
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_the_validation_would_say_no(tools: Path, rendered: dict[str, str], tmp_path: Path) -> None:
    """The blueprint's targetAverageUtilization is of an older API: v2 refuses it."""
    text = rendered["default"].replace(
        "target: {type: Utilization, averageUtilization: 70}", "targetAverageUtilization: 70"
    )
    assert text != rendered["default"]
    (tmp_path / "old.yaml").write_text(yaml.safe_dump_all(of_kind(objects(text), "HorizontalPodAutoscaler")))
    order = [
        sys.executable,
        "-m",
        "kubernetes_validate",
        "-k",
        "1.31",
        "--strict",
        str(tmp_path / "old.yaml"),
    ]
    answer = subprocess.run(
        order, env=clean_environment(PYTHONPATH=str(tools)), capture_output=True, text=True
    )
    assert answer.returncode != 0
    assert "'target' is a required property" in answer.stdout + answer.stderr


def test_plain_yaml_is_what_the_chart_renders(tools: Path) -> None:
    sys.path.insert(0, str(ROOT / "tools"))
    from render_kubernetes import rendered as render

    for size in PLAIN:
        assert (ROOT / "deploy/kubernetes" / size / "orgo.yaml").read_text("utf-8") == render(
            tools / "helm", size
        ), f"make {size} anew: python tools/render_kubernetes.py"


@pytest.mark.parametrize("size", PLAIN)
def test_kubectl_builds_the_plain_yaml(tools: Path, size: str) -> None:
    order = [str(tools / "kubectl"), "kustomize", str(ROOT / "deploy" / "kubernetes" / size)]
    answer = subprocess.run(order, capture_output=True, text=True, timeout=60)
    assert answer.returncode == 0, answer.stderr
    built = objects(answer.stdout)
    namespace = next(one for one in built if one["kind"] == "Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert {one["metadata"].get("namespace", "orgo") for one in built} == {"orgo"}


def test_it_renders_the_same_twice(tools: Path, rendered: dict[str, str]) -> None:
    assert template(tools, {}) == rendered["default"]


def test_only_the_clock_which_has_a_volume_makes_backups_and_has_their_key(
    tools: Path, tmp_path: Path
) -> None:
    """Who gets into the page's pod can open no backup; all pods start with the same configuration."""
    backup = {"key": "${BACKUP_KEY}", "to": "s3://orgo-backups/city", "every": "1 day"}
    config = {
        "backup": backup,
        "smtp": {
            "host": "mx.example",
            "from": "o@b.example",
            "password": "${SMTP_PASSWORD}",
            "username": "o",
        },
    }
    secrets = [{"name": name, "secret": "mine", "key": name} for name in ("BACKUP_KEY", "SMTP_PASSWORD")]
    values = {"config": config, "secrets": secrets, "samples": False, "queue": {"kind": "redis"}}
    made = objects(template(tools, values))
    (text,) = [one["data"]["config.yaml"] for one in made if one["metadata"]["name"] == "orgo-config"]
    (tmp_path / "config.yaml").write_text(text)
    found = {
        one["name"]: {entry["name"]: _likely(entry) for entry in one["env"]}
        for _, pod in pods(made)
        for one in pod["spec"]["containers"]
        if any(entry["name"] == "SMTP_PASSWORD" for entry in one.get("env", ()))
    }

    assert {name for name, env in found.items() if "BACKUP_KEY" in env} == {"clock"}
    assert set(found) >= {"web", "clock", "delivery", "intake", "prepare"}
    for name, env in found.items():
        known = load(tmp_path, {**env, **({"BACKUP_KEY": "0" * 64} if name == "clock" else {})}).backup
        assert known is not None and known.here == (known.key is not None) == (name == "clock"), name


def test_a_bare_cluster_takes_the_default(rendered: dict[str, str]) -> None:
    made = objects(rendered["default"])
    assert [one["kind"] for one in made if one["apiVersion"].partition("/")[0] in CRD_GROUPS] == []
    needed = {ref for _, pod in pods(made) for ref in secrets_of(pod)}
    assert needed == {"orgo-generated"}
    assert "orgo-postgresql" in {one["metadata"]["name"] for one in of_kind(made, "StatefulSet")}


def test_the_autoscaler_has_the_form_of_v2(rendered: dict[str, str]) -> None:
    (hpa,) = of_kind(objects(rendered["default"]), "HorizontalPodAutoscaler")
    assert (hpa["apiVersion"], hpa["metadata"]["name"]) == ("autoscaling/v2", "orgo-hpa")
    assert hpa["spec"]["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": "orgo"}
    assert (hpa["spec"]["minReplicas"], hpa["spec"]["maxReplicas"]) == (2, 10)
    target = {"type": "Utilization", "averageUtilization": 70}
    assert hpa["spec"]["metrics"] == [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]


def test_what_is_scaled_has_no_replicas_of_its_own_and_says_its_cpu(rendered: dict[str, str]) -> None:
    """With `replicas` each upgrade would throw the autoscaler's number away; without a request there is no percentage."""
    for name in ("default", "medium", "large", "keda"):
        (orgo,) = [
            one for one in of_kind(objects(rendered[name]), "Deployment") if one["metadata"]["name"] == "orgo"
        ]
        assert "replicas" not in orgo["spec"]
        assert orgo["spec"]["template"]["spec"]["containers"][0]["resources"]["requests"]["cpu"]


def test_keda_counts_what_waits_and_stands_alone(rendered: dict[str, str]) -> None:
    made = objects(rendered["keda"])
    (scaled,) = of_kind(made, "ScaledObject")
    assert of_kind(made, "HorizontalPodAutoscaler") == []
    (trigger,) = scaled["spec"]["triggers"]
    (orgo,) = [
        one
        for one in of_kind(made, "Deployment")
        if one["metadata"]["name"] == scaled["spec"]["scaleTargetRef"]["name"]
    ]
    names = {env["name"] for env in orgo["spec"]["template"]["spec"]["containers"][0]["env"]}
    assert trigger["metadata"]["connectionFromEnv"] in names
    assert all(isinstance(value, str) for value in trigger["metadata"].values())
    assert "intake_mail" in trigger["metadata"]["query"]


def test_no_container_may_be_root_or_write_to_its_image(found: list[dict[str, Any]]) -> None:
    for name, pod in pods(found):
        of_pod = pod["spec"]["securityContext"]
        assert of_pod["runAsNonRoot"] is True and of_pod["runAsUser"] > 0, name
        assert of_pod["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert not pod["spec"].get("hostNetwork"), name
        for one in containers(pod):
            own = one["securityContext"]
            assert own == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }, name
            assert one["resources"]["requests"]["cpu"] and one["resources"]["limits"]["memory"], name
            assert all("hostPath" not in volume for volume in pod["spec"].get("volumes", [])), name


def secrets_of(pod: dict[str, Any]) -> set[str]:
    """The Secrets that a pod's variables come from."""
    every = [env for one in containers(pod) for env in one.get("env", [])]
    return {
        env["valueFrom"]["secretKeyRef"]["name"]
        for env in every
        if "secretKeyRef" in env.get("valueFrom", {})
    }


def test_every_secret_is_a_reference(found: list[dict[str, Any]]) -> None:
    assert of_kind(found, "Secret") == []
    for name, pod in pods(found):
        for one in containers(pod):
            for env in one.get("env", []):
                secret = re.search(
                    r"PASS|TOKEN|COOKIE|SECRET_KEY|AUTH|ORGO_DATABASE|ORGO_QUEUE$", env["name"]
                )
                assert not secret or "value" not in env, f"{name}: {env['name']} stands in clear"


def test_every_key_of_the_made_secret_is_made(rendered: dict[str, str]) -> None:
    source = (CHART / "files" / "make_secret.py").read_text("utf-8")
    for text in rendered.values():
        for _, pod in pods(objects(text)):
            for env in (env for one in containers(pod) for env in one.get("env", [])):
                reference = env.get("valueFrom", {}).get("secretKeyRef", {})
                if reference.get("name") == "orgo-generated":
                    assert f'"{reference["key"]}"' in source


def test_every_command_of_orgo_is_one(found: list[dict[str, Any]]) -> None:
    seen = set()
    for _, pod in pods(found):
        for one in containers(pod):
            if one.get("command", [""])[0] == "orgo":
                answer = CliRunner().invoke(root, [*one["command"][1:], "--help"])
                assert answer.exit_code == 0, one["command"]
                seen.add(one["command"][1])
    assert {"web", "clock", "init"} <= seen


def test_celery_works_on_queues_that_are_there(found: list[dict[str, Any]]) -> None:
    from orgo.conf.celery import JOBS

    commands = [
        one["command"]
        for _, pod in pods(found)
        for one in containers(pod)
        if one.get("command", [""])[0] == "celery"
    ]
    if not commands:
        return
    worked = {
        queue
        for command in commands
        if "-Q" in command
        for queue in command[command.index("-Q") + 1].split(",")
    }
    assert worked == set(JOBS)
    assert not any("beat" in command for command in commands)  # the workers' watchmen look by themselves


def test_every_variable_is_a_key_of_the_configuration(found: list[dict[str, Any]], tmp_path: Path) -> None:
    for name, pod in pods(found):
        for one in containers(pod):
            given = {
                env["name"]: _likely(env) for env in one.get("env", []) if env["name"].startswith("ORGO_")
            }
            if given:
                given["ORGO_WEB__PUBLIC_URL"] = "https://orgo.organization.com"  # it stands in config.yaml
                assert [str(problem) for problem in load(tmp_path, given).warnings] == [], name


def _likely(env: dict[str, Any]) -> str:
    known = {
        "ORGO_DATABASE": "postgresql://orgo@db/orgo",
        "ORGO_QUEUE": "amqp://orgo@mq//",
        "ORGO_WEB__ALSO_HOSTS": "10.0.0.7",
    }
    return str(known.get(env["name"]) or env.get("value") or "a-long-secret-of-thirty-two-characters")


def test_probes_ask_for_pages_that_are_there(found: list[dict[str, Any]], office) -> None:
    asked = set()
    for _, pod in pods(found):
        for one in containers(pod):
            for kind in ("startupProbe", "readinessProbe", "livenessProbe"):
                if way := one.get(kind, {}).get("httpGet"):
                    asked.add(way["path"])
                    assert way["httpHeaders"] == [{"name": "Host", "value": "localhost"}]
                    assert {"name": way["port"], "containerPort": 8000} in one["ports"]
    from django.test import Client

    assert asked == {"/livez", "/readyz"}
    assert {Client(HTTP_HOST="localhost").get(path).status_code for path in asked} == {200}


def test_another_configuration_starts_every_part_and_the_job_anew(
    tools: Path, rendered: dict[str, str]
) -> None:
    changed = objects(template(tools, {"files": {"rules.yaml": "rules: []\n"}}))
    before = dict(pods(objects(rendered["default"])))
    for name, pod in pods(changed):
        note = pod["metadata"].get("annotations", {}).get("checksum/config")
        if name.startswith("Deployment/"):
            assert note and note != before[name]["metadata"]["annotations"]["checksum/config"]
    jobs = [{name for name in names if "prepare" in name} for names in (before, dict(pods(changed)))]
    assert jobs[0].isdisjoint(jobs[1])


def test_a_digest_wins_over_the_tag(rendered: dict[str, str]) -> None:
    image = f"registry.organization.com/orgo@sha256:{'0' * 64}"
    assert (
        sum(one["image"] == image for _, pod in pods(objects(rendered["digest"])) for one in containers(pod))
        >= 5
    )


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"autoscale": {}}, "autoscale"),
        ({"autoscaling": {"kind": "cpus"}}, "kind"),
        ({"database": {"kind": "external"}}, "secret"),
        ({"queue": {"kind": "external"}}, "secret"),
        ({"image": {"digest": "latest"}}, "digest"),
        ({"intake": {"domains": []}}, "domains"),
        ({"clusterDomain": ".cluster.local"}, "clusterDomain"),
        ({"config": {"blobs": {"above": "5 MB"}}}, "s3://bucket/folder"),
        ({"config": {"blobs": {"to": "/mnt/blobs"}}}, "s3://bucket/folder"),
        ({"files": {"../rules.yaml": ""}}, "../rules.yaml"),
    ],
)
def test_bad_values_are_refused(tools: Path, values: dict[str, Any], word: str) -> None:
    answer = helm(tools, "template", "orgo", str(CHART), values=values)
    assert answer.returncode != 0
    assert word in answer.stderr


def test_the_files_of_the_chart_are_those_of_the_checkout() -> None:
    for name in ("rules.yaml", "people.yaml", "templates/received.txt"):
        assert (CHART / "files" / name).read_bytes() == (ROOT / "config" / name).read_bytes(), name


@pytest.mark.parametrize("name", ["default", "no-intake"])
def test_the_mounted_configuration_is_one_that_orgo_takes(
    rendered: dict[str, str], tmp_path: Path, name: str
) -> None:
    found = objects(rendered[name])
    (mounted,) = [one for one in of_kind(found, "ConfigMap") if one["metadata"]["name"] == "orgo-config"]
    web = next(pod for name, pod in pods(found) if name == "Deployment/orgo-web")
    (volume,) = [one for one in web["spec"]["volumes"] if one["name"] == "config"]
    for item in volume["configMap"]["items"]:
        path = tmp_path / "config" / item["path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(mounted["data"][item["key"]])
    command = [sys.executable, str(ROOT / "orgo")]
    for words in (["config", "check"], ["rules", "check"]):
        if words[0] == "rules" and not (tmp_path / "config" / "rules.yaml").exists():
            continue
        answer = subprocess.run(
            [*command, *words], cwd=tmp_path, env=clean_environment(), capture_output=True, text=True
        )
        assert answer.returncode == 0, answer.stderr
