"""Events as the journal reads them, straight from the table and the same on every database."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import msgspec
from django.db import connection

BATCH = 5_000
_COLUMNS = "e.id, e.task, e.seq, e.v, e.type, e.actor_kind, e.actor"
_decode = msgspec.json.Decoder().decode


def unsealed(horizon: int, limit: int) -> list[tuple[Any, ...]]:
    """Events from the id `horizon` on that have no number yet, oldest first."""
    sql = (
        f"SELECT {_columns()} FROM audit_event e LEFT JOIN audit_entry n ON n.event = e.id "
        "WHERE e.id >= %s AND n.event IS NULL ORDER BY e.id LIMIT %s"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [horizon, limit])
        return [_event(row) for row in cursor.fetchall()]


def sealed() -> Iterator[tuple[int, bytes, tuple[Any, ...] | None]]:
    """(number, kept hash, event) in the order of the numbers; the event is None where its row is gone.

    The next rows are read meanwhile, by a thread with a connection of its own.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="orgo-journal") as reader:
        try:
            coming = reader.submit(_behind, 0)
            while rows := coming.result():
                coming = reader.submit(_behind, rows[-1][0])
                for row in rows:
                    yield row[0], bytes(row[1]), _event(row[2:]) if row[2] is not None else None
        finally:
            reader.submit(_close)


def _close() -> None:
    """Of the thread that it is called on."""
    connection.close()


def _behind(number: int) -> list[tuple[Any, ...]]:
    """The next entries behind this number, each with its event's columns."""
    sql = (
        f"SELECT n.number, n.hash, {_columns()} FROM audit_entry n LEFT JOIN audit_event e ON e.id = n.event "
        "WHERE n.number > %s ORDER BY n.number LIMIT %s"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [number, BATCH])
        return list(cursor.fetchall())


def waiting(horizon: int) -> int:
    """How many events from the id `horizon` on no seal closes yet."""
    sql = (
        "SELECT count(*) FROM audit_event e LEFT JOIN audit_entry n ON n.event = e.id "
        "WHERE e.id >= %s AND n.event IS NULL"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [horizon])
        return int(cursor.fetchone()[0])


def strays(before: int) -> list[int]:
    """Events with an id below `before` that no entry names: they were put in behind their time."""
    sql = (
        "SELECT e.id FROM audit_event e LEFT JOIN audit_entry n ON n.event = e.id "
        "WHERE e.id < %s AND n.event IS NULL ORDER BY e.id LIMIT 10"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [before])
        return [row[0] for row in cursor.fetchall()]


def _columns() -> str:
    if connection.vendor == "sqlite":
        return f"{_COLUMNS}, CAST(e.at AS TEXT), e.data"
    return f"{_COLUMNS}, to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'), e.data::text"


def _event(row: tuple[Any, ...]) -> tuple[Any, ...]:
    at, data = row[7], row[8]
    return (*row[:7], at if len(at) == 26 else f"{at}.000000", _decode(data))


def stamp(at: datetime) -> str:
    """An instant as seals keep it."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")
