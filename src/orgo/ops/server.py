"""A PostgreSQL server: whether it keeps what it was given, Orgo's own schema on it, and its lock for one at a time."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from orgo.conf.config import Config
from orgo.conf.database import SCHEMA
from orgo.lib.problems import BadInput, Problem

DEFAULT = "default"
_ASK_AGAIN = 0.2
_LOCK = 0x4F52474F  # "ORGO"
_CONSENT = "set it to on, or say database_may_lose_data: true where nothing matters (a test)"


def look_at(config: Config, database: str = DEFAULT) -> None:
    """Raises BadInput where the server would forget what it said it had kept. (Django connects to none older than 14.)"""
    settings = _settings(database)
    problems = []
    loses = [name for name in ("fsync", "synchronous_commit", "full_page_writes") if settings[name] == "off"]
    if loses and not config.database_may_lose_data:
        problems += [
            Problem(
                f"the server has {name}=off: what it confirmed may be lost", key="database", hint=_CONSENT
            )
            for name in loses
        ]
    if settings["server_encoding"] != "UTF8":
        words = f"the database is encoded in {settings['server_encoding']}"
        problems.append(Problem(words, key="database", hint="make one with ENCODING 'UTF8'"))
    if problems:
        raise BadInput(problems)


def _settings(database: str) -> dict[str, str]:
    from django.db import connections

    names = ("fsync", "synchronous_commit", "full_page_writes", "server_encoding")
    with connections[database].cursor() as cursor:
        cursor.execute("SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", [list(names)])
        return dict(cursor.fetchall())


def make_schema(database: str = DEFAULT) -> None:
    """Orgo's tables stand in a schema of its own: the right to create one comes with the database (PostgreSQL 15)."""
    from django.db import connections

    with connections[database].cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")


@contextmanager
def alone() -> Iterator[None]:
    """One at a time among all processes on this server; the others ask again and again.

    A statement that waits for the lock would be a transaction that an index made CONCURRENTLY waits for in its turn.
    """
    from django.db import connection

    while not _locked():
        time.sleep(_ASK_AGAIN)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


def _locked() -> bool:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
        return bool(cursor.fetchone()[0])
