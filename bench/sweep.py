"""One escalation sweep over a house with many open timers, on SQLite and PostgreSQL, beside what its rows cost alone.

The floor finds the due tasks and writes the same rows (tasks, events, letters) by bare statements, a batch a transaction.
"""

import os
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from bench import Row, on_both_databases

TIMERS, DUE = 100_000, 1_000
BATCH = 200
PROMISED = 1_000_000.0  # µs for all that is due


def run() -> list[Row]:
    """What firing a level costs, in µs for all that are due: a second."""
    return on_both_databases("bench.sweep", f"one sweep, {TIMERS:,} timers, {DUE:,} due", PROMISED)


def measure() -> tuple[float, float]:
    """Ours and the floor, in µs."""
    from bench import store

    with tempfile.TemporaryDirectory(prefix="orgo-bench-") as folder:
        store.furnish(Path(folder), os.environ)
        fill(TIMERS, DUE)
        ours = _swept()
        return ours, _floor()


def fill(timers: int, due: int) -> None:
    """So many open tasks with a level to come, copies of one that came in the usual way; `due` of them since a minute."""
    from django.db import transaction

    from orgo.conf import sql
    from orgo.flow.house import open_house
    from orgo.intake.store import Incoming, store
    from orgo.lib import clock, ids
    from orgo.message.pool import ParserPool
    from orgo.pipeline import route
    from orgo.task.models import Task
    from orgo.task.rows import row_of, state_of

    assert open_house().rules
    store([Incoming(data=_MAIL, source="smtp", envelope_from="c@x.example")])
    parser = ParserPool()
    route(parser)
    parser.close()
    like = row_of(state_of(Task.objects.get()))
    Task.objects.all().delete()
    now = clock.now()
    for first in range(0, timers, 5_000):
        rows = [
            _copy(like, ids.new_id(), number, now + timedelta(minutes=-1 if number < due else 600))
            for number in range(first, min(first + 5_000, timers))
        ]
        with transaction.atomic():
            sql.insert(Task, rows)
    _look_at_tables()


def _copy(like: dict[str, Any], id: int, number: int, at: Any) -> dict[str, Any]:
    timer = {**like["more"]["timer"], "at": at.isoformat()}
    reference = f"{number:06}"
    return {
        **like,
        "id": id,
        "reference": reference,
        "next_level_at": at,
        "more": {**like["more"], "timer": timer},
    }


def _look_at_tables() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _swept() -> float:
    from orgo.flow.house import open_house
    from orgo.pipeline import sweep

    house, done = open_house(), 0
    began = time.perf_counter()
    while found := sweep(house):
        done += found
    took = time.perf_counter() - began
    assert done == DUE, done
    return took * 1e6


def _floor() -> float:
    """The rows that the sweep wrote are taken out and put in again bare, its tasks found and updated."""
    from django.db import connection, transaction

    from orgo.audit.models import Event
    from orgo.conf import sql
    from orgo.outbox.models import Letter
    from orgo.task.models import Task

    fired = list(Event.objects.filter(type="task.escalated").order_by("id").values())
    letters = list(Letter.objects.filter(kind="escalated").order_by("id").values())
    Event.objects.filter(type="task.escalated").delete()
    Letter.objects.filter(kind="escalated").delete()
    each = len(letters) // (DUE // BATCH)
    began = time.perf_counter()
    for batch in range(DUE // BATCH):
        mine = fired[batch * BATCH : (batch + 1) * BATCH]
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT * FROM task_task WHERE next_level_at <= %s LIMIT 200", [sql.instant(mine[0]["at"])]
            )
            sql.update(Task, [{"level": 1} for _ in mine], [{"id": one["task"]} for one in mine])
            sql.insert(Event, mine)
            sql.insert(Letter, letters[batch * each : (batch + 1) * each])
    return (time.perf_counter() - began) * 1e6


_MAIL = b"From: c@x.example\r\nTo: info@city.example\r\nSubject: Water leak\r\nMessage-ID: <1@x.example>\r\n\r\nIt leaks.\r\n"


if __name__ == "__main__":
    for row in run():
        print(row)
