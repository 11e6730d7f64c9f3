"""The disk fails under SQLite at a chosen system call: an error of fdatasync, no room for a write, the end in a write."""

import signal
import sqlite3
import subprocess

import pytest

from tests.crash.house import House, invariants
from tests.crash.matrix import WHOLE

pytestmark = [pytest.mark.slow, pytest.mark.of_sqlite, pytest.mark.needs("strace"), pytest.mark.timeout(240)]
MAILS = 6
TIMES = range(1, 31) if WHOLE else (2, 9)


def inject(house: House, fault: str) -> bool:
    """Run Orgo with this fault and mail that comes in; whether the fault was met (each thread counts its own calls)."""
    house.start()
    assert house.process is not None
    told = house.home / "strace"
    of_database = [word for end in ("", "-wal") for word in ("-P", str(house.home / "var" / f"orgo.db{end}"))]
    strace = [
        "strace",
        "-f",
        "-p",
        str(house.process.pid),
        *of_database,
        "-o",
        str(told),
        "-e",
        f"inject={fault}",
    ]
    with subprocess.Popen(strace, stderr=subprocess.PIPE, text=True) as tracer:
        assert tracer.stderr is not None
        assert "attached" in tracer.stderr.readline()
        for number in range(MAILS):
            if house.alive():
                house.send(number, tries=5)
                house.until(house.idle, 5)
        house.until(lambda: b"INJECTED" in told.read_bytes(), 5)
        tracer.terminate()
    return b"INJECTED" in told.read_bytes() or house.was_killed()


def comes_right(house: House) -> list[str]:
    """What does not hold after a start on a whole disk, with every mail sent again."""
    house.start(hours=1)
    for number in range(MAILS):
        assert house.send(number, tries=20)
    assert house.until(lambda: house.idle() and len(house.rows("select id from task_task")) == MAILS)
    house.stop()
    with sqlite3.connect(house.home / "var" / "orgo.db") as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    return invariants(house, MAILS)


@pytest.mark.parametrize("time", TIMES)
def test_a_disk_that_fails_to_keep_ends_it_and_nothing_is_lost(house: House, time: int) -> None:
    met = inject(house, f"fdatasync,fsync:error=EIO:when={time}")
    if met:
        assert house.process is not None
        assert house.process.wait(30) == 74
        assert "the disk failed to keep" in (house.home / "worker.log").read_text()
    house.stop()

    assert met or WHOLE
    assert comes_right(house) == []


@pytest.mark.parametrize("time", TIMES)
def test_a_write_without_room_ends_only_its_round(house: House, time: int) -> None:
    met = inject(house, f"pwrite64:error=ENOSPC:when={time}..{time + 4}")
    assert house.alive()
    house.stop()

    assert met or WHOLE
    assert comes_right(house) == []


@pytest.mark.parametrize("time", TIMES)
def test_killed_in_a_write_the_database_is_whole(house: House, time: int) -> None:
    met = inject(house, f"pwrite64:signal=KILL:when={time}")
    if met:
        assert house.process is not None
        assert house.process.wait(30) == -signal.SIGKILL

    assert met or WHOLE
    assert comes_right(house) == []
