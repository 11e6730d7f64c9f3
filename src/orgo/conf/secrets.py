"""Secrets by reference: `${VAR}` in a text, and `file:path` as a whole value; nothing else is replaced.

`${VAR}` is the environment's variable; where there is none, the credential that systemd gave the service by that name.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from orgo.conf.kinds import expanded
from orgo.conf.section import Keys
from orgo.conf.sheet import Sheet

FORMS = (
    "write ${NAME} for an environment variable, file:path for a file, $${ for the characters ${ themselves"
)
_REFERENCE = re.compile(r"\$\$\{|\$\{([^}]*)(\}?)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LARGEST_SECRET = 65_536


def fill_in(sheet: Sheet, environ: Mapping[str, str], home: Path, may_lack: str | None = None) -> None:
    """Replace the references in `sheet.data`; what can't be replaced is noted, and its path spoiled.

    Keys of the section `may_lack` whose secrets are not here are left out: another machine has them.
    """
    sheet.data = _Filler(sheet, environ, home, may_lack).value(sheet.data, ())


class _Filler:
    """Walks through the data of one sheet."""

    def __init__(self, sheet: Sheet, environ: Mapping[str, str], home: Path, may_lack: str | None) -> None:
        self.sheet, self.environ, self.home, self.may_lack = sheet, environ, home, may_lack
        self.lacking: set[Keys] = set()

    def value(self, value: Any, path: Keys) -> Any:
        """`value` with its references replaced."""
        if isinstance(value, dict):
            filled = {key: self.value(inner, (*path, key)) for key, inner in value.items()}
            return {key: inner for key, inner in filled.items() if (*path, key) not in self.lacking}
        if isinstance(value, list):
            return [self.value(inner, (*path, number)) for number, inner in enumerate(value)]
        return self.text(value, path) if isinstance(value, str) else value

    def text(self, text: str, path: Keys) -> str:
        """A text with its references replaced; from the environment only `file:` is one."""
        from_environment = self.sheet.origin(path) is not None
        if text.startswith("file:"):
            base = self.home if from_environment else self.sheet.folder
            return self.file(text.removeprefix("file:"), base, path)
        if from_environment or "${" not in text:
            return text
        self.sheet.notes[path] = ", ".join(f"environment {m[1]}" for m in _REFERENCE.finditer(text) if m[1])
        return _REFERENCE.sub(lambda match: self.variable(match, path), text)

    def variable(self, match: re.Match[str], path: Keys) -> str:
        """What one `${NAME}` stands for."""
        if match[0] == "$${":
            return "${"
        name = match[1]
        if not match[2] or not _NAME.fullmatch(name):
            self.spoil(path, f"{match[0]!r} is no reference", FORMS)
        elif name not in self.environ:
            return self.credential(name, path)
        return self.environ.get(name, "")

    def credential(self, name: str, path: Keys) -> str:
        """The credential of this name that systemd handed to the service (LoadCredential=)."""
        folder = self.environ.get("CREDENTIALS_DIRECTORY", "")
        file = Path(folder) / name
        if folder and os.path.lexists(file) and not (file.is_file() and file.stat().st_size == 0):
            text = self.file(str(file), self.home, path)
            self.sheet.notes[path] = f"credential {name}"
            return text
        if path[0] == self.may_lack:
            self.lacking.add(path)
        else:
            self.spoil(path, f"the environment variable {name} is not set", f"set {name}, or {FORMS}")
        return ""

    def file(self, name: str, base: Path, path: Keys) -> str:
        """The content of a secret's file, without the line end that editors add."""
        place = base / expanded(name)
        self.sheet.notes[path] = f"file {name.strip()}"
        try:
            with place.open("rb") as stream:
                content = stream.read(_LARGEST_SECRET + 1)
            if len(content) > _LARGEST_SECRET:
                raise ValueError("it is larger than 64 KiB")
            text = content.decode("utf-8").removeprefix("\ufeff").rstrip("\r\n")
            if not text:
                raise ValueError("it is empty")
        except (OSError, ValueError) as error:
            if isinstance(error, FileNotFoundError) and path[0] == self.may_lack:
                self.lacking.add(path)
                return ""
            why = (error.strerror or "it can't be read") if isinstance(error, OSError) else _why(error)
            self.spoil(
                path, f"the file {name.strip()!r} can't be used: {why}", "file: names a readable text file"
            )
            return ""
        return text

    def spoil(self, path: Keys, message: str, hint: str) -> None:
        """Note a problem, and that nothing more need be said of this value."""
        self.sheet.blame(path, message, hint)
        self.sheet.spoiled.add(path)


def _why(error: ValueError) -> str:
    return "it is not UTF-8 text" if isinstance(error, UnicodeError) else str(error)


def in_clear(value: Any) -> bool:
    """Whether a secret stands in the file itself."""
    return isinstance(value, str) and not value.startswith("file:") and not re.search(r"(?<!\$)\$\{", value)


def password_in(url: str) -> bool:
    """Whether a URL carries a password in clear."""
    try:
        password = urlsplit(url).password
    except ValueError:
        return False
    return bool(password) and in_clear(password)
