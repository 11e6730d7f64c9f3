"""A worker that is told to end finishes the letter that is under way, and gives back those behind it."""

import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from orgo.demo.catcher import Caught
from tests.crash.house import House, invariants
from tests.house.checkout import ROOT, clean_environment
from tests.house.test_jobs import CELERY
from tests.servers.ports import free_port
from tests.servers.scripted import Scripted

ORGO = [sys.executable, str(ROOT / "orgo"), "worker"]
WORKERS = {"orgo": ORGO, "celery": [*CELERY, "worker", "--loglevel=warning", "--concurrency=1"]}
MAILS = 8
# Whoever ends a worker kills it after 30 s. What holds it here is held longer than PATIENCE, so that a slow machine fails no test.
KILLED_AFTER, PATIENCE, HELD = 30, 100, 120
TAKE = """
from orgo.intake.store import Incoming
from orgo.pipeline import take
from tests.crash.house import mail
take([Incoming(data=mail(n), source="smtp", envelope_from=f"citizen{n}@people.example", envelope_to=("info@city.example",)) for n in range(%d)])
"""
DECIDE = """
from orgo.message.pool import ParserPool
from orgo.pipeline import route
parser = ParserPool()
while route(parser): pass
parser.close()
"""
DELIVER = """
from orgo.ops.up import courier_for
from orgo.pipeline import deliver
courier = courier_for(c)
while deliver(courier): pass
courier.close()
"""


class Slow:
    """Holds every answer until `open`: a mail server's after the dot, or a virus scanner's."""

    def __init__(self) -> None:
        self.reached, self.open = threading.Event(), threading.Event()

    def __call__(self, asked: Caught | bytes) -> None:
        self.reached.set()
        self.open.wait(HELD)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path / "home", free_port())
    made.run(TAKE % MAILS)
    yield made
    made.close()


@contextmanager
def told_to_end(house: House, kind: str, slow: Slow) -> Iterator["subprocess.Popen[bytes]"]:
    """A worker of this kind that was told to end while it waited for an answer."""
    queue = {"ORGO_QUEUE": f"redis://127.0.0.1:{free_port()}/0"} if kind == "celery" else {}
    environment = clean_environment(ORGO_HOME=str(house.home), **queue)
    with (house.home / "worker.log").open("a") as log:
        worker = subprocess.Popen(WORKERS[kind], env=environment, stdout=log, stderr=log)
    try:
        assert slow.reached.wait(60), (house.home / "worker.log").read_text()
        worker.terminate()
        yield worker
    finally:
        slow.open.set()
        worker.kill()
        worker.wait()


def letters_wait(house: House) -> Slow:
    """The mails are decided, their letters wait, and the server that takes them is slow."""
    house.run(DECIDE)
    house.catcher.on_caught = slow = Slow()
    return slow


def states(house: House) -> dict[str, int]:
    return dict(house.rows("select state, count(*) from outbox_letter group by 1"))


def until(condition: Callable[[], bool]) -> None:
    for _ in range(1200):
        if condition():
            return
        threading.Event().wait(0.05)
    raise AssertionError


@pytest.mark.slow
@pytest.mark.parametrize("kind", list(WORKERS))
def test_the_letter_under_way_is_finished_and_the_others_are_free(house: House, kind: str) -> None:
    slow = letters_wait(house)
    with told_to_end(house, kind, slow) as worker:
        until(lambda: states(house) == {"pending": 2 * MAILS - 1, "dot": 1})
        slow.open.set()
        worker.wait(PATIENCE)

    assert states(house) == {"pending": 2 * MAILS - 1, "sent": 1}
    assert house.rows("select count(*) from outbox_letter where lease_until is not null") == [(0,)]
    house.run(DELIVER)
    assert invariants(house, MAILS) == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", list(WORKERS))
def test_one_that_hangs_does_not_keep_the_worker(house: House, kind: str) -> None:
    from orgo.ops.up import ROUNDS_MAY_TAKE

    with told_to_end(house, kind, letters_wait(house)) as worker:
        worker.wait(PATIENCE)

    assert ROUNDS_MAY_TAKE < KILLED_AFTER
    assert states(house) == {"pending": 2 * MAILS - 1, "dot": 1}


@pytest.mark.slow
def test_the_mails_in_hand_are_decided_before_it_ends(house: House) -> None:
    slow = Slow()

    def clean(asked: bytes) -> bytes:
        slow(asked)
        return b"stream: OK\0"

    with Scripted([re.compile(rb"INSTREAM\0.*\0{4}", re.DOTALL), clean]) as scanner:
        house.configure(f"scanner: {{host: 127.0.0.1, port: {scanner.port}}}")
        with told_to_end(house, "orgo", slow) as worker:
            slow.open.set()
            worker.wait(PATIENCE)

    assert house.rows("select outcome, count(*) from intake_mail group by 1") == [("opened", MAILS)]
    house.run(DELIVER)
    assert invariants(house, MAILS) == []
