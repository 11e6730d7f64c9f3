"""Machines on one PostgreSQL go by its time: one whose own clock is wrong takes nothing that another has."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.postgresql import Postgresql
from tests.warm import ROOT

pytestmark = [pytest.mark.needs("postgresql"), pytest.mark.of_sqlite]
SETUP = """
from orgo.conf import boot, load
boot.start(load())
from orgo.ops.up import prepare_database
prepare_database()
from orgo.intake.store import Incoming, store
data = b"From: a@b.example\\r\\nSubject: Water leak\\r\\n\\r\\nIt leaks.\\r\\n"
store([Incoming(data=data, source="smtp", envelope_from="a@b.example", envelope_to=("info@organization.com",))])
"""
WRONG = """
from datetime import timedelta
from orgo.lib import clock
machine = clock.SystemClock.now
clock.SystemClock.now = lambda self: machine(self) + timedelta(minutes=10)
"""
CLAIM = """
import datetime
from orgo.conf import boot, load
boot.start(load())
from orgo.lib import clock
from orgo.intake.claim import claim
off = clock.now() - datetime.datetime.now(datetime.UTC)
print(len(claim(1)), abs(off.total_seconds()) < 5)
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Postgresql]:
    made = Postgresql().start()
    yield made
    made.stop()


def test_a_machine_ten_minutes_ahead_takes_no_mail_that_another_is_deciding(
    server: Postgresql, tmp_path: Path
) -> None:
    environ = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "src"),
        "ORGO_HOME": str(tmp_path),
        "ORGO_DATABASE": server.url("clocks"),
    }

    def said(code: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True, timeout=120
        )

    said(SETUP)
    assert said(CLAIM).stdout == "1 True\n"
    ahead = said(WRONG + CLAIM)
    assert ahead.stdout == "0 True\n"
    assert "this machine's clock is 600 s ahead of the database's" in ahead.stderr
