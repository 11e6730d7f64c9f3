"""The clock that several machines share."""

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from orgo.lib.clock import SharedClock, as_of_now

RIGHT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
_LONG = 10.0


class Machine:
    """A machine's clock, so far from the right time; the clock that nobody sets, which rests while the machine does."""

    def __init__(self, wrong_by: timedelta) -> None:
        self.time, self.wrong_by, self.rested = RIGHT, wrong_by, timedelta(0)
        self.is_away = False

    def now(self) -> datetime:
        return self.time + self.wrong_by

    def monotonic(self) -> float:
        return (self.time - self.rested - RIGHT).total_seconds()

    def later(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)

    def ask(self) -> datetime:
        if self.is_away:
            raise OSError("away")
        return self.time


Made = Callable[[timedelta], tuple[Machine, SharedClock]]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Made:
    """Make a machine whose clock is so wrong, and the shared clock on it, which has been set right."""

    def make(wrong_by: timedelta) -> tuple[Machine, SharedClock]:
        machine = Machine(wrong_by)
        monkeypatch.setattr("orgo.lib.clock.time", SimpleNamespace(monotonic=machine.monotonic))
        clock = SharedClock(machine.ask, machine.now)
        clock.set_right()
        return machine, clock

    return make


@pytest.mark.parametrize("wrong_by", [timedelta(minutes=4), timedelta(hours=-3), timedelta(seconds=-2)])
def test_a_machine_whose_clock_is_wrong_goes_by_the_shared_one(made: Made, wrong_by: timedelta) -> None:
    machine, clock = made(wrong_by)
    assert clock.now() == machine.time
    machine.later(50)
    assert clock.now() == machine.time


def test_a_clock_that_is_kept_is_left_alone(made: Made) -> None:
    machine, clock = made(timedelta(milliseconds=900))
    assert clock.now() == machine.now()


def test_it_is_set_right_again_where_the_machines_clock_was(
    made: Made, caplog: pytest.LogCaptureFixture
) -> None:
    machine, clock = made(timedelta(minutes=4))

    machine.wrong_by = timedelta(0)
    clock.set_right()

    assert clock.now() == machine.time
    assert [line.message for line in caplog.records] == [
        "this machine's clock is 240 s ahead of the database's, by which Orgo goes: set it right",
        "this machine's clock is right again",
    ]


def test_a_machine_that_stays_behind_is_told_of_once(made: Made, caplog: pytest.LogCaptureFixture) -> None:
    _, clock = made(timedelta(minutes=-1))
    clock.set_right()

    assert [(line.levelno, line.message) for line in caplog.records] == [
        (
            logging.WARNING,
            "this machine's clock is 60 s behind the database's, by which Orgo goes: set it right",
        )
    ]


@pytest.mark.parametrize("step", [timedelta(hours=1), timedelta(hours=-1)])
def test_a_clock_that_is_set_while_orgo_runs_is_not_believed_for_a_moment(
    made: Made, step: timedelta
) -> None:
    machine, clock = made(timedelta(0))
    machine.later(5)
    machine.wrong_by = step
    assert clock.now() == machine.time
    machine.later(5)
    assert clock.now() == machine.time


def test_while_the_database_is_away_time_goes_on_from_its_last_answer(made: Made) -> None:
    machine, clock = made(timedelta(0))
    machine.wrong_by, machine.is_away = timedelta(hours=1), True
    machine.later(5)
    assert clock.now() == machine.time
    machine.later(5)
    assert clock.now() == machine.time


def test_one_that_does_not_answer_is_not_asked_each_time(made: Made) -> None:
    machine, clock = made(timedelta(0))
    asked: list[datetime] = []

    def ask() -> datetime:
        asked.append(machine.time)
        raise OSError("away")

    clock._ask = ask
    machine.wrong_by = timedelta(hours=1)
    for _ in range(25):
        machine.later(1)
        clock.now()
    assert 1 < len(asked) <= 3


def test_a_machine_that_slept_asks_what_time_it_is(made: Made) -> None:
    machine, clock = made(timedelta(minutes=4))
    machine.later(3600)
    machine.rested = timedelta(hours=1)
    assert clock.now() == machine.time


def test_who_begins_hears_that_there_is_no_answer() -> None:
    def away() -> datetime:
        raise OSError("away")

    with pytest.raises(OSError, match="away"):
        SharedClock(away).set_right()


def a_minute_later(machine: Machine, clock: SharedClock) -> None:
    """The time is asked for on a thread of its own, which has ended."""
    answered, ask = threading.Event(), clock._ask

    def asked() -> datetime:
        try:
            return ask()
        finally:
            answered.set()

    clock._ask = asked
    clock.now()
    assert not answered.is_set()
    machine.later(SharedClock.EVERY + 1)
    clock.now()
    assert answered.wait(_LONG)
    for thread in threading.enumerate():
        if thread.name == "orgo-clock":
            thread.join(_LONG)


def test_a_minute_later_it_is_asked_again(made: Made) -> None:
    machine, clock = made(timedelta(minutes=4))
    clock._ask = lambda: machine.time + timedelta(seconds=90)
    a_minute_later(machine, clock)
    assert clock.now() == machine.time + timedelta(seconds=90)


def test_while_nobody_answers_it_goes_on_as_before(made: Made) -> None:
    machine, clock = made(timedelta(minutes=4))
    machine.is_away = True
    a_minute_later(machine, clock)
    assert clock.now() == machine.time


@pytest.mark.parametrize("minute", [-1, 1, 59, 61])
def test_an_answer_in_another_zone_is_the_same_instant_around_the_night_when_clocks_are_set_back(
    minute: int,
) -> None:
    """02:00 to 03:00 is there twice; Python calculates by the wall's clock."""
    night = datetime(2026, 10, 25, 1, 0, tzinfo=UTC) + timedelta(minutes=minute)
    told = as_of_now(lambda: night.astimezone(ZoneInfo("Europe/Paris")))
    assert abs(told - night) < timedelta(seconds=1)


def test_an_answer_means_the_middle_of_the_time_that_it_took(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that took least counts, and it is told as of when all have been asked."""
    ways = iter((timedelta(seconds=3), timedelta(seconds=1), timedelta(seconds=5)))
    machine = Machine(timedelta(0))
    monkeypatch.setattr("orgo.lib.clock.time", SimpleNamespace(monotonic=machine.monotonic))

    def ask() -> datetime:
        way = next(ways)
        machine.time += way
        return machine.time - way / 2 if way == timedelta(seconds=1) else machine.time - way

    assert as_of_now(ask) == machine.time
