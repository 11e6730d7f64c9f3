"""Random kills under load: fetcher, router, sender, clock and Celery's workers, each a process of its own.

Half of the mails come by SMTP, half lie down in a mailbox. Meanwhile Redis forgets everything every five seconds and PostgreSQL dies now and then. `make crash` does it for ten minutes
(ORGO_RANDOM_MINUTES), a usual run for half of one.
"""

import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import cycle
from pathlib import Path

import pytest

from tests.crash.house import ROOT, House, invariants, mail
from tests.crash.test_mailbox import add_mailbox, owed
from tests.house.checkout import clean_environment
from tests.servers.dovecot import Dovecot
from tests.servers.postgresql import Postgresql
from tests.servers.redis import Redis

SECONDS = 60 * float(os.environ.get("ORGO_RANDOM_MINUTES", "0.5"))
MAILS_A_SECOND = 8.0
SEED = int(os.environ.get("ORGO_RANDOM_SEED", "11"))
PARTS = ("intake", "route", "deliver", "clock")
CELERY = [sys.executable, "-m", "celery", "--workdir", str(ROOT), "-A", "tasks", "worker", "--concurrency=1"]
USER = "random@city.example"


class Part:
    """One process of the house that is begun again whenever it is dead."""

    def __init__(self, house: House, name: str) -> None:
        self.house, self.name, self.killed = house, name, 0
        self.process: subprocess.Popen[bytes] | None = None

    def keep(self) -> None:
        """Begin it where it does not run."""
        if self.process is not None and self.process.poll() is None:
            return
        self._bury()
        work = [sys.executable, "-m", "tests.crash.worker", str(self.house.home), "0", self.name]
        command = [*CELERY, "-n", f"{self.name}@here"] if self.name.startswith("celery") else work
        path = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
        environment = clean_environment(ORGO_HOME=str(self.house.home), PYTHONPATH=path)
        with (self.house.home / f"{self.name}.log").open("ab") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=log, stderr=log, cwd=ROOT, env=environment
            )

    def kill(self, spread: random.Random) -> None:
        """Kill it, or one of the processes that it has begun: a worker's pool, its watchman, a parser."""
        if self.process is not None and self.process.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(spread.choice(list(family(self.process.pid))), 9)
            self.killed += 1

    def end(self) -> None:
        if self.process is not None:
            self.process.kill()
            self._bury()

    def _bury(self) -> None:
        if self.process is not None:
            self.process.wait()
            assert self.process.stdin is not None
            self.process.stdin.close()


def family(pid: int) -> Iterator[int]:
    """A process and all that it has begun."""
    yield pid
    with suppress(OSError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            yield from family(int(child))


class Load(threading.Thread):
    """Hands in the mails `first`, `first` + 2, .. one after the other, each until it is taken, at so many a second."""

    def __init__(self, first: int, hand_in: Callable[[int], bool]) -> None:
        super().__init__(daemon=True)
        self.first, self.taken, self.hand_in, self.over = first, 0, hand_in, threading.Event()

    def run(self) -> None:
        while not self.over.wait(2 / MAILS_A_SECOND):
            while not self.hand_in(self.first + 2 * self.taken):
                pass
            self.taken += 1


class Every:
    """Does something every so many seconds of a run."""

    def __init__(self, seconds: float, work: Callable[[], None]) -> None:
        self.seconds, self.work, self.next = seconds, work, time.monotonic() + seconds

    def look(self) -> None:
        if time.monotonic() >= self.next:
            self.work()
            self.next = time.monotonic() + self.seconds


def put_one(dovecot: Dovecot, number: int) -> bool:
    dovecot.put(USER, mail(number))
    return True


def crash(server: Postgresql) -> None:
    server.end("immediate")
    server.begin()


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.needs("postgresql", "redis", "dovecot")
@pytest.mark.parametrize(("database", "broker"), [("postgresql", "redis")])
def test_killed_at_random_nothing_is_lost_and_nothing_doubled(
    house: House, server: Postgresql, redis: Redis, dovecot: Dovecot, database: str, broker: str
) -> None:
    rules = house.home / "config" / "rules.yaml"
    rules.write_text(rules.read_text().replace("2 hours", "1 second"))
    add_mailbox(house, dovecot, USER, "flag")
    parts = [Part(house, name) for name in (*PARTS, "celery1", "celery2")]
    loads = [Load(0, house.send), Load(1, lambda number: put_one(dovecot, number))]
    spread, turns = random.Random(SEED), cycle(parts)
    doings = [
        Every(1.5, lambda: next(turns).kill(spread)),
        Every(5.0, redis.flush),
        Every(12.0, lambda: crash(server)),
    ]
    try:
        run_for(SECONDS, parts, doings, loads)
    finally:
        for part in parts:
            part.end()

    assert all(part.killed for part in parts)
    sent = sum(load.taken for load in loads)
    house.start(hours=3)  # every lease and every pause has run out
    assert house.until(lambda: settled(house, sent), 300)
    house.stop()
    print(f"{sent} mails, kills { ({part.name: part.killed for part in parts}) }, {figures(house)}")
    assert invariants(house, sent, escalated=True, unsure=True) == []


def run_for(seconds: float, parts: list[Part], doings: list[Every], loads: list[Load]) -> None:
    """Load the house while its parts die; the last mail is taken when this returns."""
    for part in parts:
        part.keep()
    for load in loads:
        load.start()
    end = time.monotonic() + seconds
    while any(load.is_alive() for load in loads):
        if time.monotonic() > end:
            for load in loads:
                load.over.set()
        else:
            for doing in doings:
                doing.look()
        for part in parts:
            part.keep()
        loads[0].join(0.1)


def settled(house: House, sent: int) -> bool:
    fired = "select count(distinct task) from audit_event where type = 'task.escalated'"
    return house.rows(fired) == [(sent,)] and house.idle() and not owed(house)


def figures(house: House) -> dict[str, object]:
    """What came of it, to be read."""
    asked = "select state, repeated, count(*) from outbox_letter group by 1, 2 order by 1, 2"
    linked = "select count(*) from intake_mail where outcome = 'linked'"
    return {"letters": house.rows(asked), "linked": house.rows(linked)[0][0]}
