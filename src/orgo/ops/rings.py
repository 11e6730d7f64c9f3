"""Rings that a worker lets pass: they were sent before it looked for their work and found none.

Rings pile up in a broker while no worker is there; the first job that answers takes all that waits, and each of the others
would be given to a process, which would look and find nothing (docs/adr/0056-rings-let-pass.md).
"""

import logging
import mmap
import struct
from collections.abc import Callable
from typing import Any

from celery import Celery
from celery.worker import strategy

from orgo.conf.celery import RUNG
from orgo.lib import clock

# Seconds by which the clocks of two machines may differ before a ring is let pass whose work is new. Such work is found by
# the watchman, a second later.
CLOCKS_DIFFER = 10.0
log = logging.getLogger("orgo.queue")
_INSTANT = struct.Struct("d")


class Quiet:
    """Since when there was no work of one kind, as far as one worker knows; shared with the processes that it forks."""

    def __init__(self) -> None:
        self._since = mmap.mmap(-1, _INSTANT.size)  # no lock that a killed process could keep

    def heard(self, work: Callable[[], int]) -> int:
        """Do `work`, which returns how much it did; where that is nothing, there was none when it began."""
        began = clock.now().timestamp()
        done = work()
        if not done:
            _INSTANT.pack_into(self._since, 0, began)
        return done

    def covers(self, rung: object) -> bool:
        """Whether what was committed before a ring of this time (seconds since 1970) is surely done; False for no time."""
        (since,) = _INSTANT.unpack_from(self._since)
        return isinstance(rung, int | float) and rung + CLOCKS_DIFFER < since


def answer(app: Celery, name: str, work: Callable[[], int], **options: Any) -> None:
    """Make `work` the job of this name, for the rings that came after the worker last found nothing; Celery's `options`."""
    quiet = Quiet()

    def job() -> int:
        return quiet.heard(work)

    app.task(job, name=name, shared=False, Strategy=staticmethod(_letting_pass(quiet)), **options)


def _letting_pass(quiet: Quiet) -> Callable[..., Any]:
    """How Celery's worker receives the messages of a job (Task.Strategy): as ever, but for the rings that `quiet` covers."""

    def strategy_of(task: Any, app: Celery, consumer: Any) -> Callable[..., None]:
        receive = strategy.default(task, app, consumer)

        def received(message: Any, *more: Any) -> None:
            if quiet.covers(message.headers.get(RUNG)):
                # At once: what Celery gives along for that waits for its loop, which sleeps first.
                message.ack_log_error(log, consumer.connection_errors)
            else:
                receive(message, *more)

        return received

    return strategy_of
