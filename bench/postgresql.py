"""From stored bytes to committed task, event, letters and search on PostgreSQL, 1,000 rules, by two processes.

The floor is the parser, the matcher and COPY of the same rows (mail, task, event, letters, search; all indexes) by as many
processes, each batch one transaction. Server and processes share the machine's cores in both. There are two: COPY as psycopg
writes rows by itself, beside which 60 % are promised, and in binary as Orgo does it, which is faster.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import Row, way
from bench._mails import mails

MAILS = 4000
BATCH = 200
PROCESSES = 2
LEAST_RATE = 2000  # mails/s
TABLES = ("intake_mail", "task_task", "audit_event", "outbox_letter", "search_entry")
_ROOT = Path(__file__).resolve().parents[1]


def run() -> list[Row]:
    """What a mail costs, in µs of wall time over all processes: 60 % of the floor's rate, and LEAST_RATE."""
    ours, plain, binary = measure(PROCESSES)
    part = f"PostgreSQL: stored bytes to task, {PROCESSES} processes"
    return [
        Row(part, ours, plain, most=1e6 / LEAST_RATE, most_ratio=1.67),
        Row(f"{part}; floor in binary", ours, binary),
    ]


def measure(processes: int) -> tuple[float, float, float]:
    """Ours and the two floors, in µs a mail."""
    from tests.servers.postgresql import Postgresql

    server = Postgresql(max_wal_size="4GB", shared_buffers="256MB").start()
    try:
        with tempfile.TemporaryDirectory(prefix="orgo-bench-") as folder:
            home, office = Path(folder), server.url("office")
            in_home(home, office, "furnish")
            ours = race(home, office, "work", processes)
            floors = {}
            for form in ("text", "binary"):
                other = server.url(f"floor_{form}")
                in_home(home, other, "empty")
                floors[form] = race(home, other, "floor", processes, office, form)
            return ours, floors["text"], floors["binary"]
    finally:
        server.stop()


def race(home: Path, database: str, role: str, processes: int, *more: str) -> float:
    """Start the processes, let them all begin at once, and wait for the last one; µs a mail."""
    with _racers(home, database, role, processes, more) as racers:
        for racer in racers:
            assert racer.stdout is not None and racer.stdout.readline() == "ready\n"
        began = time.perf_counter()
        for racer in racers:
            assert racer.stdin is not None
            racer.stdin.write("go\n")
            racer.stdin.flush()
        for racer in racers:
            assert racer.stdout is not None and racer.stdout.readline() == "done\n"
        return (time.perf_counter() - began) / MAILS * 1e6


@contextmanager
def _racers(
    home: Path, database: str, role: str, processes: int, more: tuple[str, ...]
) -> Iterator[list["subprocess.Popen[str]"]]:
    command = [sys.executable, "-m", "bench.postgresql", role, str(home)]
    racers = [
        subprocess.Popen(
            [*command, str(number), str(processes), *more],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=_environ(database),
        )
        for number in range(processes)
    ]
    yield racers
    for racer in racers:
        racer.communicate()


def in_home(home: Path, database: str, role: str, *more: str) -> None:
    """Play one of the roles in a process of its own, to its end."""
    command = [sys.executable, "-m", "bench.postgresql", role, str(home), *more]
    subprocess.run(command, check=True, env=_environ(database))


def _environ(database: str) -> dict[str, str]:
    path = os.pathsep.join([str(_ROOT / "src"), str(_ROOT)])
    return {**os.environ, "PYTHONPATH": path, "ORGO_DATABASE": database}


# ---------------------------------------------------------------- what the processes do


def furnish(home: Path, rules: str = str(way.RULES), tasks: str = "0") -> None:
    """An office on the configured database with so many rules and tasks, and MAILS stored mails."""
    from bench import lists, store

    (home / "config").mkdir()
    (home / "config" / "rules.yaml").write_text(way.rules_text(int(rules)))
    store.furnish(home, os.environ)
    if int(tasks):
        lists.fill(int(tasks))
    from orgo.intake.store import Incoming
    from orgo.pipeline import take

    raws = mails(MAILS, way.RULES)
    for start in range(0, MAILS, BATCH):
        take(
            [
                Incoming(
                    data=raw, source="smtp", envelope_from="c@x.example", envelope_to=("info@city.example",)
                )
                for raw in raws[start : start + BATCH]
            ]
        )


def empty(home: Path) -> None:
    """The same tables without rows."""
    from bench import store

    store.furnish(home, os.environ)


def work(home: Path, *_: str) -> None:
    """One of Orgo's workers, until nothing waits."""
    _start(home)
    from orgo.flow.house import open_house
    from orgo.lib import memory
    from orgo.message.pool import ParserPool
    from orgo.pipeline import Router

    assert open_house().rules
    parser = ParserPool()
    parser.parse([b"Subject: x\r\n\r\nx"])
    router = Router(parser)
    memory.settle()
    _wait_for_the_start()
    while router.round(BATCH):
        pass
    print("done", flush=True)
    sys.stdin.readline()
    parser.close()


def floor(home: Path, number: str, processes: str, source: str, form: str) -> None:
    """One of the floor's processes: its share of the mails is parsed and matched, its share of the rows copied in this form."""
    _start(home)
    import psycopg

    from orgo.flow.house import open_house
    from orgo.lib import memory
    from orgo.message import parse
    from orgo.rules import facts_of

    with psycopg.connect(source, options="-c search_path=orgo") as former:
        raws = _raws(former, int(number), int(processes))
        rows = {table: _rows(former, table, int(number), int(processes), form) for table in TABLES}
    rules = open_house().rules
    memory.settle()
    with psycopg.connect(os.environ["ORGO_DATABASE"], options="-c search_path=orgo") as target:
        _wait_for_the_start()
        batches = -(-len(raws) // BATCH)
        for batch in range(batches):
            for raw in raws[batch * BATCH : (batch + 1) * BATCH]:
                rules.decide(facts_of(parse(raw)))
            for table, (columns, found) in rows.items():
                each = -(-len(found) // batches)
                _copy(target, table, columns, found[batch * each : (batch + 1) * each], form)
            target.commit()
    print("done", flush=True)
    sys.stdin.readline()


def _raws(former, number: int, processes: int):  # type: ignore[no-untyped-def]
    import zstandard

    unpack = zstandard.ZstdDecompressor()
    asked = "SELECT data FROM intake_raw ORDER BY mail_id"
    return [unpack.decompress(data) for (data,) in former.execute(asked).fetchall()[number::processes]]


def _rows(former, table: str, number: int, processes: int, form: str):  # type: ignore[no-untyped-def]
    """The columns with their types, and this process's share of the rows, as COPY takes them."""
    from msgspec.json import encode
    from psycopg.types.json import Jsonb

    # A list of words has a binary form that psycopg does not know.
    in_binary = table == "search_entry" and form == "binary"
    cursor = former.execute(
        f"SELECT {'task, tsvectorsend(words) AS words' if in_binary else '*'} FROM {table}"
    )
    columns = {column.name: column.type_code for column in cursor.description}
    found = cursor.fetchall()[number::processes]
    dumps = encode if form == "binary" else None
    return columns, [
        tuple(Jsonb(value, dumps) if isinstance(value, dict | list) else value for value in row)
        for row in found
    ]


def _copy(target, table: str, columns, rows, form: str) -> None:  # type: ignore[no-untyped-def]
    with target.cursor().copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT {form})") as copy:
        if form == "binary":
            copy.set_types(list(columns.values()))
        for row in rows:
            copy.write_row(row)


def _start(home: Path) -> None:
    from orgo.conf import boot, load

    boot.start(load(home, os.environ))


def _wait_for_the_start() -> None:
    print("ready", flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    roles: dict[str, Callable[..., None]] = {"furnish": furnish, "empty": empty, "work": work, "floor": floor}
    roles[sys.argv[1]](Path(sys.argv[2]), *sys.argv[3:])
