"""Rows between PostgreSQL and an Orgo database on SQLite, which is the form that every backup has: by COPY, table by table."""

import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any

import psycopg
from django.db import models
from psycopg import sql

from orgo.conf.database import SCHEMA
from orgo.ops import moving

_SEARCH_OUT = "COPY (SELECT task, array_to_string(tsvector_to_array(words), ' ') FROM search_entry) TO STDOUT"


def connect(url: str) -> "psycopg.Connection[Any]":
    """A connection to an Orgo database on PostgreSQL, whose times are UTC."""
    return psycopg.connect(url, options=f"-c search_path={SCHEMA},public -c timezone=UTC", connect_timeout=4)


def take_out(source: "psycopg.Connection[Any]", target: sqlite3.Connection) -> None:
    """Copy every row of the open transaction to the empty tables of `target`. The index of words comes as words."""
    for model in moving.tables():
        columns = _columns(model)
        asked = sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT").format(
            sql.SQL(", ").join(_asked(field) for field in columns), sql.Identifier(model._meta.db_table)
        )
        with source.cursor().copy(asked) as copy:
            copy.set_types([_type(field) for field in columns])
            _put(target, model, columns, copy.rows())
    with source.cursor().copy(_SEARCH_OUT) as copy:
        copy.set_types(["int8", "text"])
        target.executemany("INSERT INTO search_entry (task, text) VALUES (?, ?)", copy.rows())


def _put(target: sqlite3.Connection, model: Any, columns: list[Any], rows: Iterable[Any]) -> None:
    times = [place for place, field in enumerate(columns) if isinstance(field, models.DateTimeField)]
    statement = (
        f"INSERT INTO {model._meta.db_table} ({_names(columns)}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608
    )
    target.executemany(statement, _with_text(rows, times) if times else rows)


def _with_text(rows: Iterable[Any], times: list[int]) -> Iterator[list[Any]]:
    """The rows with times as Django writes them on SQLite."""
    for row in rows:
        values = list(row)
        for place in times:
            if values[place] is not None:
                values[place] = str(values[place])
        yield values


def make_empty(target: "psycopg.Connection[Any]") -> None:
    """Take away every row of Orgo's tables, in the open transaction: what `orgo init` made."""
    tables = sql.SQL(", ").join(sql.Identifier(model._meta.db_table) for model in moving.tables())
    target.execute(sql.SQL("TRUNCATE {} CASCADE").format(tables))


def bring_in(source: sqlite3.Connection, target: "psycopg.Connection[Any]") -> dict[str, int]:
    """Copy every row to the empty tables of the open transaction; returns how many rows each has there."""
    counts = {}
    for model in moving.tables():
        table, columns = model._meta.db_table, _columns(model)
        names = sql.SQL(", ").join(sql.Identifier(field.column) for field in columns)
        asked = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)
        with target.cursor().copy(asked) as copy:
            for row in source.execute(f"SELECT {_names(columns)} FROM {table}"):  # noqa: S608
                copy.write_row(row)
        counted = target.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchone()
        counts[table] = counted[0] if counted else 0
    return counts


def _columns(model: type[models.Model]) -> list[Any]:
    return list(model._meta.concrete_fields)


def _names(columns: list[Any]) -> str:
    return ", ".join(f'"{field.column}"' for field in columns)


# What kind of column, how it is asked for, and the type that then comes.
_FORMS: tuple[tuple[type, str, str], ...] = (
    (models.DateTimeField, "{} AT TIME ZONE 'UTC'", "timestamp"),
    (models.BooleanField, "{}::int", "int8"),
    (models.IntegerField, "{}", "int8"),
    (models.BinaryField, "{}", "bytea"),
)


def _form(field: Any) -> tuple[str, str]:
    kind = field.target_field if field.is_relation else field
    return next((form[1:] for form in _FORMS if isinstance(kind, form[0])), ("{}::text", "text"))


def _asked(field: Any) -> sql.Composed:
    return sql.SQL(_form(field)[0]).format(sql.Identifier(field.column))


def _type(field: Any) -> str:
    return _form(field)[1]
