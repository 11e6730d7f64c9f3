"""Storing on SQLite: mail, task, event, letters and search in one transaction, beside the same rows by bare inserts."""

import sqlite3
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench import Row

MAILS = 2000
BATCH = 100
RAW = (
    b"From: clara@people.example\r\nSubject: Water leak in Room 102\r\n\r\n"
    + b"It leaks in room 102. Please come. " * 50
)


def run() -> list[Row]:
    """What a mail costs, in µs."""
    with tempfile.TemporaryDirectory(prefix="orgo-bench-") as folder:
        furnish(Path(folder))
        took = _per_mail(_take_all)
        opened = _per_mail(_open_all)
        floor_take, floor_open = _floors(Path(folder))
    return [
        Row("SQLite: take mails (batch of 100)", took, floor_take),
        Row("SQLite: task, event, 2 letters, search (batch of 100)", opened, floor_open),
    ]


def furnish(
    folder: Path, environ: Mapping[str, str] | None = None, people: Sequence[str] = ("A", "B")
) -> None:
    """A home with these people in one team, and Django started on it; on SQLite unless the environment names a database."""
    from orgo.conf import boot, load

    config = folder / "config"
    config.mkdir(exist_ok=True)
    addresses = {name: f"{name.lower()}@city.example" for name in people}
    users = ", ".join(f"{{address: {at}, name: {name}, role: technician}}" for name, at in addresses.items())
    team = f"{{name: works, address: works@city.example, members: [{', '.join(addresses.values())}], triage: true}}"
    (config / "people.yaml").write_text(f"teams: [{team}]\nusers: [{users}]\n")
    loaded = boot.start(load(folder, environ or {}))
    from orgo.ops.up import prepare_database
    from orgo.people.roster import apply_roster

    prepare_database()
    apply_roster(loaded.roster)


def _per_mail(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) / MAILS * 1e6


def _take_all() -> None:
    from orgo.intake.store import Incoming, store

    for start in range(0, MAILS, BATCH):
        store(
            Incoming(
                data=RAW + b"%d" % n,
                source="smtp",
                envelope_from="c@x.example",
                envelope_to=("info@city.example",),
            )
            for n in range(start, start + BATCH)
        )


def _open_all() -> None:
    import msgspec

    from orgo.flow.house import open_house
    from orgo.flow.unit import Unit
    from orgo.lib import clock, ids
    from orgo.task.actions import handle
    from orgo.task.commands import Open
    from orgo.task.values import Actor

    for _ in range(0, MAILS, BATCH):
        house = open_house()
        policy = msgspec.to_builtins(house.default_policy)
        with Unit(house) as unit:
            for _ in range(BATCH):
                facts = {
                    "reference": unit.free_reference(),
                    "title": "Water leak",
                    "team": "works@city.example",
                    "policy": policy,
                }
                task = ids.new_id()
                handle([Open(task=task, actor=Actor("system"), at=clock.now(), facts=facts)], unit)
                unit.index(task, "Water leak in Room 102 " * 20)


def _floors(folder: Path) -> tuple[float, float]:
    take = copied(folder, ["intake_mail", "intake_raw"], MAILS)
    return take, copied(folder, ["task_task", "audit_event", "outbox_letter", "search_entry"], MAILS)


def copied(folder: Path, tables: list[str], mails: int) -> float:
    """What the rows that Orgo just wrote cost by bare `executemany` into an empty database with the same tables, in µs a mail."""
    from django.db import connection

    connection.close()
    source = sqlite3.connect(folder / "var" / "orgo.db")
    target = sqlite3.connect(folder / f"floor-{tables[0]}.db", isolation_level=None)
    target.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;")
    tables_and_indexes = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'search_entry_%' AND name NOT LIKE 'sqlite_%'"
    for (sql,) in source.execute(tables_and_indexes):
        target.execute(sql)
    took = _copy(source, target, tables)
    source.close()
    target.close()
    return took / mails * 1e6


def _copy(source: Any, target: Any, tables: list[str]) -> float:
    rows = {table: source.execute(f"SELECT * FROM {table}").fetchall() for table in tables}
    sql = {
        table: f"INSERT INTO {table} VALUES ({','.join('?' * len(found[0]))})"
        for table, found in rows.items()
    }
    began = time.perf_counter()
    for number in range(MAILS // BATCH):
        target.execute("BEGIN IMMEDIATE")
        for table, found in rows.items():
            each = len(found) // (MAILS // BATCH)
            target.executemany(sql[table], found[number * each : (number + 1) * each])
        target.execute("COMMIT")
    return time.perf_counter() - began
