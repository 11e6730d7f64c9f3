"""Each part of Orgo in a process of its own, as on several machines: together they do what `orgo up` does alone."""

import smtplib
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.house import House, mail
from tests.house.checkout import ROOT, clean_environment
from tests.runbook.reader import wait_for
from tests.servers.ports import free_port

PARTS = ("web", "intake", "worker", "clock")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path / "home", free_port())
    yield made
    made.close()


def start(house: House, part: str, web: int) -> "subprocess.Popen[bytes]":
    environ = clean_environment(ORGO_HOME=str(house.home), ORGO_WEB__PORT=str(web))
    with (house.home / f"{part}.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, str(ROOT / "orgo"), part], env=environ, stdout=log, stderr=log
        )


def hands_in(house: House) -> bool:
    """Hand a mail in by SMTP; False where nobody listens yet."""
    try:
        with smtplib.SMTP("127.0.0.1", house.port, timeout=10) as client:
            client.sendmail("clara@people.example", ["info@city.example"], mail(1))
    except OSError:
        return False
    return True


def is_ready(port: int) -> bool:
    try:
        return bool(urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=10).status == 200)
    except OSError:
        return False


def test_a_mail_goes_its_way_through_parts_in_processes_of_their_own(house: House) -> None:
    web = free_port()
    running = {part: start(house, part, web) for part in PARTS}
    try:
        wait_for(lambda: hands_in(house))
        wait_for(lambda: is_ready(web))
        wait_for(lambda: "anna@city.example" in {letter.recipient for letter in house.catcher.caught})
        wait_for((house.home / "var" / "alive").exists)
        wait_for(lambda: "escalations are watched" in (house.home / "clock.log").read_text())
    finally:
        for process in running.values():
            process.terminate()
        ended = {part: process.wait(60) for part, process in running.items()}
    assert ended == dict.fromkeys(PARTS, 0), {
        part: (house.home / f"{part}.log").read_text() for part in PARTS
    }
