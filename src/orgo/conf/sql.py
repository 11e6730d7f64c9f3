"""The batch's way into the database: rows as plain values, by one prepared statement for many of them.

The ORM reads for the page; here Django's model only tells the table's name and how a value is stored.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache, lru_cache
from itertools import groupby
from typing import Any

import msgspec
from django.db import connection, models

Adapter = Callable[[Any], Any]


def insert(model: type[models.Model], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert `rows` (column values by field name; all rows have the same fields)."""
    if not rows:
        return
    fields = [_field(model, name) for name in rows[0]]
    columns = ", ".join(f'"{field.column}"' for field in fields)
    marks = ", ".join(["%s"] * len(fields))
    sql = f'INSERT INTO "{model._meta.db_table}" ({columns}) VALUES ({marks})'
    adapters = [(number, a) for number, field in enumerate(fields) if (a := _adapter(field)) is not _same]
    with connection.cursor() as cursor:
        cursor.executemany(sql, [_adapted(row, adapters) for row in rows])


def _adapted(row: Mapping[str, Any], adapters: Sequence[tuple[int, Adapter]]) -> list[Any]:
    """A row's values as the database takes them; most columns take theirs as it is."""
    values = list(row.values())
    for number, adapter in adapters:
        values[number] = adapter(values[number])
    return values


def among(
    model: type[models.Model], columns: Sequence[str], key: str, values: Sequence[Any]
) -> list[tuple[Any, ...]]:
    """These columns of the rows whose `key` is one of `values`, as the database has them.

    For the keys of a batch: a queryset prepares each of hundreds of values apart.
    """
    if not values:
        return []
    wanted = ", ".join(f'"{_field(model, name).column}"' for name in columns)
    marks = ", ".join(["%s"] * len(values))
    asked = f'SELECT {wanted} FROM "{model._meta.db_table}" WHERE "{_field(model, key).column}" IN ({marks})'
    with connection.cursor() as cursor:
        cursor.execute(asked, list(values))
        return list(cursor.fetchall())


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
    """Update rows that have the same columns, by one prepared statement."""
    row, condition = pairs[0]
    changed = ", ".join(f'"{_field(model, name).column}" = %s' for name in row)
    asked = " AND ".join(f'"{_field(model, name).column}" = %s' for name in condition)
    adapters = [_adapter(_field(model, name)) for name in (*row, *condition)]
    values = [
        [adapt(value) for adapt, value in zip(adapters, (*new.values(), *found.values()), strict=True)]
        for new, found in pairs
    ]
    with connection.cursor() as cursor:
        cursor.executemany(f'UPDATE "{model._meta.db_table}" SET {changed} WHERE {asked}', values)
        return int(cursor.rowcount)


@cache
def _field(model: type[models.Model], name: str) -> "models.Field[Any, Any]":
    field = model._meta.get_field(name)
    assert isinstance(field, models.Field)
    return field


@cache
def _adapter(field: "models.Field[Any, Any]") -> Adapter:
    if isinstance(field, models.JSONField):
        return _json
    if isinstance(field, models.DateTimeField):
        return _instant
    return _same


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


@lru_cache(4096)
def _instant(value: datetime | None) -> Any:
    """A batch has few instants, each in many rows; the database's form of one never changes."""
    return connection.ops.adapt_datetimefield_value(value) if value is not None else None


def _same(value: Any) -> Any:
    return value
