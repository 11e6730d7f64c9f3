"""Celery's application of a load test: Orgo's own jobs, and two for the queue test.

`orgo.load.ours` is the job of a ring for delivery (claim, courier, dot, settle) with a courier that goes nowhere;
`orgo.load.bare` is one statement on one row, the least that a queue in a database can cost.
"""

import os
from collections.abc import Callable

from celery import Celery

from orgo.conf import boot
from orgo.conf.celery import rung_now
from orgo.delivery.ports import Parcel
from orgo.loadtest.names import BARE, CHANNEL, CLAIM, OURS, queue_of
from orgo.ops import rings
from orgo.ops.jobs import app_or_exit, send_all

_claim = int(os.environ.get(CLAIM, "0"))
_BARE = """\
UPDATE outbox_letter SET state = 'sent', settled_at = %s WHERE id = (
  SELECT id FROM outbox_letter WHERE channel = %s AND state = 'pending' ORDER BY next_attempt_at, id LIMIT 1 """


class Nowhere:
    """A courier whose other side takes everything at once."""

    def deliver(self, parcel: Parcel, before_dot: Callable[[], bool]) -> str:
        """Nothing is sent."""
        before_dot()
        return "250 2.0.0 Nowhere"


def ours() -> int:
    """The letters that wait, as delivery's own job takes them."""
    from orgo.pipeline import Sender

    return send_all(Sender(Nowhere(), CHANNEL), _ring_again)


def _ring_again() -> None:
    app.send_task(OURS, queue=queue_of(boot.config().queue_prefix), headers=rung_now())


def so_many() -> int:
    """As many as the test lets a ring take."""
    from orgo.pipeline import Sender

    return Sender(Nowhere(), CHANNEL).round(_claim)


def bare() -> None:
    """One letter by one statement."""
    from django.db import connection

    from orgo.conf import sql
    from orgo.lib import clock

    lock = "FOR UPDATE SKIP LOCKED" if connection.features.has_select_for_update_skip_locked else ""
    sql.run(f"{_BARE}{lock})", [sql.instant(clock.now()), CHANNEL])


def _with_the_tests_own(app: Celery) -> Celery:
    if _claim:
        app.task(so_many, name=OURS)  # each ring is for pieces of its own
    else:
        rings.answer(app, OURS, ours)
    app.task(bare, name=BARE)
    return app


app = _with_the_tests_own(app_or_exit())
