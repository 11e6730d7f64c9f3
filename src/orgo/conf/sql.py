"""The batch's way into the database: rows as plain values, by COPY or one prepared statement for many of them.

The ORM reads for the page; here Django's model only tells the table's name and how a value is stored (conf/values.py).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from types import MappingProxyType
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection, connections, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from orgo.conf import prepared
from orgo.conf.values import Adapter, adapter, as_json, copied, copied_as, field_of, reader, same, sent_as
from orgo.conf.values import instant as instant

M = TypeVar("M", bound=models.Model)
# True, and has this transaction's commit not wait for the disk.
_HASTY = " AND (SELECT set_config('synchronous_commit', 'off', true)) = 'off'"


def insert(model: type[models.Model], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert `rows` (column values by field name; all rows have the same fields)."""
    if not rows:
        return
    fields = [field_of(model, name) for name in rows[0]]
    by = copied if connection.vendor == "postgresql" else adapter
    adapters = [(number, a) for number, field in enumerate(fields) if (a := by(field)) is not same]
    columns = {str(field.column): copied_as(field) for field in fields}
    add(model._meta.db_table, columns, [_adapted(row, adapters) for row in rows])


def add(
    table: str, columns: Mapping[str, str], rows: Sequence[Sequence[Any]], using: str = DEFAULT_DB_ALIAS
) -> None:
    """Insert rows of values as the database takes them: by COPY where there is one, else by one prepared statement.

    `columns` have the names of PostgreSQL's types; where all have one the values go in binary, long texts at half the cost.
    """
    place, named = connections[using], ", ".join(f'"{column}"' for column in columns)
    with _many(place) as cursor:
        if place.vendor == "postgresql":
            types = [*columns.values()] if all(columns.values()) else []
            form = "(FORMAT BINARY)" if types else ""
            with cursor.copy(f'COPY "{table}" ({named}) FROM STDIN {form}') as copy:
                if types:
                    copy.set_types(types)
                for row in rows:
                    copy.write_row(row)
        else:
            marks = ", ".join(["%s"] * len(columns))
            cursor.executemany(f'INSERT INTO "{table}" ({named}) VALUES ({marks})', rows)


@contextmanager
def _many(place: BaseDatabaseWrapper) -> Iterator[Any]:
    """A cursor for many rows. Django's own puts values into the text of each statement; PostgreSQL's can be prepared."""
    if place.vendor != "postgresql":
        with place.cursor() as cursor:
            yield cursor
        return
    import psycopg

    place.ensure_connection()
    with place.wrap_database_errors, psycopg.Cursor(place.connection) as cursor:
        prepared.allow(place.connection)
        yield cursor


def _adapted(row: Mapping[str, Any], adapters: Sequence[tuple[int, Adapter]]) -> list[Any]:
    """A row's values as the database takes them; most columns take theirs as it is."""
    values = list(row.values())
    for number, adapt in adapters:
        values[number] = adapt(values[number])
    return values


def among(
    model: type[models.Model], columns: Sequence[str], key: str, values: Sequence[Any]
) -> list[tuple[Any, ...]]:
    """These columns of the rows whose `key` is one of `values`.

    For the keys of a batch: a queryset prepares each of hundreds of values apart. No value is the empty text.
    """
    if not values:
        return []
    field, fields = field_of(model, key), [field_of(model, name) for name in columns]
    # An index of what is not empty is only looked into by a statement that wants what is not empty.
    filled = (
        f""" AND NOT ("{field.column}" = '')""" if isinstance(field, models.CharField) and field.blank else ""
    )
    table, wanted = model._meta.db_table, _named(fields)
    if connection.vendor == "postgresql":
        # One look into the index for each: of a small table the server would read all of it for a list.
        one = f'SELECT {wanted} FROM "{table}" WHERE "{field.column}" = given.value{filled} OFFSET 0'
        statement = f"SELECT found.* FROM unnest(%b) AS given (value) CROSS JOIN LATERAL ({one}) AS found"
        return _rows(statement, [list(dict.fromkeys(values))], fields)
    is_one, given = _is_one_of(field, values)
    return _rows(f'SELECT {wanted} FROM "{table}" WHERE {is_one}{filled}', given, fields)


def _is_one_of(field: "models.Field[Any, Any]", values: Sequence[Any]) -> tuple[str, Sequence[Any]]:
    """The condition that a column has one of these values, and what stands for its marks.

    PostgreSQL takes a list as one binary value: a third of what a mark and a literal for each of hundreds cost.
    """
    if connection.vendor == "postgresql":
        return f'"{field.column}" = ANY(%b)', [list(values)]
    return f'"{field.column}" IN ({", ".join(["%s"] * len(values))})', values


def last_of(
    model: type[models.Model], key: str, values: Iterable[Any], column: str, where: str
) -> dict[Any, int]:
    """The highest number in `column` for each of these values of `key`, among the rows that `where` picks.

    One look into an index on (key, column) for each value, however many rows have it.
    """
    asked = list(values)
    if not asked:
        return {}
    table, marks = model._meta.db_table, ", ".join(["(%s)"] * len(asked))
    one = f'SELECT "{column}" FROM "{table}" WHERE "{key}" = given.column1 AND {where} ORDER BY "{column}" DESC LIMIT 1'
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT given.column1, ({one}) FROM (VALUES {marks}) AS given", asked)
        return {value: last for value, last in cursor.fetchall() if last is not None}


def select(model: type[M], where: str, values: Sequence[Any]) -> list[M]:
    """The rows of `model` that this end of a statement ("WHERE .. ORDER BY ..", %s for a value) picks, as the ORM gives them."""
    names = [field.name for field in model._meta.concrete_fields]
    return [model.from_db(DEFAULT_DB_ALIAS, names, row) for row in found(model, names, where, values)]


def take(
    model: type[M],
    which: str,
    values: Sequence[Any],
    to: str,
    with_: Sequence[Any],
    beside: Mapping[str, str] = MappingProxyType({}),
) -> list[M]:
    """Set the rows that `which` picks ("WHERE .. ORDER BY .. LIMIT ..") alike; returns them as they are then, in no order.

    On PostgreSQL that is one statement, which passes by rows that others have locked, and whose commit is not waited for to
    reach the disk: a server that crashes within a second may forget it (docs/adr/0046-claims.md). `beside` are
    attributes of each row that the same statement finds: names, and expressions without values.
    """
    names = [field.name for field in model._meta.concrete_fields]
    fields, table = [field_of(model, name) for name in names], model._meta.db_table
    wanted = ", ".join([_named(fields), *beside.values()])
    if connection.vendor == "postgresql":
        picked = f'WITH picked AS (SELECT id FROM "{table}" {which} FOR UPDATE SKIP LOCKED)'
        hasty = "" if connection.in_atomic_block else _HASTY  # it holds to the transaction's end
        # A server that guesses how many rows a list has may read the whole table for them; of an array it always expects few.
        mine = "WHERE id = ANY(ARRAY(SELECT id FROM picked))"
        statement = f'{picked} UPDATE "{table}" SET {to} {mine}{hasty} RETURNING {wanted}'
        rows = _rows(statement, [*values, *with_], fields)
    else:  # SQLite before 3.35 returns nothing of what it changes
        if not found(model, ("id",), which, values):
            return []  # who only looks waits for nobody who writes
        with transaction.atomic():
            ids = [key for (key,) in found(model, ("id",), which, values)]
            change(model, to, with_, "id", ids)
            where, given = _is_one_of(field_of(model, "id"), ids)
            rows = _rows(f'SELECT {wanted} FROM "{table}" WHERE {where}', given, fields) if ids else []
    return [_with_beside(model, names, row, beside) for row in rows]


def _with_beside(model: type[M], names: Sequence[str], row: tuple[Any, ...], beside: Iterable[str]) -> M:
    one = model.from_db(DEFAULT_DB_ALIAS, names, row[: len(names)])
    for name, value in zip(beside, row[len(names) :], strict=True):
        setattr(one, name, value)
    return one


def run(statement: str, values: Sequence[Any]) -> int:
    """Run a statement that returns no rows; returns how many it changed."""
    with _many(connection) as cursor:
        cursor.execute(statement, list(values))
        return int(cursor.rowcount)


def found(
    model: type[models.Model], columns: Sequence[str], where: str = "", values: Sequence[Any] = ()
) -> list[tuple[Any, ...]]:
    """These columns of the rows that this end of a statement picks: a queryset takes five times as long to prepare."""
    fields = [field_of(model, name) for name in columns]
    return _rows(f'SELECT {_named(fields)} FROM "{model._meta.db_table}" {where}', values, fields)


def _named(fields: Sequence["models.Field[Any, Any]"]) -> str:
    return ", ".join(f'"{field.column}"' for field in fields)


def _rows(
    statement: str, values: Sequence[Any], fields: Sequence["models.Field[Any, Any]"]
) -> list[tuple[Any, ...]]:
    """What a statement returns, which are these fields."""
    with _many(connection) as cursor:
        cursor.execute(statement, list(values))
        rows = cursor.fetchall()
    readers = [(number, r) for number, field in enumerate(fields) if (r := reader(field)) is not same]
    return [_read(row, readers) for row in rows] if readers else list(rows)


def _read(row: Sequence[Any], readers: Sequence[tuple[int, Adapter]]) -> tuple[Any, ...]:
    values = list(row)
    for number, read in readers:
        if values[number] is not None:
            values[number] = read(values[number])
    return tuple(values)


def change(model: type[models.Model], to: str, with_: Sequence[Any], key: str, values: Sequence[Any]) -> None:
    """Set all rows whose `key` is one of `values` alike: "attempts = attempts + 1", %s for each of `with_`."""
    if not values:
        return
    where, given = _is_one_of(field_of(model, key), values)
    run(f'UPDATE "{model._meta.db_table}" SET {to} WHERE {where}', [*with_, *given])


def update(
    model: type[models.Model], rows: Sequence[Mapping[str, Any]], where: Sequence[Mapping[str, Any]]
) -> int:
    """Update each of `rows` where the columns of `where` (one mapping a row) have these values; returns the rows hit."""
    pairs = zip(rows, where, strict=True)
    alike = groupby(pairs, key=lambda pair: (tuple(pair[0]), tuple(pair[1])))
    return sum(_update_alike(model, list(some)) for _, some in alike)


def _update_alike(
    model: type[models.Model], pairs: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]
) -> int:
    """Update rows that have the same columns, by one statement for all where the database takes lists."""
    changed = [field_of(model, name) for name in pairs[0][0]]
    asked = [field_of(model, name) for name in pairs[0][1]]
    if connection.vendor == "postgresql" and len(pairs) > 1:
        return _update_together(model, changed, asked, pairs)
    set_, where = (
        ", ".join(f'"{f.column}" = %s' for f in changed),
        " AND ".join(f'"{f.column}" = %s' for f in asked),
    )
    adapters = [adapter(field) for field in (*changed, *asked)]
    values = [
        [adapt(value) for adapt, value in zip(adapters, (*new.values(), *found.values()), strict=True)]
        for new, found in pairs
    ]
    with _many(connection) as cursor:
        cursor.executemany(f'UPDATE "{model._meta.db_table}" SET {set_} WHERE {where}', values)
        return int(cursor.rowcount)


def _update_together(
    model: type[models.Model],
    changed: Sequence["models.Field[Any, Any]"],
    asked: Sequence["models.Field[Any, Any]"],
    pairs: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]],
) -> int:
    """The rows go as a list for each column, or as one value where all have the same: a sixth of what a statement a row costs."""
    fields = (*changed, *asked)
    rows = [(*new.values(), *found.values()) for new, found in pairs]
    columns, given = [], []
    for number, (field, values) in enumerate(zip(fields, zip(*rows, strict=True), strict=True)):
        sent = list(map(as_json, values)) if isinstance(field, models.JSONField) else list(values)
        alike = sent.count(sent[0]) == len(sent)
        given.append(sent[0] if alike else sent)
        # A column may stand on both sides, old and new: so they are numbered.
        columns.append(
            f"%b::{sent_as(field)} c{number}" if alike else f"unnest(%b::{sent_as(field)}[]) c{number}"
        )
    set_ = ", ".join(
        f'"{f.column}" = new.c{n}{"::jsonb" if isinstance(f, models.JSONField) else ""}'
        for n, f in enumerate(changed)
    )
    where = " AND ".join(f'old."{f.column}" = new.c{n}' for n, f in enumerate(asked, len(changed)))
    source = f"(SELECT {', '.join(columns)}) AS new"
    return run(f'UPDATE "{model._meta.db_table}" AS old SET {set_} FROM {source} WHERE {where}', given)
