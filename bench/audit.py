"""Reading the sealed trail again, on SQLite and PostgreSQL: 100,000 events a second.

The floor reads the same rows and makes nothing of them.
"""

import os
import tempfile
import time
from pathlib import Path

from bench import Row, on_both_databases

EVENTS = 200_000
AT_ONCE = 5_000
PROMISED = 10.0  # µs an event


def run() -> list[Row]:
    """What an event costs, in µs."""
    return on_both_databases("bench.audit", "audit verify, an event", PROMISED)


def measure() -> tuple[float, float]:
    """Ours and the floor, in µs an event."""
    from bench import store

    with tempfile.TemporaryDirectory(prefix="orgo-bench-") as folder:
        home = Path(folder)
        store.furnish(home, os.environ)
        fill(home)
        return _verified(home), _read()


def fill(home: Path) -> None:
    """EVENTS events as tasks make them, sealed."""
    from django.db import connection, transaction

    from orgo.audit.keys import signing_key
    from orgo.audit.models import Event
    from orgo.audit.seal import seal
    from orgo.conf import boot, sql
    from orgo.lib import clock, ids

    like = {"v": 1, "type": "task.commented", "actor_kind": "mail", "actor": "clara@people.example"}
    data = {
        "mail": 1234567890123,
        "by_requester": True,
        "reopen": False,
        "state": "pending",
        "to": ["a@city.example"],
    }
    for first in range(0, EVENTS, AT_ONCE):
        now = clock.now()
        rows = [
            {"id": ids.new_id(), "task": number // 5, "seq": number % 5, **like, "at": now, "data": data}
            for number in range(first, first + AT_ONCE)
        ]
        with transaction.atomic():
            sql.insert(Event, rows)
    key = signing_key(boot.config())
    while seal(key, home / "var"):
        pass
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _verified(home: Path) -> float:
    from orgo.audit.verify import verify

    began = time.perf_counter()
    found = verify(home / "var")
    took = time.perf_counter() - began
    assert found.wrong is None and found.events >= EVENTS
    return took / found.events * 1e6


def _read() -> float:
    from django.db import connection

    began = time.perf_counter()
    with connection.cursor() as cursor:
        for first in range(0, EVENTS, AT_ONCE):
            cursor.execute(
                "SELECT * FROM audit_entry n LEFT JOIN audit_event e ON e.id = n.event "
                "WHERE n.number > %s ORDER BY n.number LIMIT %s",
                [first, AT_ONCE],
            )
            cursor.fetchall()
    return (time.perf_counter() - began) / EVENTS * 1e6


if __name__ == "__main__":
    for row in run():
        print(row)
