"""The chart as helm renders it, for tests."""

import json
import subprocess
from pathlib import Path
from typing import Any

import yaml

from tests.house.checkout import ROOT

CHART = ROOT / "deploy" / "helm" / "orgo"
PRESETS = ("small", "medium", "large")
OPTIONS: dict[str, dict[str, Any]] = {
    "default": {},
    "keda": {"autoscaling": {"kind": "keda"}},
    "digest": {"image": {"repository": "registry.organization.com/orgo", "digest": "sha256:" + "0" * 64}},
    "public": {
        "publicUrl": "https://orgo.organization.com",
        "web": {"ingress": {"enabled": True, "tlsSecret": "tls", "className": "nginx"}},
    },
    "operators": {
        "database": {"kind": "cloudnativepg", "storageClass": "fast"},
        "queue": {"kind": "rabbitmq-operator", "storageClass": "fast"},
    },
    "redis": {"queue": {"kind": "redis"}},
    "rabbitmq": {"queue": {"kind": "rabbitmq"}},
    "external": {
        "database": {"kind": "external", "secret": "db"},
        "queue": {"kind": "external", "secret": "q"},
        "secret": {"generate": False, "name": "mine"},
        "secrets": [{"name": "SMTP_PASSWORD", "secret": "mail", "key": "password"}],
    },
    "watched": {"serviceMonitor": {"enabled": True, "secret": "metrics"}},
    "no-intake": {"intake": {"enabled": False}, "networkPolicy": {"enabled": False}, "samples": False},
}
OPTIONS |= {name: yaml.safe_load((CHART / f"values-{name}.yaml").read_text("utf-8")) for name in PRESETS}
CRD_GROUPS = ("keda.sh", "postgresql.cnpg.io", "rabbitmq.com", "monitoring.coreos.com")


def helm(tools: Path, *words: str, values: dict[str, Any] | None = None) -> subprocess.CompletedProcess[str]:
    """Run helm; `values` are given as JSON, which is YAML."""
    order = [str(tools / "helm"), *words, *(["-f", "-"] if values else [])]
    given = json.dumps(values) if values else ""
    return subprocess.run(order, input=given, capture_output=True, text=True, timeout=60)


def template(tools: Path, values: dict[str, Any]) -> str:
    """The chart's YAML, release orgo in the namespace orgo."""
    made = helm(tools, "template", "orgo", str(CHART), "--namespace", "orgo", values=values)
    assert made.returncode == 0, made.stderr
    return made.stdout


def objects(text: str) -> list[dict[str, Any]]:
    """The documents of a YAML text."""
    return [one for one in yaml.load_all(text, Loader=yaml.CSafeLoader) if one]


def pods(found: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    """Every pod that the objects make, by its maker's kind and name."""
    return [
        (f"{one['kind']}/{one['metadata']['name']}", one["spec"]["template"])
        for one in found
        if one["kind"] in ("Deployment", "StatefulSet", "Job")
    ]


def containers(pod: dict[str, Any]) -> list[dict[str, Any]]:
    """A pod's containers, those that prepare it too."""
    return [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]
