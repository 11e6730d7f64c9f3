"""Texts with placeholders, and nothing else: no code, no loops, no attributes (design/security.md S48)."""

import re
from collections.abc import Iterable, Mapping

from orgo.lib.problems import Problem, did_you_mean

_PLACEHOLDER = re.compile(r"\{([^{}\n]{0,60})\}")
_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")


class Template:
    """A text that is read once and filled in often; `names` are its placeholders."""

    def __init__(self, text: str) -> None:
        self.names = frozenset(names(text))
        self._lines = [_read(line) for line in text.split("\n")]

    def render(self, values: Mapping[str, str]) -> str:
        """The text with each {name} replaced by its value; a line that consists of an empty placeholder goes away.

        Values are put in once and never looked at again, so a value that looks like a placeholder stays as it is. A name
        without a value stays as it is too.
        """
        filled = []
        for form, slots in self._lines:
            line = (
                (form % tuple([values.get(name, shown) for name, shown in slots])).rstrip() if slots else form
            )
            if line or not slots:
                filled.append(line)
        return "\n".join(filled)


def _read(line: str) -> tuple[str, list[tuple[str, str]]]:
    """A line as a form, and what goes into its slots: the name, and how it was written."""
    slots = [(found[1], found[0]) for found in _PLACEHOLDER.finditer(line)]
    return (_PLACEHOLDER.sub("%s", line.replace("%", "%%")) if slots else line.rstrip()), slots


def render(text: str, values: Mapping[str, str]) -> str:
    """A template's text filled in."""
    return Template(text).render(values)


def names(text: str) -> list[str]:
    """The placeholders of a text, in their order."""
    return _PLACEHOLDER.findall(text)


def check(text: str, known: Iterable[str], file: str) -> list[Problem]:
    """What is wrong with a template: unknown placeholders and lone braces, with line and column."""
    names = set(known)
    problems = []
    for number, line in enumerate(text.split("\n"), 1):
        for found in _PLACEHOLDER.finditer(line):
            if found[1] not in names:
                hint = did_you_mean(found[1], names) if _NAME.match(found[1]) else "a placeholder is {name}"
                problems.append(
                    Problem(f"unknown placeholder {found[0]}", file, number, found.start() + 1, hint=hint)
                )
        rest = _PLACEHOLDER.sub(lambda found: " " * len(found[0]), line)
        for column, letter in enumerate(rest, 1):
            if letter in "{}":
                problems.append(
                    Problem(f"a lone {letter}", file, number, column, hint="a placeholder is {name}")
                )
    return problems
