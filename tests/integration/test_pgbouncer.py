"""Behind a real PgBouncer that pools by transaction Orgo works as without: no statement is prepared there."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from orgo.conf import prepared
from tests.servers.pgbouncer import PgBouncer
from tests.servers.postgresql import Postgresql
from tests.warm import ROOT, warm

pytestmark = [pytest.mark.needs("postgresql", "pgbouncer"), pytest.mark.of_sqlite]
# Three threads share two connections of the server: each batch is decided by statements that another has asked before.
WORK = """
import threading
from orgo.conf import boot, load
boot.start(load())
from orgo.intake.models import Mail
from orgo.intake.store import Incoming
from orgo.message.pool import ParserPool
from orgo.pipeline import route, take

def work(name):
    parser = ParserPool()
    for turn in range(20):
        raw = f"From: {name}@x.example\\r\\nSubject: leak {turn}\\r\\nMessage-ID: <{turn}.{name}@x.example>\\r\\n\\r\\nIt leaks\\r\\n"
        take([Incoming(data=raw.encode(), source="smtp", envelope_from=f"{name}@x.example", envelope_to=("info@city.example",))])
        route(parser)
    while Mail.objects.filter(outcome="").exists():
        route(parser)
    parser.close()

threads = [threading.Thread(target=work, args=(name,)) for name in "abc"]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(Mail.objects.filter(outcome="opened").count())
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Postgresql]:
    made = Postgresql().start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def url(server: Postgresql) -> str:
    made = server.url("house")
    server.sql("ALTER ROLE house_user SET search_path = orgo, public")
    return made


@pytest.fixture(scope="module")
def pooler(server: Postgresql, url: str) -> Iterator[PgBouncer]:
    made = PgBouncer(server.port, '"house_user" "secret"\n').start()
    yield made
    made.stop()


def test_statements_are_prepared_where_no_pooler_stands_between(
    server: Postgresql, pooler: PgBouncer, url: str
) -> None:
    with psycopg.connect(url) as straight, psycopg.connect(pooler.through(url, server.port)) as pooled:
        prepared.allow(straight)
        prepared.allow(pooled)

        assert (straight.prepare_threshold, pooled.prepare_threshold) == (prepared.AFTER, None)


def test_mail_is_decided_through_the_pooler(
    server: Postgresql, pooler: PgBouncer, url: str, tmp_path: Path
) -> None:
    def run(database: str, *words: str) -> "subprocess.CompletedProcess[str]":
        environ = {
            **os.environ,
            "PYTHONPATH": str(ROOT / "src"),
            "ORGO_HOME": str(tmp_path),
            "ORGO_DATABASE": database,
        }
        return warm().run(words, environ, tmp_path)

    assert run(url, str(ROOT / "orgo"), "init", "--yes").returncode == 0

    done = run(pooler.through(url, server.port), "-c", WORK)
    assert (done.returncode, done.stdout) == (0, "60\n"), done.stderr
    assert "prepared statement" not in done.stderr
