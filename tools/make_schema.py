"""Makes schema.sql from the migrations: `python tools/make_schema.py` prints it.

An old sqlite3 (3.31) must be able to load it, twice over, and Django goes on from it: so every table and index is made
only where it is missing, and the rows that say which migrations were done are in it.
"""

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HEAD = """\
-- Orgo's tables for SQLite, with the marks of the migrations that made them; Django goes on from here.
-- Made by tools/make_schema.py (`make schema`): change the migrations, not this file.
--
--     sqlite3 orgo_offline.db < schema.sql
--
-- It may be run again: what is there is kept. A database of another version is left as it is: `orgo up` brings it to its own.
.bail on
"""
_CREATE = re.compile(
    r"^CREATE (TABLE|INDEX|UNIQUE INDEX|VIRTUAL TABLE|TRIGGER)(?: IF NOT EXISTS)? ", re.IGNORECASE
)
_SHADOWS = re.compile(r"^search_entry_(data|idx|content|docsize|config)$")
GUARD = """\
CREATE TEMP TABLE "guard" (
    "same" integer CONSTRAINT "this is a database of another version" CHECK ("same")
);
INSERT INTO "guard" SELECT count(*) IN (0, {count}) FROM "django_migrations";
DROP TABLE "guard";
"""
WHEN = "2026-01-01 00:00:00"


def schema() -> str:
    """The text of schema.sql."""
    with tempfile.TemporaryDirectory() as folder:
        return "".join(_text(Path(folder)))


def _text(home: Path) -> Iterator[str]:
    from orgo.conf import boot, load

    boot.start(load(home, {}))
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", interactive=False, verbosity=0)
    with connection.cursor() as cursor:
        tables, marks = list(_tables(cursor)), _marks(cursor)
    connection.close()
    yield f"{HEAD}BEGIN;\n"
    yield next(sql for sql in tables if '"django_migrations"' in sql)
    yield GUARD.format(count=len(marks))
    yield from tables
    yield 'INSERT INTO "django_migrations" ("app", "name", "applied")\nSELECT * FROM (VALUES\n'
    yield ",\n".join(marks) + '\n) WHERE NOT EXISTS (SELECT 1 FROM "django_migrations");\nCOMMIT;\n'


def _tables(cursor: Any) -> Iterator[str]:
    """Tables first, then what belongs to them; each by name, so that the file changes only where the tables do."""
    cursor.execute(
        "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type = 'table' DESC, tbl_name, name"
    )
    for _, name, sql in cursor.fetchall():
        if name.startswith("sqlite_") or _SHADOWS.match(name):
            continue
        yield _CREATE.sub(lambda found: f"CREATE {found[1].upper()} IF NOT EXISTS ", sql) + ";\n"


def _marks(cursor: Any) -> list[str]:
    cursor.execute("SELECT app, name FROM django_migrations ORDER BY id")
    return [f"    ('{app}', '{name}', '{WHEN}')" for app, name in cursor.fetchall()]


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))
    os.environ.pop("ORGO_HOME", None)
    sys.stdout.write(schema())
