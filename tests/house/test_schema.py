"""schema.sql: what an old sqlite3 loads, and Django goes on from."""

import sqlite3
import subprocess
from pathlib import Path

import pytest

from tests.house.checkout import ROOT, python

SCHEMA = (ROOT / "schema.sql").read_text("utf-8")
WORKS = """
from orgo.conf import boot
boot.start()
from django.core.management import call_command
call_command("migrate", check_unapplied=True)
from orgo.intake.store import Incoming, store
from orgo.people.models import User
store([Incoming(data=b"Subject: x\\r\\n\\r\\n", source="smtp", envelope_from="a@b.example", envelope_to=("c@d.example",))])
User.objects.make("a@b.example")
from django.db import connection
connection.cursor().execute("INSERT INTO search_entry (text, task) VALUES ('Fuite', 1)")
print(boot.config().database)
"""


def load(file: Path) -> subprocess.CompletedProcess[str]:
    """As the blueprint types it: sqlite3 FILE < schema.sql."""
    return subprocess.run(["sqlite3", str(file)], input=SCHEMA, capture_output=True, text=True)


@pytest.mark.needs("sqlite3")
def test_django_finds_nothing_to_migrate_after_schema_sql_and_works_on_it(tmp_path: Path) -> None:
    assert load(tmp_path / "orgo_offline.db").returncode == 0
    answer = python("-c", WORKS, home=tmp_path, PYTHONPATH=str(ROOT / "src"))
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.splitlines()[-1] == "sqlite:///./orgo_offline.db"


@pytest.mark.needs("sqlite3")
def test_schema_sql_may_be_run_twice(tmp_path: Path) -> None:
    file = tmp_path / "orgo_offline.db"
    load(file)
    before = sqlite3.connect(file).execute("SELECT count(*) FROM django_migrations").fetchone()
    again = load(file)
    assert (again.returncode, again.stderr) == (0, "")
    assert sqlite3.connect(file).execute("SELECT count(*) FROM django_migrations").fetchone() == before


@pytest.mark.needs("sqlite3")
def test_a_database_of_another_version_is_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "orgo_offline.db"
    connection = sqlite3.connect(file)
    connection.execute("CREATE TABLE django_migrations (id integer PRIMARY KEY, app, name, applied)")
    connection.execute("INSERT INTO django_migrations VALUES (1, 'task', '0001_initial', '2026-01-01')")
    connection.commit()
    answer = load(file)
    assert answer.returncode != 0
    assert "a database of another version" in answer.stderr
    assert connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall() == [
        ("django_migrations",)
    ]


def test_schema_sql_uses_nothing_that_an_old_sqlite3_does_not_know() -> None:
    """What came after 3.31: generated columns' functions, RETURNING, DROP COLUMN, STRICT, ->>, materialized views."""
    for word in (
        " STRICT",
        "RETURNING",
        "GENERATED ALWAYS",
        "DROP COLUMN",
        "->",
        "MATERIALIZED",
        "UPDATE FROM",
    ):
        assert word not in SCHEMA


def test_generated_files_are_what_they_would_be_now(tmp_path: Path) -> None:
    """schema.sql is that of the migrations, requirements*.txt that of the lock, and no model lacks its migration."""
    answer = python(ROOT / "tools" / "check_generated.py", home=tmp_path)
    assert (answer.returncode, answer.stderr) == (0, "")
