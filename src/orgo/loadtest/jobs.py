"""Celery's application of a load test: Orgo's own jobs, and two that take one piece of work each for a ring.

`orgo.load.ours` is Orgo's way (claim, courier, dot, settle) with a courier that goes nowhere; `orgo.load.bare` is one statement
on the same row, the least that a queue in a database can cost.
"""

import os
from collections.abc import Callable

from celery import Celery

from orgo.delivery.ports import Parcel
from orgo.loadtest.names import BARE, BATCH, CHANNEL, OURS
from orgo.ops.jobs import app_or_exit

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
    """Up to a batch of letters, as delivery's own job takes them."""
    from orgo import pipeline

    return pipeline.deliver(Nowhere(), limit=int(os.environ.get(BATCH, "1")), channel=CHANNEL)


def bare() -> None:
    """One letter by one statement."""
    from django.db import connection

    from orgo.conf import sql
    from orgo.lib import clock

    lock = "FOR UPDATE SKIP LOCKED" if connection.features.has_select_for_update_skip_locked else ""
    sql.run(f"{_BARE}{lock})", [sql.instant(clock.now()), CHANNEL])


def _with_the_tests_own(app: Celery) -> Celery:
    app.task(ours, name=OURS)
    app.task(bare, name=BARE)
    return app


app = _with_the_tests_own(app_or_exit())
