"""A database that a former commit filled comes to this program's form, and nothing of it is lost (tools/former_database.py)."""

import json
import os
import sqlite3
from pathlib import Path

import pytest
import zstandard

from tests.house.checkout import ROOT, python
from tests.servers.postgresql import Postgresql

HERE = Path(__file__).parent
ORGO = ROOT / "orgo"
FORMER = sorted(path.name.removesuffix(".db.zst") for path in HERE.glob("former-*.db.zst"))
LOOK = """
import json, sys
from orgo.conf import boot
boot.start()
from django.db import connection
tables = json.loads(sys.argv[1])
counts = {}
with connection.cursor() as cursor:
    for table in tables:
        cursor.execute(f"SELECT count(*) FROM {table}")
        counts[table] = cursor.fetchone()[0]
print(json.dumps(counts))
"""
GO_ON = """
from orgo.conf import boot
boot.start()
from datetime import timedelta
from orgo import pipeline
from orgo.lib import clock
from orgo.audit.models import Event
from orgo.intake.store import Incoming
from orgo.message.pool import ParserPool
from orgo.task.models import Task
last = Event.objects.order_by("-at").first().at
clock.use(clock.VirtualClock(last + timedelta(days=60)))
data = b"From: somebody@people.example\\r\\nSubject: Water leak again\\r\\n\\r\\nIt leaks.\\r\\n"
pipeline.take([Incoming(data=data, source="smtp", envelope_from="a@b.example", envelope_to=("info@city.example",))])
parser = ParserPool()
try:
    pipeline.route(parser)
finally:
    parser.close()
print(Task.objects.order_by("-id").first().title)
"""


@pytest.fixture(params=FORMER)
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A home with the former commit's database in it, and its name in a file."""
    data = zstandard.ZstdDecompressor().decompress((HERE / f"{request.param}.db.zst").read_bytes())
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "orgo.db").write_bytes(data)
    (tmp_path / "expected.json").write_text((HERE / f"{request.param}.json").read_text())
    return tmp_path


def orgo(home: Path, *words: str, **environ: str) -> str:
    done = python(ORGO, *words, home=home, **environ)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def run(home: Path, code: str, *words: str, **environ: str) -> str:
    source = {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
    done = python("-c", code, *words, home=home, **source, **environ)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def look_through(home: Path, **environ: str) -> None:
    """All rows are there, each task is the fold of its events, the trail can be sealed and proved, and the work goes on."""
    expected = json.loads((home / "expected.json").read_text())
    assert json.loads(run(home, LOOK, json.dumps(list(expected)), **environ)) == expected
    orgo(home, "task", "rebuild", "--check", **environ)
    orgo(home, "audit", "verify", **environ)
    assert run(home, GO_ON, **environ).strip() == "Water leak again"
    *_, former = [json.loads(line) for line in orgo(home, "task", "list", "--json", **environ).splitlines()]
    orgo(home, "task", "done", former["reference"], **environ)
    assert "closed" in orgo(home, "task", "show", former["reference"], **environ)
    orgo(home, "task", "rebuild", "--check", **environ)


def test_there_is_a_former_database() -> None:
    assert FORMER


@pytest.mark.slow
def test_a_former_database_is_migrated_and_worked_on(home: Path) -> None:
    with sqlite3.connect(home / "var" / "orgo.db") as before:
        assert before.execute(
            "SELECT count(*) FROM django_migrations WHERE name = '0004_tuned'"
        ).fetchone() == (0,)

    assert "0004_tuned" in orgo(home, "database", "migrate")

    look_through(home)


@pytest.mark.slow
@pytest.mark.needs("postgresql")
def test_a_former_database_moves_to_postgresql(home: Path) -> None:
    server = Postgresql().start()
    try:
        url = server.url("office")
        orgo(home, "database", "migrate")
        orgo(home, "database", "move", "--to", url)
        look_through(home, ORGO_DATABASE=url)
    finally:
        server.stop()
