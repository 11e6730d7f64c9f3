"""Writes deploy/kubernetes/ anew from the Helm chart: `python tools/render_kubernetes.py`; plain YAML for who has no Helm."""

import subprocess
import sys
from pathlib import Path

import cluster_tools

ROOT = Path(__file__).resolve().parents[1]
CHART = ROOT / "deploy" / "helm" / "orgo"
PLAIN = ROOT / "deploy" / "kubernetes"
SIZES = ("default", "small", "medium", "large")
_HEAD = "# Made from deploy/helm/orgo by tools/render_kubernetes.py; change the chart, not this file.\n"


def main() -> int:
    """Write one file for each size; returns the exit code."""
    helm = cluster_tools.bring() / "helm"
    for size in SIZES:
        file = PLAIN / size / "orgo.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(rendered(helm, size), "utf-8")
        print(file.relative_to(ROOT))
    return 0


def rendered(helm: Path, size: str) -> str:
    """The chart as YAML: release orgo in the namespace orgo, with the values of this size."""
    values = [] if size == "default" else ["-f", str(CHART / f"values-{size}.yaml")]
    order = [str(helm), "template", "orgo", str(CHART), "--namespace", "orgo", *values]
    made = subprocess.run(order, check=True, capture_output=True, text=True, timeout=60).stdout
    return _HEAD + "".join(f"{line.rstrip()}\n" for line in made.splitlines())


if __name__ == "__main__":
    sys.exit(main())
