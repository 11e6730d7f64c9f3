"""From stored bytes to committed task, event, letter and search on PostgreSQL, 1,000 rules, by two processes.

The floor is the parser, the matcher and COPY of the same rows (mail, task, event, letters, search; all indexes) by as many
processes, each batch one transaction. Server and processes share the machine's cores in both. There are two: COPY as psycopg
writes rows by itself, beside which 60 % are promised, and in binary as Orgo does it, which is faster.

A rate is promised for a letter a task, which a team of one comes to; the usual team here is of two, and has a letter each.

All three take turns of about a second, and the middle one of each side's turns counts: a machine that is shared changes its
speed by a half within minutes, and so it does that to all of them alike.
"""

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

from bench import Row, way
from bench._mails import mails

TURNS = 1
MAILS = 4000
BATCH = 200
PROCESSES = 2
LEGS = 7  # of each side
BATCHES = 6  # of each process in a leg: as they do not end at once, a shorter one measures their waiting
LEAST_RATE = 2000  # mails/s
TABLES = ("intake_mail", "task_task", "audit_event", "outbox_letter", "search_entry")
_ROOT = Path(__file__).resolve().parents[1]


def run() -> list[Row]:
    """What a mail costs, in µs of wall time over all processes: 60 % of the floor's rate, and LEAST_RATE."""
    rows = []
    for letters, people, most in (("a letter", "A", 1e6 / LEAST_RATE), ("two letters", "AB", None)):
        ours, plain, binary = measure(PROCESSES, people)
        part = f"PostgreSQL: stored bytes to task and {letters}, {PROCESSES} processes"
        rows += [
            Row(part, ours, plain, most=most, most_ratio=1.67),
            Row(f"{part}; floor in binary", ours, binary),
        ]
    return rows


def measure(processes: int, people: str) -> tuple[float, float, float]:
    """Ours and the two floors, in µs a mail; a task has a letter to each of `people`, whose names are one sign."""
    from tests.servers.postgresql import Postgresql

    leg = BATCHES * BATCH * processes
    server = Postgresql(max_wal_size="4GB", shared_buffers="256MB").start()
    try:
        with tempfile.TemporaryDirectory(prefix="orgo-bench-") as folder:
            home, done = Path(folder), server.url("done")
            in_home(home, done, "furnish", str(way.RULES), "0", str(LEGS * leg), people)
            office = server.copy("office", "done")
            race(home, done, "work", processes)  # it makes the rows that the floors copy
            floors = {form: server.url(f"floor_{form}") for form in ("text", "binary")}
            for floor in floors.values():
                in_home(home, floor, "empty")
            with ExitStack() as started:
                sides = [started.enter_context(side(home, office, "work", processes))]
                sides += [
                    started.enter_context(side(home, floor, "floor", processes, done, form))
                    for form, floor in floors.items()
                ]
                ours, text, binary = (took / leg * 1e6 for took in _in_turns(sides))
            return ours, text, binary
    finally:
        server.stop()


Side = Callable[[int], float]


def _in_turns(sides: Sequence[Side]) -> list[float]:
    """How long a leg of each side took, in seconds: the middle one of all. Each round of legs begins with another side."""
    legs: list[list[float]] = [[] for _ in sides]
    for leg in range(LEGS):
        for number in sorted(range(len(sides)), key=lambda one: (one + leg) % len(sides)):
            legs[number].append(sides[number](BATCHES))
    return [median(took) for took in legs]


def race(home: Path, database: str, role: str, processes: int) -> float:
    """Let so many processes begin at once and go on until nothing waits; µs for each of MAILS."""
    with side(home, database, role, processes) as go:
        return go(sys.maxsize) / MAILS * 1e6


@contextmanager
def side(home: Path, database: str, role: str, processes: int, *more: str) -> Iterator[Side]:
    """Processes that begin at once whenever they are told to, and work on so many batches each; told how long that takes.

    They are ready when the block begins.
    """
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

    def go(batches: int) -> float:
        began = time.perf_counter()
        for racer in racers:
            assert racer.stdin is not None
            racer.stdin.write(f"{batches}\n")
            racer.stdin.flush()
        _hear("done", racers)
        return time.perf_counter() - began

    _hear("ready", racers)
    yield go
    for racer in racers:
        racer.communicate()


def _hear(word: str, racers: Sequence["subprocess.Popen[str]"]) -> None:
    for racer in racers:
        assert racer.stdout is not None and racer.stdout.readline() == f"{word}\n"


def in_home(home: Path, database: str, role: str, *more: str) -> None:
    """Play one of the roles in a process of its own, to its end."""
    command = [sys.executable, "-m", "bench.postgresql", role, str(home), *more]
    subprocess.run(command, check=True, env=_environ(database))


def _environ(database: str) -> dict[str, str]:
    path = os.pathsep.join([str(_ROOT / "src"), str(_ROOT)])
    return {**os.environ, "PYTHONPATH": path, "ORGO_DATABASE": database}


# ---------------------------------------------------------------- what the processes do


def furnish(
    home: Path,
    rules: str = str(way.RULES),
    tasks: str = "0",
    count: str = str(MAILS),
    people: str = "AB",
) -> None:
    """An office on the configured database with so many rules, tasks and stored mails, and these people."""
    from bench import lists, store

    (home / "config").mkdir()
    (home / "config" / "rules.yaml").write_text(way.rules_text(int(rules)))
    store.furnish(home, os.environ, people)
    if int(tasks):
        lists.fill(int(tasks))
    from orgo.intake.store import Incoming
    from orgo.pipeline import take

    raws = mails(int(count), way.RULES)
    for start in range(0, len(raws), BATCH):
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


class _Reader:
    """The parser; a side's leg is over when it is at rest."""

    def __init__(self) -> None:
        from orgo.message.pool import ParserPool

        self._parser = ParserPool()
        self._at_work = threading.Lock()

    def parse(self, raws: Sequence[bytes], /) -> Sequence[Any]:
        with self._at_work:
            return self._parser.parse(raws)

    def rest(self) -> None:
        """Wait until it has read what it was given: the router has it read a batch ahead."""
        with self._at_work:
            pass

    def close(self) -> None:
        self._parser.close()


def work(home: Path, *_place: str) -> None:
    """One of Orgo's workers."""
    _start(home)
    from orgo.flow.house import open_house
    from orgo.lib import memory
    from orgo.pipeline import Router

    assert open_house().rules
    reader = _Reader()
    reader.parse([b"Subject: x\r\n\r\nx"])
    router = Router(reader)
    memory.settle()
    for wanted in _told():
        for _ in range(wanted):
            if not router.round(BATCH):
                break
        reader.rest()
    reader.close()


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
    batches = -(-len(raws) // BATCH)
    waiting = iter(range(batches))
    with psycopg.connect(os.environ["ORGO_DATABASE"], options="-c search_path=orgo") as target:
        for wanted in _told():
            for batch in islice(waiting, wanted):
                for raw in raws[batch * BATCH : (batch + 1) * BATCH]:
                    rules.decide(facts_of(parse(raw)))
                for table, (columns, found) in rows.items():
                    each = -(-len(found) // batches)
                    _copy(target, table, columns, found[batch * each : (batch + 1) * each], form)
                target.commit()


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


def _told() -> Iterator[int]:
    """How many batches to work on, whenever that is told; who asks for the next number has done them."""
    print("ready", flush=True)
    for line in sys.stdin:
        yield int(line)
        print("done", flush=True)


if __name__ == "__main__":
    roles: dict[str, Callable[..., None]] = {"furnish": furnish, "empty": empty, "work": work, "floor": floor}
    roles[sys.argv[1]](Path(sys.argv[2]), *sys.argv[3:])
