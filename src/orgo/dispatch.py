"""Rings for work that waits: after a commit somebody is told to look, and what to look at stands in the database only.

Embedded, the job loops of one process wait on these bells. With a broker configured, `use` puts a dispatcher in their
place that sends a message that names its job. A lost ring costs seconds (every loop also looks by itself).
"""

import threading
from typing import Protocol

QUEUES = ("escalation", "delivery", "routing", "intake")


class Dispatcher(Protocol):
    """Tells whoever works on a queue that there is something to do."""

    def ring(self, queue: str) -> None: ...


class Bells:
    """The dispatcher of one process: an event for each queue, and a count of changes for the open pages."""

    def __init__(self) -> None:
        self.bells = {queue: threading.Event() for queue in QUEUES}

    def ring(self, queue: str) -> None:
        """Wake the loop of this queue."""
        self.bells[queue].set()


bells = Bells()
_dispatcher: Dispatcher = bells


def use(dispatcher: Dispatcher) -> None:
    """Ring by this dispatcher from now on."""
    global _dispatcher
    _dispatcher = dispatcher


def ring(queue: str) -> None:
    """There is work on `queue`; called after the commit, never before."""
    _dispatcher.ring(queue)


_changes = 0


def changed() -> None:
    """Something that pages show was committed by this process."""
    global _changes
    _changes += 1


def changes() -> int:
    """How often something was committed by this process since it began."""
    return _changes
