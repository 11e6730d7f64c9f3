"""What every kind of test may use."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real mails, archives and bounces; tests that want it are skipped where it is absent."""
    folder = Path(os.environ.get("ORGO_CORPUS") or Path(__file__).resolve().parents[2] / "shared" / "corpus")
    if not folder.is_dir():
        pytest.skip("no corpus beside this checkout (../shared/corpus or ORGO_CORPUS)")
    return folder
