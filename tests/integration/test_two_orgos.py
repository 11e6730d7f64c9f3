"""Two Orgos whose rules route to each other: two processes, two databases, real SMTP both ways; it ends by itself."""

import json
import os
import smtplib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from orgo.demo.world import free_port

ORGO = [sys.executable, "-c", "import sys; from orgo.cli.main import main; sys.exit(main(sys.argv[1:]))"]
SOURCE = str(Path(__file__).resolve().parents[2] / "src")
CONFIG = """
intake: {{smtp: {{port: {own}, domains: [{name}.example]}}}}
smtp: {{host: 127.0.0.1, port: {other}, from: orgo@{name}.example}}
web: {{port: {web}}}
"""
RULES = """
version: 1
default: {{route_to: desk@{other}.example}}
rules:
  - name: Leaks
    condition: "subject contains 'leak'"
    action: {{route_to: desk@{other}.example, acknowledge: true}}
"""
PEOPLE = "users: [{{address: admin@{name}.example, role: administrator}}]\n"


class Side:
    """One of the two Orgos."""

    def __init__(self, home: Path, name: str, other: str, own_port: int, other_port: int) -> None:
        self.home, self.port = home, own_port
        home.mkdir()
        ports = {"own": own_port, "other": other_port, "web": free_port()}
        (home / "config.yaml").write_text(CONFIG.format(name=name, **ports))
        (home / "rules.yaml").write_text(RULES.format(other=other))
        (home / "people.yaml").write_text(PEOPLE.format(name=name))
        kept = {key: value for key, value in os.environ.items() if not key.startswith("ORGO_")}
        self.env = kept | {"ORGO_HOME": str(home), "PYTHONPATH": SOURCE}
        self.process = subprocess.Popen([*ORGO, "up"], cwd=home, env=self.env, stderr=subprocess.DEVNULL)

    def status(self) -> Any:
        done = subprocess.run(
            [*ORGO, "status", "--json"],
            cwd=self.home,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=60,
        )
        return json.loads(done.stdout) if done.returncode == 0 else None

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)


@pytest.fixture
def sides(tmp_path: Path) -> Iterator[tuple[Side, Side]]:
    one, other = free_port(), free_port()
    made = (
        Side(tmp_path / "a", "a", "b", one, other),
        Side(tmp_path / "b", "b", "a", other, one),
    )
    yield made
    for side in made:
        side.stop()


def until(answer: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not answer():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.2)


def test_two_orgos_pointed_at_each_other_end_by_themselves(sides: tuple[Side, Side]) -> None:
    """One mail: one task on each side, the letter that comes back is known by its mark, and nothing waits any more."""
    a = sides[0]
    until(lambda: all(side.status() and side.status()["listening"]["smtp"] for side in sides))
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "clara@people.example", "info@a.example", "Water leak"
    mail.set_content("It drips.")
    with smtplib.SMTP("127.0.0.1", a.port) as server:
        server.send_message(mail)
    until(lambda: a.status()["mail"]["ignored"] > 0)
    until(lambda: not any(_waits(side.status()) for side in sides))
    mails = [side.status()["mail"] for side in sides]
    assert [(found["opened"], found["ignored"], found["total"]) for found in mails] == [(1, 1, 2), (1, 0, 1)]


def _waits(found: Any) -> int:
    return int(found["mail"]["waiting"] + found["letters"]["waiting"])
