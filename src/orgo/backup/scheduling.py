"""When the house takes backups by itself: what is configured, when the next one is due, and `every` written into config.yaml."""

import json
import re
from datetime import datetime
from pathlib import Path

import msgspec

from orgo.backup import state
from orgo.backup.making import backup_of
from orgo.conf import load
from orgo.conf.config import Config
from orgo.conf.kinds import duration
from orgo.conf.places import shown
from orgo.lib.files import write_whole
from orgo.lib.problems import BadInput, Problem

NEVER = "never"
_SECTION = re.compile(r"^backup:[ \t]*(#[^\n]*)?\n", re.MULTILINE)
_LINE = re.compile(r"([ \t]+)every:[^\n]*\n")
_INSIDE = re.compile(r"(?:[ \t]+[^\n]*\n|[ \t]*(?:#[^\n]*)?\n)*")
_INDENT = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\n)*([ \t]+)")


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

    Raises BadInput where it is no such word, or the section is written in a form that is left to its owner.
    """
    backup_of(config)
    try:
        duration(every) if every != NEVER else None
    except ValueError as error:
        raise BadInput(Problem(str(error), key="backup.every")) from None
    line = f"every: {json.dumps(every, ensure_ascii=False)}" if every != NEVER else ""
    file = config.file
    before = file.read_bytes() if file else b""
    found = _SECTION.search(before.decode("utf-8-sig"))
    if file is None or found is None:
        words = "`backup:` is not written there with its keys below each other, so it is left to its owner"
        raise BadInput(
            Problem(words, file=shown(file, config.home) if file else None, hint=f"write by hand: {line}")
        )
    _write(file, _with(before.decode("utf-8-sig"), found.end(), line).encode())
    try:
        return load(config.home)
    except BadInput:
        _write(file, before)
        raise


def _with(text: str, begin: int, line: str) -> str:
    """The text with this line in the section that begins there, in the place of the one that is there."""
    inside = _INSIDE.match(text, begin)
    end = inside.end() if inside else begin
    section = text[begin:end]
    if _LINE.search(section):
        section = _LINE.sub(lambda found: f"{found[1]}{line}\n" if line else "", section, count=1)
    elif line:
        indent = _INDENT.match(section)
        section = f"{indent[1] if indent else '  '}{line}\n{section}"
    return text[:begin] + section + text[end:]


def _write(file: Path, data: bytes) -> None:
    new = file.with_name(f".{file.name}.new")
    new.touch(mode=file.stat().st_mode & 0o777)
    write_whole(file, data, new)
