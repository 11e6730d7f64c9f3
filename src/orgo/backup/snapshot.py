"""One consistent picture of the database, as an Orgo database on SQLite, and what is in it."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import msgspec
from psycopg import IsolationLevel

from orgo.backup import portable
from orgo.conf.config import Config
from orgo.conf.database import settings_of
from orgo.lib.problems import BadInput, Problem

_EMPTY_ALIAS = "backup"
# A page of SQLite is copied by the next step where another process wrote it meanwhile; one step is one picture.
_ALL_PAGES = -1
_OWN = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE 'search%' ORDER BY 1"
_LEFT_OUT = ("auth_", "django_")
_PLAIN = {
    "plain.yaml": "organization: {zone: UTC}\npeople: nobody.yaml\nrules: no-rules.yaml\n",
    "nobody.yaml": "users: []\n",
    "no-rules.yaml": "rules: []\n",
}


class Manifest(msgspec.Struct, frozen=True):
    """What a backup holds: rows by table, the database's form, the last seal of the trail (None: none yet), the files.

    `secrets` are where the configuration's secrets come from: they are not in the backup, and have to be given again.
    `blobs` are the mails' bytes that lie beside the database, by their names.
    """

    made_at: str
    orgo: str
    database: str
    form: list[str]
    rows: dict[str, int]
    head: dict[str, Any] | None
    files: list[str]
    secrets: list[str]
    blobs: list[str] = []


def take(config: Config, target: Path) -> None:
    """Write the state of one instant of the configured database to the new file `target`."""
    file = config.sqlite_file
    if file is not None:
        _copy_file(file, target)
    else:
        _copy_server(config, target)
    with opened(target) as copy:
        copy.execute("PRAGMA journal_mode=DELETE")
        copy.execute("DELETE FROM django_session")  # people sign in again
        copy.commit()


def _copy_file(file: Path, target: Path) -> None:
    """SQLite's own online backup: one read transaction, writers go on."""
    if not file.is_file():
        raise BadInput(Problem("there is no database yet", file=str(file), hint="run: orgo init"))
    with closing(sqlite3.connect(file, timeout=20)) as source, opened(target) as copy:
        source.execute("BEGIN")
        source.execute("SELECT count(*) FROM sqlite_master").fetchone()
        source.backup(copy, pages=_ALL_PAGES)


def _copy_server(config: Config, target: Path) -> None:
    """PostgreSQL: all tables as one REPEATABLE READ transaction sees them."""
    with portable.connect(config.database) as source:
        source.isolation_level, source.read_only = IsolationLevel.REPEATABLE_READ, True
        _empty(target)
        with opened(target) as copy:
            portable.take_out(source, copy)
            copy.commit()


def _empty(target: Path) -> None:
    """Orgo's tables without a row."""
    from django.core.management import call_command
    from django.db import connections

    from orgo.conf import load

    place = load(
        target.parent, {"ORGO_DATABASE": f"sqlite:///{target}", "ORGO_CONFIG": str(plain(target.parent))}
    )
    connections.settings[_EMPTY_ALIAS] = connections.settings["default"] | settings_of(place)
    try:
        call_command("migrate", database=_EMPTY_ALIAS, interactive=False, verbosity=0)
    finally:
        connections[_EMPTY_ALIAS].close()
        del connections[_EMPTY_ALIAS], connections.settings[_EMPTY_ALIAS]


def plain(folder: Path) -> Path:
    """A configuration of which all is default, in `folder`: neither it nor its people or rules are looked for elsewhere."""
    for name, text in _PLAIN.items():
        (folder / name).write_text(text)
    return folder / "plain.yaml"


@contextmanager
def opened(file: Path) -> Iterator[sqlite3.Connection]:
    """A connection to a snapshot that nobody else uses: what is lost of it by a crash is made anew."""
    connection = sqlite3.connect(file)
    try:
        connection.execute("PRAGMA synchronous=OFF")
        yield connection
    finally:
        connection.close()


def count_rows(file: Path) -> dict[str, int]:
    """How many rows each of Orgo's tables has."""
    with opened(file) as copy:
        names = [name for (name,) in copy.execute(_OWN) if not name.startswith(_LEFT_OUT)]
        return {name: copy.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names}  # noqa: S608


def blobs_of(file: Path) -> list[str]:
    """The blobs that its rows name."""
    with opened(file) as copy:
        return [
            name
            for (name,) in copy.execute(
                "SELECT DISTINCT blob FROM intake_raw WHERE NOT (blob = '') ORDER BY 1"
            )
        ]


def form_of(file: Path) -> list[str]:
    """The steps by which the database got its form."""
    with opened(file) as copy:
        found = copy.execute("SELECT app || '.' || name FROM django_migrations ORDER BY 1")
        return [step for (step,) in found]


def head_of(file: Path) -> dict[str, Any] | None:
    """The last seal, as var/audit.head has it."""
    with opened(file) as copy:
        row = copy.execute(
            "SELECT number, last, hash, at FROM audit_seal ORDER BY number DESC LIMIT 1"
        ).fetchone()
    return {"seal": row[0], "last": row[1], "hash": bytes(row[2]).hex(), "at": row[3]} if row else None


def head_text(head: dict[str, Any]) -> str:
    """The content of var/audit.head."""
    return json.dumps(head) + "\n"
