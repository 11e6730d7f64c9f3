"""The service of Windows, with stand-ins for the modules of pywin32: a real Orgo in a real process that is told to stop."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from tests.house.checkout import ROOT, clean_environment
from tests.servers.ports import free_port

STAND_INS = f"{ROOT}/tests/house/on_windows:{ROOT}/src:{ROOT}"
STOP, INTERROGATE, SHUTDOWN = b"\x01", b"\x04", b"\x05"
TEAM = "people.yaml", "teams: [{name: works, address: works@city.example, triage: true}]\n"
RULES = "rules.yaml", "version: 1\ndefault: {route_to: works@city.example}\nrules: []\n"


class Manager:
    """Starts the service as the service manager of Windows does: without streams, in another folder, and asks it."""

    def __init__(self, home: Path) -> None:
        said, says = os.pipe()
        asked, asks = os.pipe()
        self._said, self._asks = os.fdopen(said), asks
        command = [sys.executable, "-m", "orgo.cli.windows_service", str(home)]
        self.process = subprocess.Popen(
            ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "-", *command],
            cwd="/", pass_fds=(says, asked),
            env=clean_environment(PYTHONPATH=STAND_INS, SAYS=str(says), ASKED=str(asked)),
        )  # fmt: skip
        os.close(says)
        os.close(asked)

    def hears(self) -> dict[str, Any]:
        """What the service says next; {} at its end."""
        return json.loads(self._said.readline() or "{}")

    def asks(self, control: bytes) -> None:
        """Send a control to the service."""
        os.write(self._asks, control)

    def close(self) -> None:
        """End what is left of it."""
        self.process.kill()
        self.process.wait()
        self._said.close()
        os.close(self._asks)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "var").mkdir()
    for name, text in (TEAM, RULES):
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.fixture
def service(home: Path, request: pytest.FixtureRequest) -> Iterator[Manager]:
    for file, text in getattr(request, "param", {}).items():
        (home / file).write_text(text)
    made = Manager(home)
    yield made
    made.close()


@pytest.fixture
def port(home: Path) -> int:
    """The port of the service's page; its mail comes in by another, for the usual one may be taken."""
    found = free_port()
    text = f"web: {{port: {found}}}\nintake: {{smtp: {{port: {free_port()}}}}}\nlog: {{folder: logs}}\n"
    (home / "config.yaml").write_text(text)
    return found


def test_it_is_started_and_stopped_by_the_service_manager(home: Path, port: int, service: Manager) -> None:
    begun = [service.hears() for _ in range(3)]
    assert [one.get("state", one.get("source")) for one in begun] == ["Orgo", "start pending", "running"]
    assert begun[1]["hint"] >= 60_000  # a large database may be brought to a new form

    with urlopen(f"http://127.0.0.1:{port}/livez") as answer:
        assert answer.status == 200
    service.asks(INTERROGATE + STOP + SHUTDOWN)
    ended = [service.hears() for _ in range(3)]
    assert [one["state"] for one in ended] == ["stop pending", "stop pending", "stopped"]
    assert ended[0]["hint"] > 25_000 + 3_000  # rounds that are under way, and the page's answers
    assert (ended[2]["failed"], service.hears(), service.process.wait()) == (False, {}, 0)
    # log.folder is not there yet when the service begins
    assert f"the page is at http://127.0.0.1:{port}" in (home / "var/orgo.log").read_text()


@pytest.mark.parametrize(
    "service", [{"config.yaml": "log: {folder: logs}\nweb: {port: ninety}\n"}], indirect=True
)
def test_one_that_cannot_run_says_why_and_stops_with_an_error(home: Path, service: Manager) -> None:
    told = [service.hears() for _ in range(4)]

    assert [one.get("state") for one in told] == [None, "start pending", None, "stopped"]
    assert f"Orgo ended with code 2: why is in {home}/var/orgo.log" in told[2]["event"]
    assert told[3]["failed"] is True  # so the recovery begins
    log = (home / "var/orgo.log").read_text()
    assert "orgo: config.yaml:2" in log and "web.port" in log and "Traceback" not in log


BEGIN_LOG = """
import os, subprocess, sys
from orgo.cli.windows_service import begin_log
print(begin_log().relative_to(os.getcwd()), flush=True)
subprocess.run([sys.executable, "-c", "import sys; sys.stderr.write('of a child'); sys.exit(len(sys.stdin.read()))"])
"""


@pytest.mark.parametrize("former", [0, 10_000_001])
def test_its_log_goes_where_it_is_configured_and_begins_anew_when_it_is_large(
    home: Path, former: int
) -> None:
    (home / "config.yaml").write_text("log: {folder: logs}\n")
    (home / "logs").mkdir()
    with (home / "logs/orgo.log").open("wb") as file:
        file.truncate(former)

    subprocess.run(
        [sys.executable, "-c", BEGIN_LOG], cwd=home, check=True, env=clean_environment(PYTHONPATH=STAND_INS)
    )

    assert (home / "logs/orgo.log").read_text() == "logs/orgo.log\nof a child"
    assert (home / "logs/orgo.1.log").is_file() is bool(former)


def test_somebody_who_starts_it_by_hand_hears_how_orgo_is_started(tmp_path: Path) -> None:
    for words in ([], [str(tmp_path)]):
        done = subprocess.run(
            [sys.executable, "-m", "orgo.cli.windows_service", *words], env=clean_environment(PYTHONPATH=STAND_INS), capture_output=True, text=True
        )  # fmt: skip
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.endswith("by hand it is: orgo up\n")
