"""What the same mails cost by their parts alone: parser, matcher, and the rows that Orgo wrote, put in bare by COPY.

As many processes as decided in the test (with a queue the workers and their watchman), each batch one transaction, with all
indexes; on SQLite one process.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from orgo.conf import Config
from orgo.loadtest.crew import deciding
from orgo.loadtest.ground import DATABASE, child_environ, made
from orgo.loadtest.plan import Plan

MOST = 10_000
BATCH = 200
TABLES = ("intake_mail", "task_task", "audit_event", "outbox_letter", "search_entry")
_RAW = "SELECT data FROM intake_raw ORDER BY mail_id"


def measured(config: Config, environ: Mapping[str, str], plan: Plan) -> float:
    """Mails a second, of at most MOST of the mails that the test has decided."""
    mails = min(plan.mails, MOST)
    processes = deciding(config, plan.workers)
    with _target(config) as target:
        given = child_environ({**environ, "ORGO_DATABASE": target})
        return mails / race(given, config.database, mails, processes)


@contextmanager
def _target(config: Config) -> Iterator[str]:
    if config.sqlite_file is not None:
        yield f"sqlite:///{config.home}/floor.db"
        return
    with made(config.database, f"{DATABASE}_floor") as database:
        yield database


def race(environ: Mapping[str, str], source: str, mails: int, processes: int) -> float:
    """Seconds that the slowest of the processes takes, all beginning at once; the tables are made by the first."""
    with ExitStack() as stack:
        racers = [_racer(environ, source, mails, number, processes) for number in range(processes)]
        for racer in racers:
            stack.callback(racer.communicate)
        for racer in racers:
            _expect(racer, "ready")
        began = time.perf_counter()
        for racer in racers:
            assert racer.stdin is not None
            racer.stdin.write("go\n")
            racer.stdin.flush()
        for racer in racers:
            _expect(racer, "done")
        return time.perf_counter() - began


def _racer(environ: Mapping[str, str], source: str, *numbers: int) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "orgo.loadtest.floor", *map(str, numbers)]
    given = {**environ, "ORGO_FLOOR_OF": source}  # its password is on no command line
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=given)


def _expect(racer: "subprocess.Popen[str]", word: str) -> None:
    assert racer.stdout is not None
    said = racer.stdout.readline()
    if said != f"{word}\n":
        raise RuntimeError(f"the floor's process said {said!r} and not {word!r}")


# ---------------------------------------------------------------- what one of the processes does


def main(source: str, mails: int, number: int, processes: int) -> None:
    """Take this process's share of mails and rows into memory, wait for the word, then parse, match and put them in."""
    from orgo.conf import boot, load

    boot.start(load())
    from orgo.flow.house import open_house
    from orgo.lib import memory
    from orgo.ops.up import prepare_database

    prepare_database()
    house = open_house()
    with _opened(source) as former:
        raws = _raws(former, mails)[number::processes]
        rows = {table: _rows(former, table, mails)[number::processes] for table in TABLES}
        columns = {table: _columns(former, table) for table in TABLES}
    memory.settle()
    print("ready", flush=True)
    sys.stdin.readline()
    batches = max(1, -(-len(raws) // BATCH))
    for batch in range(batches):
        _read(raws[batch * BATCH : (batch + 1) * BATCH], house.rules.decide)
        _put({table: _share(rows[table], batch, batches) for table in TABLES}, columns)
    print("done", flush=True)


def _read(raws: list[bytes], decide: Callable[[Any], Any]) -> None:
    from orgo.message import parse
    from orgo.rules import facts_of

    for raw in raws:
        decide(facts_of(parse(raw)))


def _put(rows: dict[str, list[Any]], columns: dict[str, dict[str, str]]) -> None:
    from django.db import transaction

    from orgo.conf import sql

    with transaction.atomic():
        for table, found in rows.items():
            if found:
                sql.add(table, columns[table], found)


def _share(rows: list[Any], batch: int, batches: int) -> list[Any]:
    each = -(-len(rows) // batches)
    return rows[batch * each : (batch + 1) * each]


@contextmanager
def _opened(source: str) -> Iterator[Any]:
    """A plain connection to the test's database."""
    if source.startswith("sqlite:///"):
        import sqlite3

        plain: Any = sqlite3.connect(Path(source.removeprefix("sqlite:///")))
    else:
        import psycopg

        plain = psycopg.connect(source, options="-c search_path=orgo")
    try:
        yield plain
    finally:
        plain.close()


def _raws(former: Any, mails: int) -> list[bytes]:
    import zstandard

    unpack = zstandard.ZstdDecompressor()
    return [unpack.decompress(bytes(data)) for (data,) in former.execute(f"{_RAW} LIMIT {mails}").fetchall()]


def _selected(former: Any, table: str) -> str:
    """The table's rows as a statement; PostgreSQL's lists of words in the binary form that Orgo writes (task/search.py)."""
    columns = "task, tsvectorsend(words) AS words" if table == "search_entry" and _is_server(former) else "*"
    return f"SELECT {columns} FROM {table}"  # noqa: S608 - of TABLES


def _is_server(former: Any) -> bool:
    return hasattr(former, "adapters")


def _columns(former: Any, table: str) -> dict[str, str]:
    """The columns with PostgreSQL's types, in whose binary form the rows go; "" where there are none."""
    described = former.execute(f"{_selected(former, table)} LIMIT 0").description
    known = former.adapters.types if _is_server(former) else {}
    return {name: str(getattr(known.get(type), "name", "")) for name, type, *_ in described}


def _rows(former: Any, table: str, mails: int) -> list[tuple[Any, ...]]:
    """The rows as the database takes them, of as many of the table's as that many mails made."""
    from msgspec.json import encode
    from psycopg.types.json import Jsonb

    (everything,) = former.execute("SELECT count(*) FROM intake_mail").fetchone()
    (count,) = former.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608 - of TABLES
    most = round(count * min(1.0, mails / max(1, everything)))
    return [
        tuple(Jsonb(value, encode) if isinstance(value, dict | list) else value for value in row)
        for row in former.execute(f"{_selected(former, table)} LIMIT {most}").fetchall()
    ]


if __name__ == "__main__":
    import os

    main(os.environ["ORGO_FLOOR_OF"], *map(int, sys.argv[1:]))
