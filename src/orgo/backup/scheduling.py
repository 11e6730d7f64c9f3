"""When the house takes backups by itself: what is configured, when the next one is due, and `every` written into config.yaml."""

import json
import re
from datetime import datetime
from itertools import takewhile
from pathlib import Path
from typing import Any

import msgspec

from orgo.backup import state
from orgo.backup.making import backup_of
from orgo.conf import load
from orgo.conf.config import Config
from orgo.conf.kinds import duration
from orgo.conf.places import shown
from orgo.lib.files import may_write, write_whole
from orgo.lib.problems import BadInput, Problem

NEVER = "never"
_SECTION = re.compile(r"\ufeff?backup:[ \t]*(#.*)?\r?")
_INSIDE = re.compile(r"([ \t].*|#.*|\r?)")
_KEY = re.compile(r"([ \t]+)[^ \t#\r].*")
_EVERY = re.compile(r"([ \t]+)every:[^#\r]*?([ \t]+#[^\r]*)?(\r?)")


class Schedule(msgspec.Struct, frozen=True):
    """`every` in seconds and `next` are None where none is made by itself; `here` says whether this machine may make them."""

    every: int | None
    last: datetime | None
    next: datetime | None
    here: bool
    to: str
    keep: dict[str, int]


def schedule(config: Config) -> Schedule:
    """How it is now. Raises BadInput where no backup is configured."""
    backup, row = backup_of(config), state.read()
    every = backup.every
    seconds = every.days * 86_400 + every.seconds if every else None
    return Schedule(
        seconds, row.made_at, state.due_at(row, config), backup.here, backup.to, backup.keep.model_dump()
    )


def set_every(config: Config, every: str) -> Config:
    """Write how often ("6 hours", NEVER) into config.yaml, all else left as it is; returns the new configuration.

    Raises BadInput where it is no such word, or the section is written in a form that is left to its owner; the file is then
    as it was.
    """
    backup_of(config)
    try:
        wanted = duration(every) if every != NEVER else None
    except ValueError as error:
        raise BadInput(Problem(str(error), key="backup.every")) from None
    line = f"every: {json.dumps(every, ensure_ascii=False)}" if every != NEVER else ""
    file = config.file
    before = file.read_bytes() if file else b""
    text = _with(before.decode(), line)
    if file is None or text is None:
        words = "`backup:` is not written there with its keys below each other, so it is left to its owner"
        raise BadInput(_by_hand(config, words, line))
    if not may_write(file.parent):
        raise BadInput(_by_hand(config, "Orgo may not write in its folder", line))
    _write(file, text.encode())
    try:
        new = load(config.home)
    except BadInput:
        _write(file, before)
        raise
    if _all_else(new) != _all_else(config) or new.backup is None or new.backup.every != wanted:
        _write(file, before)
        raise BadInput(_by_hand(config, "nothing but backup.every would have to change, and more does", line))
    return new


def _by_hand(config: Config, words: str, line: str) -> Problem:
    file = shown(config.file, config.home) if config.file else None
    return Problem(words, file=file, key="backup.every", hint=f"write by hand: {line or 'no every:'}")


def _all_else(config: Config) -> dict[str, Any]:
    return config.model_dump(exclude={"backup": {"every"}})


def _with(text: str, line: str) -> str | None:
    """The text with this line ("": none) in its section `backup:`, in the place of the one that is there.

    None where the section is not written with its keys below each other. Lines end as they did.
    """
    lines = text.split("\n")
    head = next((at for at, one in enumerate(lines) if _SECTION.fullmatch(one)), None)
    if head is None:
        return None
    section = list(takewhile(_INSIDE.fullmatch, lines[head + 1 :]))
    there = next((at for at, one in enumerate(section) if _EVERY.fullmatch(one)), None)
    if there is None:
        return "\n".join([*lines[: head + 1], *_first(section, line, lines[head]), *lines[head + 1 :]])
    found = _EVERY.fullmatch(section[there])
    assert found is not None
    new = [f"{found[1]}{line}{found[2] or ''}{found[3]}"] if line else []
    return "\n".join([*lines[: head + 1 + there], *new, *lines[head + 2 + there :]])


def _first(section: list[str], line: str, head: str) -> list[str]:
    """The line as the first of its section, indented like the others there."""
    indent = next((found[1] for one in section if (found := _KEY.match(one))), "  ")
    end = "\r" if head.endswith("\r") else ""
    return [f"{indent}{line}{end}"] if line else []


def _write(file: Path, data: bytes) -> None:
    new = file.with_name(f".{file.name}.new")
    new.touch(mode=file.stat().st_mode & 0o777)
    write_whole(file, data, new)
