"""The clock that several machines share."""

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from orgo.lib.clock import SharedClock

RIGHT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
_LONG = 10.0


class Machine:
    """A machine's clock, so far from the right time; and the server's, whose answer takes a while on it."""

    def __init__(self, wrong_by: timedelta, answer_takes: timedelta = timedelta(0)) -> None:
        self.time, self.wrong_by, self.answer_takes = RIGHT, wrong_by, answer_takes

    def now(self) -> datetime:
        return self.time + self.wrong_by

    def ask(self) -> datetime:
        self.time += self.answer_takes
        return self.time - self.answer_takes / 2


def set_right(machine: Machine) -> SharedClock:
    made = SharedClock(machine.ask, machine.now)
    made.set_right()
    return made


@pytest.mark.parametrize("wrong_by", [timedelta(minutes=4), timedelta(hours=-3), timedelta(seconds=-2)])
def test_a_machine_whose_clock_is_wrong_goes_by_the_shared_one(wrong_by: timedelta) -> None:
    machine = Machine(wrong_by, answer_takes=timedelta(milliseconds=800))

    clock = set_right(machine)

    assert clock.now() == machine.time
    machine.time += timedelta(hours=1)
    assert clock.now() == machine.time


def test_a_clock_that_is_kept_is_left_alone() -> None:
    machine = Machine(timedelta(milliseconds=900))
    assert set_right(machine).now() == machine.now()


def test_an_answer_that_took_long_changes_nothing() -> None:
    machine = Machine(timedelta(minutes=4), answer_takes=timedelta(seconds=5))
    assert set_right(machine).now() == machine.now()


def test_it_is_set_right_again_where_the_machines_clock_was(caplog: pytest.LogCaptureFixture) -> None:
    machine = Machine(timedelta(minutes=4))
    clock = set_right(machine)

    machine.wrong_by = timedelta(0)
    clock.set_right()

    assert clock.now() == machine.time
    assert [line.message for line in caplog.records] == [
        "this machine's clock is 240 s ahead of the database's, by which Orgo goes: set it right"
    ]


def test_a_machine_that_stays_behind_is_told_of_once(caplog: pytest.LogCaptureFixture) -> None:
    machine = Machine(timedelta(minutes=-1))
    clock = set_right(machine)
    clock.set_right()

    assert [(line.levelno, line.message) for line in caplog.records] == [
        (
            logging.WARNING,
            "this machine's clock is 60 s behind the database's, by which Orgo goes: set it right",
        )
    ]


def test_who_begins_hears_that_there_is_no_answer() -> None:
    def away() -> datetime:
        raise OSError("away")

    with pytest.raises(OSError, match="away"):
        SharedClock(away).set_right()


def asked_again(
    ask: Callable[[], datetime], machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> SharedClock:
    """A clock that has been set right, a minute later, when it has asked for the time on a thread of its own."""
    answered = threading.Event()

    def asked() -> datetime:
        try:
            return ask()
        finally:
            answered.set()

    clock = SharedClock(asked, machine.now)
    clock.set_right()
    answered.clear()
    clock.now()
    assert not answered.is_set()
    later = time.monotonic() + SharedClock.EVERY + 1
    monkeypatch.setattr(time, "monotonic", lambda: later)
    clock.now()
    monkeypatch.undo()
    assert answered.wait(_LONG)
    for thread in threading.enumerate():
        if thread.name == "orgo-clock":
            thread.join(_LONG)
    return clock


def test_a_minute_later_it_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    machine, times = Machine(timedelta(minutes=4)), iter((RIGHT, RIGHT + timedelta(seconds=90)))
    clock = asked_again(lambda: next(times), machine, monkeypatch)
    assert clock.now() == RIGHT + timedelta(seconds=90)


def test_while_nobody_answers_it_goes_on_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    machine, times = Machine(timedelta(minutes=4)), iter((RIGHT,))
    clock = asked_again(lambda: next(times), machine, monkeypatch)
    assert clock.now() == RIGHT
