"""The loops of one process: each does rounds of one kind of work on a thread of its own, woken by a bell or by time."""

import logging
import threading
import time
from collections.abc import Callable, Iterable

from django.db import OperationalError, close_old_connections, connection

from orgo.conf.logging import within
from orgo.lib.memory import give_back
from orgo.ops import trouble

log = logging.getLogger("orgo.loops")
AFTER_AN_ERROR = 2.0
GIVE_BACK_EVERY = 10.0


class Loop(threading.Thread):
    """Calls `work` as long as it finds something to do, then waits for the bell or `pause` seconds.

    An error ends only the round: it is logged once and shown as trouble, the connection is made anew, and the loop goes on.
    What the work holds is closed by `ends`, on the loop's own thread: from another one it would be under a round's feet.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[], int],
        bell: threading.Event,
        pause: float,
        ends: Iterable[Callable[[], None]] = (),
    ) -> None:
        super().__init__(name=f"orgo-{name}", daemon=True)
        self.work = work
        self.bell = bell
        self.pause = pause
        self.ends = tuple(ends)
        self.stopping = threading.Event()
        self._gave_back = 0.0
        self._ended_a_round = time.monotonic()

    def run(self) -> None:
        with within(job=self.name):
            self._rounds()
            self._end()

    def _rounds(self) -> None:
        while not self.stopping.is_set():
            self.bell.clear()
            found = self._round()
            self._ended_a_round = time.monotonic()
            if (
                not found and not self.stopping.is_set()
            ):  # a bell that rang before it was cleared is not heard
                self.bell.wait(self.pause)

    def _end(self) -> None:
        for end in self.ends:
            try:
                end()
            except Exception as error:  # what a round had claimed is free again when its lease has run out
                log.warning("%s could not be ended in good order: %s", self.name, error)
        connection.close()

    def _round(self) -> int:
        try:
            close_old_connections()
            done = self.work()
        except Exception as error:
            is_new = trouble.note(self.name, f"{type(error).__name__}: {error}")
            # Where PostgreSQL is away, that is all there is to say: the place in Orgo tells nothing.
            is_away = isinstance(error, OperationalError) and connection.vendor == "postgresql"
            if is_new and not is_away:
                log.exception("a round of %s failed", self.name)
            connection.close()
            self.stopping.wait(AFTER_AN_ERROR)
            return 0
        trouble.over(self.name)
        if done and time.monotonic() - self._gave_back > GIVE_BACK_EVERY:
            self._gave_back = time.monotonic()
            give_back()
        return done

    def is_well(self, longest: float) -> bool:
        """Whether the thread lives and has ended a round within `longest` seconds, besides its usual pause."""
        return self.is_alive() and time.monotonic() - self._ended_a_round < longest + self.pause

    def stop(self) -> None:
        """Ask the loop to end after its round; `join` waits for it."""
        self.stopping.set()
        self.bell.set()
