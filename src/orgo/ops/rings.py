"""Rings that a worker lets pass: they were sent before it looked for their work and found none.

Rings pile up in a broker while no worker is there; the first job that answers takes all that waits, and each of the others
would be given to a process, which would look and find nothing (docs/adr/0056-rings-let-pass.md).
"""

import logging
import mmap
import struct
import time
from collections.abc import Callable
from typing import Any

from celery import Celery
from celery.worker import strategy

from orgo.conf.celery import RUNG
from orgo.lib import clock
from orgo.ops import stopping

# Seconds by which the clocks of two machines may differ before a ring is let pass whose work is new.
CLOCKS_DIFFER = 10.0
# Seconds after a look that found nothing in which rings are let pass; then the next one is answered, whatever time it says. So
# a clock that is wrong or was set back delays work by no more than that, and less where a watchman finds it.
LOOK_AGAIN = 3.0
log = logging.getLogger("orgo.queue")
_LOOK = struct.Struct("dd")


class Quiet:
    """When one worker last began a look for work of one kind that found none; shared with the processes that it forks."""

    def __init__(self) -> None:
        self._look = mmap.mmap(-1, _LOOK.size)  # no lock that a killed process could keep
        _LOOK.pack_into(self._look, 0, 0.0, -LOOK_AGAIN)

    def look(self, work: Callable[[], int]) -> int:
        """Do `work`, which returns how much it did: where that is nothing there was none, but for a job told to end."""
        began, at = clock.now().timestamp(), time.monotonic()
        done = work()
        if not done and not stopping.is_told():
            _LOOK.pack_into(self._look, 0, began, at)
        return done

    def makes_needless(self, rung: object) -> bool:
        """Whether a look since a ring of this time (seconds since 1970), and not long ago, found nothing. False for no time."""
        began, at = _LOOK.unpack_from(self._look)
        is_before = isinstance(rung, int | float) and rung + CLOCKS_DIFFER < began
        return is_before and time.monotonic() - at < LOOK_AGAIN


def answer(app: Celery, name: str, work: Callable[[], int], **options: Any) -> None:
    """Make `work` the job of this name, for the rings that came after the worker last found nothing; Celery's `options`."""
    quiet = Quiet()

    def job() -> int:
        return quiet.look(work)

    app.task(job, name=name, shared=False, Strategy=staticmethod(_letting_pass(quiet)), **options)


def _letting_pass(quiet: Quiet) -> Callable[..., Any]:
    """How Celery's worker receives the messages of a job (Task.Strategy): as ever, but for needless rings."""

    def strategy_of(task: Any, app: Celery, consumer: Any) -> Callable[..., None]:
        receive = strategy.default(task, app, consumer)

        def received(message: Any, *more: Any) -> None:
            if quiet.makes_needless(message.headers.get(RUNG)):
                # Here: Celery's own `ack`, which is given along, waits for its loop, and that may sleep first.
                message.ack_log_error(log, consumer.connection_errors)
            else:
                receive(message, *more)

        return received

    return strategy_of
