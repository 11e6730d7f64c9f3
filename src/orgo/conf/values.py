"""How the values of a model's field go to the database, in a statement or a COPY, and how they come back."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache, lru_cache, partial
from typing import Any

import msgspec
from django.db import DataError, connection, models

Adapter = Callable[[Any], Any]


@cache
def field_of(model: type[models.Model], name: str) -> "models.Field[Any, Any]":
    """The model's field of this name."""
    field = model._meta.get_field(name)
    assert isinstance(field, models.Field)
    return field


@cache
def adapter(field: "models.Field[Any, Any]") -> Adapter:
    """How a value goes into a statement."""
    if isinstance(field, models.JSONField):
        return as_json
    if isinstance(field, models.DateTimeField):
        return instant
    return same


def copied(field: "models.Field[Any, Any]") -> Adapter:
    """How a value goes into a COPY in binary."""
    if isinstance(field, models.JSONField):
        return _jsonb
    return {"smallint": _of_16_bits, "integer": _of_32_bits}.get(_type(field), same)


def _of_bits(bits: int, value: int | None) -> int | None:
    """The number, if it has no more bits: psycopg cuts off the others, where the server would refuse it."""
    if value is not None and not -(1 << bits - 1) <= value < 1 << bits - 1:
        raise DataError(f"{value} is out of range for {bits} bits")
    return value


_of_16_bits, _of_32_bits = partial(_of_bits, 16), partial(_of_bits, 32)


def _jsonb(value: Any) -> str:
    """The binary form of jsonb is a byte with its version, 1, and the text; as one text psycopg takes it faster than as bytes."""
    return "\x01" + msgspec.json.encode(value).decode()


def copied_as(field: "models.Field[Any, Any]") -> str:
    """The type whose binary form a value is given in."""
    return "text" if isinstance(field, models.JSONField) else _type(field)


@cache
def _type(field: "models.Field[Any, Any]") -> str:
    """The field's type as PostgreSQL names it, without a length; "" on other databases, which need none."""
    return str(field.db_type(connection)).partition("(")[0] if connection.vendor == "postgresql" else ""


@cache
def reader(field: "models.Field[Any, Any]") -> Adapter:
    """How a value comes back from the database."""
    if isinstance(field, models.JSONField):
        return msgspec.json.decode
    if isinstance(field, models.DateTimeField):
        return _aware
    return same


def _aware(value: datetime) -> datetime:
    """SQLite keeps instants without a zone, in UTC."""
    return value if value.tzinfo is not None else value.replace(tzinfo=UTC)


def as_json(value: Any) -> str:
    """A value as the text of JSON."""
    return msgspec.json.encode(value).decode()


@lru_cache(4096)
def instant(value: datetime | None) -> Any:
    """An instant as the database takes it; a batch has few of them, each in many rows."""
    return connection.ops.adapt_datetimefield_value(value) if value is not None else None


def same(value: Any) -> Any:
    """The value as it is: so most go, and come."""
    return value


def sent_as(field: "models.Field[Any, Any]") -> str:
    """The type in which a value is sent. A text has no length there, which would cut it: one that is too long is refused."""
    is_text = isinstance(field, models.CharField | models.TextField | models.JSONField)
    return "text" if is_text else _type(field)
