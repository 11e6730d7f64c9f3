"""Rings that a worker lets pass."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from celery import Celery
from celery.worker import strategy

from orgo.conf.celery import RUNG, rung_now
from orgo.lib import clock
from orgo.lib.clock import VirtualClock
from orgo.ops import rings, stopping


@pytest.fixture
def now() -> Iterator[VirtualClock]:
    with clock.using(VirtualClock(datetime(2026, 3, 2, 2, 0, tzinfo=UTC))) as made:
        assert isinstance(made, VirtualClock)
        yield made


class Still:
    """In place of the module `time`: it stands still until it is moved, however long the test takes."""

    at = 1000.0

    def monotonic(self) -> float:
        return self.at


@pytest.fixture(autouse=True)
def still(monkeypatch: pytest.MonkeyPatch) -> Still:
    made = Still()
    monkeypatch.setattr(rings, "time", made)
    return made


class Heard:
    """What a worker does with messages of one job, without a broker."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.work, self.answered, self.passed = 0, 0, 0
        app = Celery("test", set_as_current=False)
        rings.answer(app, "test.job", lambda: self.work)
        self.job = app.tasks["test.job"]
        monkeypatch.setattr(strategy, "default", lambda *_: self._answer)
        self.receive = self.job.start_strategy(app, SimpleNamespace(connection_errors=()))

    def ring(self, headers: dict[str, Any]) -> None:
        """A message comes."""
        self.receive(SimpleNamespace(headers=headers, ack_log_error=self._let_pass), None, None, None, [])

    def _answer(self, *_: object) -> None:
        self.answered += 1
        self.job()

    def _let_pass(self, *_: object) -> None:
        self.passed += 1


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Heard:
    return Heard(monkeypatch)


def test_rings_from_before_a_look_that_found_nothing_are_let_pass(now: VirtualClock, heard: Heard) -> None:
    old = rung_now()
    now.advance(minutes=1)

    for _ in range(5):
        heard.ring(old)

    assert (heard.answered, heard.passed) == (1, 4)


def test_a_ring_from_after_the_look_is_answered(now: VirtualClock, heard: Heard) -> None:
    heard.ring(rung_now())
    now.advance(seconds=rings.CLOCKS_DIFFER * 2)
    heard.ring(rung_now())

    assert (heard.answered, heard.passed) == (2, 0)


def test_a_clock_that_is_a_little_behind_delays_nothing(now: VirtualClock, heard: Heard) -> None:
    behind = rung_now()
    now.advance(seconds=rings.CLOCKS_DIFFER)

    heard.ring(behind)
    heard.ring(behind)

    assert (heard.answered, heard.passed) == (2, 0)


def test_a_clock_that_was_set_back_delays_nothing_for_long(
    now: VirtualClock, heard: Heard, still: Still
) -> None:
    now.advance(hours=1)
    heard.ring(rung_now())
    now.advance(hours=-1)

    heard.ring(rung_now())
    assert (heard.answered, heard.passed) == (1, 1)
    still.at += rings.LOOK_AGAIN
    heard.ring(rung_now())

    assert (heard.answered, heard.passed) == (2, 1)


def test_a_job_that_was_told_to_end_found_nothing_out(
    now: VirtualClock, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = rung_now()
    now.advance(minutes=1)
    monkeypatch.setattr(stopping, "_told", bytearray(b"1"))

    heard.ring(old)
    heard.ring(old)

    assert (heard.answered, heard.passed) == (2, 0)


def test_where_work_was_found_there_may_be_more(now: VirtualClock, heard: Heard) -> None:
    old = rung_now()
    now.advance(minutes=1)
    heard.work = 3

    heard.ring(old)
    heard.ring(old)

    assert (heard.answered, heard.passed) == (2, 0)


def test_what_comes_while_a_worker_looks_is_not_covered_by_that_look(now: VirtualClock) -> None:
    quiet = rings.Quiet()

    def slow() -> int:
        now.advance(minutes=1)
        return 0

    meanwhile = now.now().timestamp() + 30
    quiet.look(slow)
    now.advance(minutes=1)

    assert not quiet.makes_needless(meanwhile)


def test_a_look_that_failed_found_nothing_out(now: VirtualClock) -> None:
    quiet, old = rings.Quiet(), now.now().timestamp()
    now.advance(minutes=1)

    with pytest.raises(ZeroDivisionError):
        quiet.look(lambda: 1 // 0)

    assert not quiet.makes_needless(old)


@pytest.mark.parametrize("headers", [{}, {RUNG: None}, {RUNG: "2026-03-02"}, {RUNG: float("nan")}])
def test_a_ring_that_says_no_time_is_answered(
    now: VirtualClock, heard: Heard, headers: dict[str, Any]
) -> None:
    """One of a former Orgo, or of `celery beat`."""
    for _ in range(3):
        heard.ring(headers)

    assert (heard.answered, heard.passed) == (3, 0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only where a worker forks its pool")
def test_the_processes_of_one_worker_know_of_each_other(now: VirtualClock) -> None:
    quiet, old = rings.Quiet(), now.now().timestamp()
    now.advance(minutes=1)

    child = os.fork()
    if not child:
        quiet.look(lambda: 0)
        os._exit(0)
    os.waitpid(child, 0)

    assert quiet.makes_needless(old)
