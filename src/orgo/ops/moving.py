"""`orgo database move`: every row goes to another database, table by table, and is compared there.

The source is held still by one transaction (on SQLite no other may write meanwhile, PostgreSQL shows one state of it).
A run that was stopped goes on behind the last row that arrived; at the end both sides are read again and have to be equal.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import Any

import msgspec
from django.apps import apps
from django.core import serializers
from django.core.management import call_command
from django.core.management.color import no_style
from django.db import connections, models, transaction
from django.db.models import F
from django.db.models.functions import Collate

from orgo.conf.config import Config
from orgo.conf.database import lock_of, settings_of
from orgo.lib import clock
from orgo.lib.locks import locked
from orgo.lib.problems import BadInput, Problem
from orgo.ops import server
from orgo.task import search

TARGET = "target"
BATCH = 1_000
# What Django keeps for itself: the target makes its own, and people sign in again.
_LEFT = {"contenttypes.ContentType", "auth.Permission", "auth.Group", "sessions.Session"}
_TEXTS = "SELECT task, text FROM search_entry ORDER BY rowid"

Progress = Callable[[str, int, int], None]


class Moved(msgspec.Struct, frozen=True):
    """What is in the target now: rows by table, and which tables are not equal on both sides."""

    rows: dict[str, int]
    different: list[str]


def move(target: Config, progress: Progress) -> Moved:
    """Copy every row of the connected database to that of `target`, whose tables are made where they lack.

    `progress` is told the table, its rows there and its rows in all. Raises BadInput where the target belongs to another Orgo.
    """
    prepare(target)
    with held_still():
        for model in tables():
            _copy(model, progress)
        copy_words()
        set_counters()
        compared = [(model, _sum(model, "default"), _sum(model, TARGET)) for model in tables()]
    rows = {model._meta.db_table: there[0] for model, _, there in compared}
    return Moved(rows, [model._meta.db_table for model, here, there in compared if here != there])


class Runs(Exception):
    """Orgo works on the database, so what comes meanwhile would stay behind."""


@contextmanager
def alone_on(source: Config) -> Iterator[None]:
    """Whoever moves has the connected database for itself. Raises Runs where Orgo works on it.

    A file's lock is kept for as long as it takes. On a server Orgo is known by what it said of itself within the last minute.
    """
    from orgo.ops import presence
    from orgo.ops.models import Role

    with ExitStack() as held:
        file = source.sqlite_file
        try:
            if file is not None:
                held.enter_context(locked(lock_of(file)))
        except BlockingIOError:
            raise Runs(f"Orgo runs on {file}") from None
        since = clock.now() - timedelta(seconds=3 * presence.SAY_EVERY)
        said = Role.objects.filter(well_at__gt=since).values_list("name", flat=True)
        if file is None and (parts := sorted(said)):
            raise Runs(f"Orgo ran on this database within the last minute ({', '.join(parts)})")
        yield


@contextmanager
def held_still() -> Iterator[None]:
    """A transaction in which the source is the same from the first row read to the last."""
    with transaction.atomic():
        if connections["default"].vendor == "postgresql":
            with connections["default"].cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield


def prepare(target: Config) -> None:
    """Connect to the target's database and make its tables. Raises BadInput where it has rows that the source lacks."""
    make_tables(target)
    for model in tables():
        _refuse_strange_rows(model)


def make_tables(target: Config) -> None:
    """Connect to the target's database and bring its tables to this program's form."""
    connections.settings[TARGET] = connections.settings["default"] | settings_of(target)
    if connections[TARGET].vendor == "postgresql":
        server.look_at(target, TARGET)
        server.make_schema(TARGET)
    call_command("migrate", database=TARGET, interactive=False, verbosity=0)


def _refuse_strange_rows(model: type[models.Model]) -> None:
    """A row of the target that the source lacks is another Orgo's work: nothing is mixed."""
    first = model._default_manager.using(TARGET).order_by("pk").first()
    if first is not None and not model._default_manager.filter(pk=first.pk).exists():
        words = f"the target has rows of its own (table {model._meta.db_table})"
        raise BadInput(Problem(words, key="--to", hint="give an empty database"))


def tables() -> list[type[models.Model]]:
    """The tables to move, each behind those that it points to."""
    configs = [(config, None) for config in apps.get_app_configs()]
    found = serializers.sort_dependencies(configs, allow_cycles=True)
    return [
        model
        for model in found
        if model._meta.managed and not model._meta.proxy and model._meta.label not in _LEFT
    ]


def _copy(model: type[models.Model], progress: Progress) -> None:
    there, here = _in_order(model, TARGET), _in_order(model, "default")
    last, total, done = there.values_list("pk", flat=True).last(), here.count(), there.count()
    rest = here if last is None else here.filter(sort_key__gt=last)
    while batch := list(rest[:BATCH]):
        there.bulk_create(batch, batch_size=BATCH)
        rest = here.filter(sort_key__gt=batch[-1].pk)
        done += len(batch)
        progress(model._meta.db_table, done, total)


def _in_order(model: type[models.Model], database: str) -> models.QuerySet[Any]:
    """The rows by their `sort_key`: texts go by their bytes, which is SQLite's order and seldom a PostgreSQL's own."""
    by_bytes = isinstance(model._meta.pk, models.CharField) and connections[database].vendor == "postgresql"
    key = Collate("pk", "C") if by_bytes else F("pk")
    rows: models.QuerySet[Any] = model._default_manager.using(database).alias(sort_key=key)
    return rows.order_by("sort_key")


def copy_words() -> None:
    """The full-text index is made anew from the texts, as far as the source still has them."""
    if connections["default"].vendor != "sqlite":
        return
    with connections[TARGET].cursor() as cursor:
        cursor.execute("DELETE FROM search_entry")
    with connections["default"].cursor() as cursor:
        cursor.execute(_TEXTS)
        while batch := cursor.fetchmany(BATCH):
            search.index(batch, TARGET)


def set_counters() -> None:
    """Tables that count their rows by themselves go on behind the last one."""
    target = connections[TARGET]
    with target.cursor() as cursor:
        for statement in target.ops.sequence_reset_sql(no_style(), tables()):
            cursor.execute(statement)


def _sum(model: type[models.Model], database: str) -> tuple[int, str]:
    """How many rows there are, and the hash of all their values in the order of their keys."""
    digest, count = hashlib.sha256(), 0
    for row in _rows(model, database):
        digest.update(msgspec.json.encode(row, enc_hook=_as_hex, order="deterministic"))
        count += 1
    return count, digest.hexdigest()


def _rows(model: type[models.Model], database: str) -> Iterator[tuple[Any, ...]]:
    names = [field.attname for field in model._meta.concrete_fields]
    return _in_order(model, database).values_list(*names).iterator(BATCH)


def _as_hex(value: Any) -> str:
    return bytes(value).hex()
