"""The one clock. Everything that asks for the time asks here, so that a test or a demo can move it."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Protocol


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
