"""A mailbox is written into config.yaml: into `mailboxes:`, with its comments and everything else left as they are."""

import json
import os
import re
from collections.abc import Mapping
from contextlib import ExitStack
from itertools import count
from pathlib import Path

from orgo.conf import Config, load
from orgo.conf.places import shown
from orgo.lib.files import may_write
from orgo.lib.problems import BadInput, Problem

_LIST = re.compile(r"^mailboxes:[ \t]*(#[^\n]*)?\n", re.MULTILINE)
_ANY = re.compile(r"^mailboxes:", re.MULTILINE)
_FIRST_ITEM = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\n)*([ \t]*)- ")


def look(config: Config, values: Mapping[str, str | int | list[str]]) -> None:
    """Before a secret is kept: raises BadInput, with the lines to write by hand, where `add` may not write config.yaml."""
    file, lines = _file(config), _item(values)
    _with(_text(file), lines, file)
    if not may_write(file.parent):
        words = "Orgo may not write in this folder, so the mailbox is written there by its owner"
        hint = f"add by hand, and start Orgo anew:\nmailboxes:\n{lines}"
        raise BadInput(Problem(words, file=shown(file, Path.cwd()), hint=hint.rstrip()))


def add(
    config: Config, name: str, values: Mapping[str, str | int | list[str]], secrets: Mapping[str, str]
) -> tuple[Config, str]:
    """Write a mailbox with these keys into config.yaml, each of `secrets` into a file for its owner alone.

    Returns the new configuration and the lines that were written. Raises BadInput where the configuration would be wrong
    with it (then all files are as before), or is not to be amended.
    """
    file, kept = _file(config), {kind: _secret_file(config, name, kind) for kind in secrets}
    folder = config.file.parent if config.file else config.home
    refer = {kind: f"file:{os.path.relpath(where, folder)}" for kind, where in kept.items()}
    lines = _item({**values, **refer})
    before = file.read_bytes() if file.exists() else b""
    text = _with(_text(file), lines, file)
    file.parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as undo:
        for kind, where in kept.items():
            _keep(where, secrets[kind])
            undo.callback(where.unlink)
        _write(file, text.encode())
        undo.callback(_write, file, before)
        amended = load(config.home)
        undo.pop_all()
    return amended, lines


def _secret_file(config: Config, name: str, kind: str) -> Path:
    """One that is not there yet: two names may look the same in a file's."""
    stem = re.sub(r"[^A-Za-z0-9._-]", "_", name)[:80]
    names = (f"{stem}{f'-{number}' if number > 1 else ''}.{kind}" for number in count(1))
    return next(file for one in names if not (file := config.var / "secrets" / one).exists())


def _keep(file: Path, secret: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(secret)


def _file(config: Config) -> Path:
    return config.file or config.home / "config" / "config.yaml"


def _text(file: Path) -> str:
    return file.read_bytes().decode("utf-8-sig") if file.exists() else ""


def _item(values: Mapping[str, str | int | list[str]]) -> str:
    """The mailbox as an item of a YAML list; every text in quotes, so that it is read as it is."""
    pairs = [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()]
    return "  - " + "\n    ".join(pairs) + "\n"


def _with(text: str, item: str, file: Path) -> str:
    there = _LIST.search(text)
    if there is None:
        if _ANY.search(text):
            words = "`mailboxes:` is written in one line, which is left to its owner"
            raise BadInput(Problem(words, file=shown(file, Path.cwd()), hint=f"add by hand:\n{item}"))
        begin = f"{text.rstrip()}\n\n" if text.strip() else ""
        return f"{begin}mailboxes:\n{item}"
    first = _FIRST_ITEM.match(text, there.end())
    indent = first[1] if first else "  "
    return text[: there.end()] + re.sub(r"(?m)^  ", indent, item) + text[there.end() :]


def _write(file: Path, data: bytes) -> None:
    """The whole file or the former one, never half of it."""
    new = file.with_name(f".{file.name}.new")
    new.write_bytes(data)
    if file.exists():
        new.chmod(file.stat().st_mode & 0o777)
    new.replace(file)
