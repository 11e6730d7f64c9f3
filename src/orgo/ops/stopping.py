"""What the jobs of Celery's worker hear of its end: its pool is forked, and a job may be under way for minutes.

A thread looks every quarter of a second while there is a job, and goes on to the next job's: one for each job would cost as
much as a job that finds nothing to do.
"""

import logging
import mmap
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

log = logging.getLogger("orgo.queue")
_LOOK_EVERY = 0.25
_told = mmap.mmap(
    -1, 1
)  # shared with the processes that the worker forks; no lock that a killed one could keep


def tell() -> None:
    """The worker is to end."""
    _told[0] = 1


def is_told() -> bool:
    """Whether it is to end."""
    return bool(_told[0])


class Ear:
    """Calls what the jobs under way gave it as soon as the worker is told to end. Each process has one, made after the fork."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._to_call: list[Callable[[], None]] = []
        self._listens = False

    @contextmanager
    def call(self, stop: Callable[[], None]) -> Iterator[None]:
        """Call `stop` once, on a thread of the ear's own, where the worker is told to end before this block does."""
        with self._changed:
            if not self._listens:
                threading.Thread(target=self._listen, name="orgo-stopping", daemon=True).start()
                self._listens = True
            self._to_call.append(stop)
            self._changed.notify()
        try:
            yield
        finally:
            with self._changed:  # not while it is called
                if stop in self._to_call:
                    self._to_call.remove(stop)

    def _listen(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._to_call)
                while is_told() and self._to_call:
                    _call(self._to_call.pop())
            time.sleep(_LOOK_EVERY)


def _call(stop: Callable[[], None]) -> None:
    try:
        stop()
    except Exception as error:  # the database may be away: leases run out by themselves
        log.warning("a job could not be ended in good order: %s", error)
