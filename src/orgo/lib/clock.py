"""The one clock. Everything that asks for the time asks here, so that a test or a demo can move it."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Protocol

log = logging.getLogger("orgo.clock")


class Clock(Protocol):
    """Something that tells the time as an aware UTC instant, and waits."""

    def now(self) -> datetime: ...

    def wait(self, seconds: float, stop: threading.Event) -> bool:
        """Wait `seconds` of this clock's time or until `stop` is set; says whether it was set."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def wait(self, seconds: float, stop: threading.Event) -> bool:
        return stop.wait(seconds)


# Clocks that are kept differ by less, and a time that goes to and fro by that is no better. Seconds.
_TOLERATED = 1.0


class _Reading(NamedTuple):
    """How far the machine's clock was off, and what it said (seconds since 1970) when the clock that nobody sets began."""

    off: timedelta
    began: float


class SharedClock(SystemClock):
    """The machine's clock, set right by one that several machines share, which is asked again once a minute.

    It is asked at once where the machine's clock was set meanwhile, or stood still with the machine. As long as it does not
    answer then, time goes on from the last answer.

    Args:
        ask: the shared clock's time, aware; what it raises is raised by `set_right` only.
        machine: the machine's own.
    """

    EVERY = 60.0
    # Seconds after which one that did not answer is asked again.
    PAUSE = 10.0

    def __init__(self, ask: Callable[[], datetime], machine: Callable[[], datetime] | None = None) -> None:
        self._ask, self._machine = ask, machine or super().now
        self._last = self._reading(timedelta(0))
        self._ask_at, self._ask_at_once_at = time.monotonic(), 0.0

    def now(self) -> datetime:
        monotonic = time.monotonic()
        if monotonic >= self._ask_at:
            self._ask_at = monotonic + self.EVERY  # a process that is forked now has no such thread
            with suppress(RuntimeError):  # Python is about to end, and begins no thread any more
                threading.Thread(target=self._try, name="orgo-clock", daemon=True).start()
        machine, last = self._machine(), self._last
        if abs(machine.timestamp() - monotonic - last.began) <= _TOLERATED:
            return machine + last.off
        return self._after_a_step(monotonic)

    def set_right(self) -> None:
        """Ask the shared clock now."""
        self._ask_at = time.monotonic() + self.EVERY
        off = self._ask() - self._machine()
        off = off if _differ(off, timedelta(0)) else timedelta(0)
        if _differ(off, self._last.off):
            _say(off)
        self._last = self._reading(off)

    def _reading(self, off: timedelta) -> _Reading:
        return _Reading(off, self._machine().timestamp() - time.monotonic())

    def _after_a_step(self, monotonic: float) -> datetime:
        if monotonic >= self._ask_at_once_at:
            self._ask_at_once_at = monotonic + self.PAUSE
            self._try()
        return datetime.fromtimestamp(self._last.began + time.monotonic(), UTC) + self._last.off

    def _try(self) -> None:
        try:
            self.set_right()
        except Exception as error:  # that the database is away is said by whoever needs it
            log.debug("the shared clock does not answer: %s", type(error).__name__)


def _differ(one: timedelta, other: timedelta) -> bool:
    return abs((one - other).total_seconds()) > _TOLERATED


def _say(off: timedelta) -> None:
    if not off:
        log.warning("this machine's clock is right again")
        return
    way = "behind" if off > timedelta(0) else "ahead of"
    words = "this machine's clock is %.0f s %s the database's, by which Orgo goes: set it right"
    log.warning(words, abs(off.total_seconds()), way)


def as_of_now(ask: Callable[[], datetime], tries: int = 3) -> datetime:
    """What time it is by a clock that takes a while to answer: it meant the middle of that. One that took long is asked again."""
    answers: list[tuple[float, datetime]] = []
    for _ in range(tries):
        before = time.monotonic()
        there = ask().astimezone(UTC)  # Python calculates by the wall's clock, which is set back in autumn
        took = time.monotonic() - before
        answers.append((took, there - timedelta(seconds=before + took / 2)))
        if took < _SHORT:
            break
    _, when_it_began = min(answers)  # the clock that nobody sets
    return when_it_began + timedelta(seconds=time.monotonic())


_SHORT = 0.2  # seconds


class FastClock:
    """A clock that runs `rate` times faster than life, from `start` on (the demo's)."""

    def __init__(self, rate: float, start: datetime | None = None) -> None:
        self.rate = rate
        self._start = start or datetime.now(UTC)
        self._began = time.monotonic()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=(time.monotonic() - self._began) * self.rate)

    def wait(self, seconds: float, stop: threading.Event) -> bool:
        return stop.wait(seconds / self.rate)


class VirtualClock:
    """A clock that stands still until it is moved (tests and simulations)."""

    def __init__(self, start: datetime) -> None:
        if start.tzinfo is None:
            raise ValueError("a virtual clock needs an instant with a zone")
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        return self._now

    def advance(self, by: timedelta | None = None, **parts: float) -> datetime:
        """Move forward by a timedelta or its parts (`hours=2`); returns the new instant."""
        self._now += by if by is not None else timedelta(**parts)
        return self._now

    def move_to(self, instant: datetime) -> None:
        """Set the clock to an aware instant, forward or back."""
        self._now = instant.astimezone(UTC)

    def wait(self, seconds: float, stop: threading.Event) -> bool:
        self.advance(seconds=seconds)
        return stop.is_set()


_current: Clock = SystemClock()


def now() -> datetime:
    """The current instant, aware, in UTC."""
    return _current.now()


def current() -> Clock:
    """The clock in force."""
    return _current


def use(clock: Clock) -> None:
    """Make `clock` the one that the whole process goes by."""
    global _current
    _current = clock


@contextmanager
def using(clock: Clock) -> Iterator[Clock]:
    """Go by `clock` inside a `with` block, then by the former one again."""
    former = _current
    use(clock)
    try:
        yield clock
    finally:
        use(former)
