"""What both runbooks begin with: the environment that a reader makes by venv and pip."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import absent
from tests.house.checkout import ROOT
from tests.runbook.reader import Reader


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`orgo-env` with what `pip install -r requirements.txt` brings; made once for all processes of a run, for it takes 20 s."""
    own = tmp_path_factory.getbasetemp()
    folder = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    with (folder / "orgo-env.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "orgo-env.made").exists():
            _make(folder / "orgo-env")
            (folder / "orgo-env.made").touch()
    return folder / "orgo-env"


def _make(environment: Path) -> None:
    base = Path(sys.base_prefix) / "bin" / "python3"
    made = subprocess.run([base, "-m", "venv", environment], capture_output=True, text=True)
    if made.returncode:
        absent(f"this python3 can't make an environment with pip: {made.stdout.strip()[-300:]}")
    installed = Reader(ROOT, environment).types("pip install -r requirements.txt")
    if installed.returncode:
        absent(f"no package index to install from: {installed.stderr.strip()[-300:]}")
