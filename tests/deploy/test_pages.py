"""The steps of docs/operator/kubernetes.md, as they stand there: what they name is made by the chart or by a step before."""

import re
import subprocess
import textwrap
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
import yaml

from orgo.conf import load
from tests.deploy.chart import CHART, containers, helm, objects, pods
from tests.house.checkout import ROOT

PAGE = (ROOT / "docs" / "operator" / "kubernetes.md").read_text("utf-8")
DIGEST = "sha256:" + "0" * 64
_BLOCK = re.compile(r"^( *)```yaml\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
_SECRET = re.compile(r"create secret generic (\S+) --from-literal=(\w+)=")


def block(of: str) -> str:
    """The page's YAML that has this key, with a whole digest."""
    (found,) = [textwrap.dedent(text) for _, text in _BLOCK.findall(PAGE) if of in yaml.safe_load(text)]
    return found.replace("sha256:...", DIGEST)


def parts(made: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The containers of Orgo's that work with the configuration."""
    every = [one for _, pod in pods(made) for one in containers(pod)]
    return [one for one in every if one.get("command", [""])[0] in ("orgo", "celery")]


def by_helm(tools: Path, _: Path) -> list[dict[str, Any]]:
    """What step 5 installs."""
    words = ["template", "orgo", str(CHART), "--namespace", "orgo", "-f", str(CHART / "values-medium.yaml")]
    answer = helm(tools, *words, values=yaml.safe_load(block("publicUrl")))
    assert answer.returncode == 0, answer.stderr
    return objects(answer.stdout)


def by_kustomize(tools: Path, folder: Path) -> list[dict[str, Any]]:
    """What "Without Helm" applies, with the configuration that it speaks of."""
    copytree(ROOT / "deploy" / "kubernetes", folder / "kubernetes")
    mine = folder / "kubernetes" / "mine"
    mine.mkdir()
    values = yaml.safe_load(block("publicUrl"))
    config = {**values["config"], "web": {"public_url": values["publicUrl"]}}
    (mine / "config.yaml").write_text(yaml.safe_dump(config))
    (mine / "kustomization.yaml").write_text(block("configMapGenerator"))
    order = [str(tools / "kubectl"), "kustomize", str(mine)]
    answer = subprocess.run(order, capture_output=True, text=True, timeout=60)
    assert answer.returncode == 0, answer.stderr
    return objects(answer.stdout)


@pytest.mark.parametrize("way", [by_helm, by_kustomize])
def test_the_pages_steps_lead_to_pods_that_have_what_they_need(tools: Path, tmp_path: Path, way: Any) -> None:
    made = way(tools, tmp_path)
    entries = [entry for _, pod in pods(made) for one in containers(pod) for entry in one.get("env", [])]
    wanted = {
        (reference["name"], reference["key"])
        for entry in entries
        if (reference := entry.get("valueFrom", {}).get("secretKeyRef"))
        and reference["name"] != "orgo-generated"
    }
    assert wanted == {("orgo-database", "url"), ("orgo-mail", "password")} <= set(_SECRET.findall(PAGE))

    (text,) = [one["data"]["config.yaml"] for one in made if one["metadata"]["name"] == "orgo-config"]
    (tmp_path / "config.yaml").write_text(text)
    assert len(parts(made)) == 7
    for one in parts(made):
        given = {entry["name"]: likely(entry) for entry in one["env"]}
        assert len(given) == len(one["env"]), "a variable is given twice"
        config = load(tmp_path, given)
        assert config.web.public_url == "https://orgo.organization.com", one["name"]
        assert config.smtp and config.smtp.password and config.smtp.password.get_secret_value() == "likely"
        assert one["image"] == f"registry.organization.com/orgo@{DIGEST}"


def likely(entry: dict[str, Any]) -> str:
    """A value for what comes from elsewhere."""
    known = {
        "ORGO_DATABASE": "postgresql://db/orgo",
        "ORGO_QUEUE": "redis://q/0",
        "ORGO_WEB__ALSO_HOSTS": "10.0.0.7",
    }
    return str(
        known.get(entry["name"]) or entry.get("value") or "likely" * (1 if "SMTP" in entry["name"] else 6)
    )
