"""How commands print: JSON objects a line each, tables in columns, words on standard error."""

import json
import shutil
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Self

import click
import msgspec

from orgo.cli.errors import plain
from orgo.lib.local import local
from orgo.lib.problems import Problem
from orgo.lib.text import clip

as_json_option = click.option("--json", "as_json", is_flag=True, help="JSON; of lists an object a line.")


def line(value: Any) -> None:
    """One JSON object on a line of its own."""
    click.echo(json.dumps(msgspec.to_builtins(value, enc_hook=str), ensure_ascii=False))


_NARROWEST = 16


def table(heads: Sequence[str], rows: Iterable[Sequence[object]], *, cut: bool = False) -> None:
    """Rows in columns as wide as their widest cell; the last one is as long as it is, or with `cut` as a terminal has room."""
    cells = [[*heads], *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(heads))]
    if cut and sys.stdout.isatty():
        room = shutil.get_terminal_size().columns - sum(width + 2 for width in widths[:-1])
        cells = [[*row[:-1], clip(row[-1], max(room, _NARROWEST))] for row in cells]
        widths[-1] = 0
    for row in cells:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _cell(value: object) -> str:
    if value is None:
        return ""
    return plain(", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value))


def fact(name: str, value: object, width: int = 12) -> None:
    """A line that says one thing; nothing where there is no value."""
    if value not in (None, "", []):
        click.echo(f"{name:{width}} {_cell(value)}")


def facts(found: Mapping[str, object], width: int = 12) -> None:
    """A line for each fact of an object that is JSON elsewhere; its times (UTC) are shown in the organization's zone."""
    for name, value in found.items():
        fact(name, when(value) if name.endswith("_at") and isinstance(value, str) else value, width)


def when(at: datetime | str | None, unit: str = "minutes") -> str:
    """An instant (or its ISO form) in the organization's zone, with its distance from UTC."""
    from orgo.conf import boot

    return local(at, boot.config().organization.zone, unit) if at else ""


def say(words: str) -> None:
    """A word beside the result: on standard error, so that the result stays clean."""
    click.echo(f"orgo: {plain(words)}", err=True)


def problems(found: Iterable[Problem], as_json: bool) -> None:
    """What a check found, as its result."""
    for problem in found:
        if as_json:
            line(problem.as_json())
        else:
            click.echo(f"{problem.severity}: {problem}")


def is_terminal() -> bool:
    """Whether a person sits at both ends."""
    return sys.stdin.isatty() and sys.stdout.isatty()


class Live:
    """How far long work is, on standard error: a line that moves on a terminal, elsewhere one a second."""

    def __init__(self) -> None:
        self._last = time.monotonic()
        self._terminal = sys.stderr.isatty()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._terminal:
            click.echo("\r\x1b[K", err=True, nl=False)

    def say(self, words: str) -> None:
        """Show it, at most once a second."""
        if time.monotonic() - self._last < 1.0:
            return
        self._last = time.monotonic()
        click.echo(f"\r{words}\x1b[K" if self._terminal else words, err=True, nl=not self._terminal)
