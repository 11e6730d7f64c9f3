"""A configuration whose indentation was lost on the way (copied from a printed page), and the form that was meant."""

import re

from orgo.conf.config import Config
from orgo.conf.section import field_at, names, section_at
from orgo.lib.problems import Problem

_LINE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)[ \t]*:(?:[ \t]+(.*))?$")
_SECRETS = ("password", "secret_key")


def flat_problem(text: str, file: str) -> Problem | None:
    """The one problem of a file that has keys of `smtp:` or another section beside it instead of under it, else None."""
    first, shown, section = None, [], ""
    for number, line in _lines(text):
        match = _LINE.match(line)
        key, value = (match[1], (match[2] or "").strip()) if match else ("", "")
        if section and _belongs(section, key):
            first = first or (number, section)
            shown.append(f"  {key}: {_shown(section, key, value)}")
            continue
        section = key if key and not value and section_at(Config, (key,)) is not None else ""
        shown.append(f"{key}: {value}".rstrip() if match else "")
    if first is None:
        return None
    hint = "indent them by two spaces, like this:\n" + "\n".join(line for line in shown if line)
    return Problem(f"the keys of {first[1]} stand beside it, not under it", file, first[0], 1, first[1], hint)


def _lines(text: str) -> list[tuple[int, str]]:
    """The lines that say something, with their numbers."""
    lines = [
        (number, line.rstrip()) for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1)
    ]
    return [(number, line) for number, line in lines if line and not line.lstrip().startswith(("#", "---"))]


def _belongs(section: str, key: str) -> bool:
    """Whether a key is one of the section's and none of the top."""
    model = section_at(Config, (section,))
    return model is not None and key in names(model) and field_at(Config, (key,)) is None


def _shown(section: str, key: str, value: str) -> str:
    if key in _SECRETS and not value.startswith(("${", "file:")):
        return f"${{{section.upper()}_{key.upper()}}}"
    return value
