"""Every value of a configuration with where it comes from, for `orgo config show`; secrets are hidden."""

from typing import Any, NamedTuple

from pydantic import SecretStr

from orgo.conf.config import Config
from orgo.conf.kinds import masked
from orgo.conf.section import Keys, Section, dotted
from orgo.lib.hours import Span
from orgo.lib.text import clip

HIDDEN = "***"
_DAY_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class Row(NamedTuple):
    """One key, its value as it may be shown, and its source."""

    key: str
    value: str
    source: str


def show(config: Config) -> list[Row]:
    """Rows for every key, in the order of the documentation."""
    sources = config.sources
    return [
        Row(dotted(path), text(value), sources.get(dotted(path), "default")) for path, value in values(config)
    ]


def values(section: Section, before: Keys = ()) -> list[tuple[Keys, Any]]:
    """The path and value of everything that a section has, list entries and named entries included."""
    found: list[tuple[Keys, Any]] = []
    for name, field in type(section).model_fields.items():
        path: Keys = (*before, field.alias or name)
        for where, entry in _entries(path, getattr(section, name)):
            found.extend(values(entry, where) if isinstance(entry, Section) else [(where, entry)])
    return found


def _entries(path: Keys, value: Any) -> list[tuple[Keys, Any]]:
    if isinstance(value, tuple) and value and isinstance(value[0], Section | SecretStr):
        return [((*path, number), entry) for number, entry in enumerate(value)]
    if isinstance(value, dict) and value:
        return [((*path, key), entry) for key, entry in value.items()]
    return [(path, value)]


def text(value: Any) -> str:
    """A value as it may be shown: no secret, no password of a URL."""
    if isinstance(value, SecretStr):
        return HIDDEN
    if value is None or value == () or value == {}:
        return "(none)"
    if isinstance(value, tuple) and isinstance(value[0], Span):
        return "; ".join(_span(span) for span in value)
    if isinstance(value, tuple):
        return ", ".join(text(entry) for entry in value)
    return str(value).lower() if isinstance(value, bool) else clip(masked(str(value)), 300)


def _span(span: Span) -> str:
    ends = "-".join(f"{minute // 60:02}:{minute % 60:02}" for minute in (span.start, span.end))
    return f"{_DAY_NAMES[span.day]} {ends}"
