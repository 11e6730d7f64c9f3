"""The disk is full, or fails: what was taken stays, what can't be kept is not taken, and Orgo goes on when there is room again."""

import contextlib
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import absent
from tests.crash.house import House, invariants
from tests.house.checkout import ROOT

MEGABYTE = 1_000_000
ENOUGH = 12


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 24 MB."""
    if os.geteuid() != 0:
        absent("a file system of one's own can only be mounted by root")
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m", "orgo-test", str(place)]
    tried = subprocess.run(mount, capture_output=True, text=True)
    if tried.returncode:
        absent(f"no file system can be mounted here: {tried.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.fixture
def house(small_disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """A house on the small disk that takes only small mails, so that it keeps little room in reserve. Its log is elsewhere."""
    monkeypatch.setenv("ORGO_INTAKE__SMTP__MAX_SIZE", "200 kB")
    made = House(small_disk / "home", free_port())
    (made.home / "worker.log").symlink_to(tmp_path / "worker.log")
    yield made
    made.close()


def fill(disk: Path, but: int = 0) -> Path:
    """Take all room but so many bytes, as another program does; returns the file to remove."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while shutil.disk_usage(disk).free > but:
            file.write(b"\0" * min(MEGABYTE, shutil.disk_usage(disk).free - but or 4096))
    return ballast


def whole(house: House) -> bool:
    with sqlite3.connect(house.home / "var" / "orgo.db") as database:
        return bool(database.execute("PRAGMA integrity_check").fetchone() == ("ok",))


@pytest.mark.slow
@pytest.mark.of_sqlite
@pytest.mark.timeout(120)
@pytest.mark.parametrize("left", [0, 250_000], ids=["none", "too little"])
def test_a_full_disk_takes_no_mail_and_loses_none(house: House, small_disk: Path, left: int) -> None:
    house.start()
    for number in range(ENOUGH):
        assert house.send(number, tries=20)
    ballast = fill(small_disk, left)

    assert not any(house.send(ENOUGH + number, tries=3) for number in range(3))
    assert house.alive()

    ballast.unlink()
    for number in range(ENOUGH, ENOUGH + 3):
        assert house.send(number, tries=100)
    house.stop()
    house.start(hours=1)  # what was claimed when the room went is free again once its lease has run out
    assert house.until(house.idle)
    assert invariants(house, ENOUGH + 3) == []
    assert whole(house)


@pytest.mark.slow
@pytest.mark.of_sqlite
@pytest.mark.timeout(120)
def test_mail_that_waits_while_the_disk_is_full_is_decided_afterwards(house: House, small_disk: Path) -> None:
    """The room goes between taking and deciding: the rounds fail and say why, and nothing is half done."""
    house.start(crash="H2.after_claim:1")
    for number in range(ENOUGH):
        house.send(number, tries=5)
    assert house.until(house.was_killed)
    taken = house.rows("select count(*) from intake_mail")[0][0]
    assert taken
    ballast = fill(small_disk)
    house.start(hours=1)
    assert house.until(lambda: "disk is full" in (house.home / "worker.log").read_text())
    assert house.alive()

    ballast.unlink()
    for number in range(ENOUGH):
        assert house.send(number, tries=100)  # a mail server sends again what it had no answer for
    assert house.until(house.idle)
    assert invariants(house, ENOUGH) == []
    assert whole(house)


def imported(house: House, file: Path) -> "subprocess.CompletedProcess[str]":
    """`orgo import` of this file, as it is typed."""
    command = [sys.executable, str(ROOT / "orgo"), "import", str(file), "--json"]
    environ = {**os.environ, "ORGO_HOME": str(house.home)}
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60)


@pytest.mark.slow
@pytest.mark.of_sqlite
@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("left", "code", "words"),
    [(1_000_000, 74, "full"), (2_000_000, 75, "make room, then run it again")],
    ids=["in a batch", "between two"],
)
def test_an_import_that_meets_a_full_disk_goes_on_when_there_is_room(
    house: House, small_disk: Path, tmp_path: Path, left: int, code: int, words: str
) -> None:
    """bad input 86: what is on the disk stays, the rest comes with the second run, nothing twice."""
    with (house.home / "config" / "people.yaml").open("a") as people:
        people.write("  - {address: admin@city.example, name: Ada, role: administrator}\n")
    house.run("from orgo.people.roster import apply_roster; apply_roster(c.roster)")
    random = os.urandom(3_000_000).hex()  # not compressible by more than half
    mails = [f"Subject: {n}\n\n{random[n * 30_000 : (n + 1) * 30_000]}\n" for n in range(200)]
    file = tmp_path / "old.mbox"
    file.write_text("".join(f"From a@b Mon Jan  5 10:00:00 2026\n{mail}\n" for mail in mails))
    ballast = fill(small_disk, left)
    stopped = imported(house, file)

    assert stopped.returncode == code and "Traceback" not in stopped.stderr
    assert words in stopped.stderr and stopped.stderr.count("make room") <= 1
    ballast.unlink()
    assert imported(house, file).returncode == 0
    assert house.rows("select count(*), count(distinct data_hash) from intake_mail") == [(200, 200)]
    assert whole(house)
