"""Reads the keys of a map of the rules' file, each in its kind, and gathers what is wrong with them."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from orgo.lib import yaml
from orgo.lib.durations import Duration, parse_duration
from orgo.lib.hours import Span, parse_hours
from orgo.lib.problems import SHOWN_AT_MOST, Problem, did_you_mean
from orgo.lib.yaml import Node
from orgo.rules.parse import Parsed, parse_condition
from orgo.rules.terms import BadCondition

T = TypeVar("T")
LONGEST_TEXT = 500
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True)
class Paper:
    """The file that is read: its name to show, its text, and what is found to be wrong or odd in it."""

    file: str
    text: str
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)


class Sheet:
    """One map of the file. Every reader gives the value, or None after noting what is wrong."""

    def __init__(self, node: Node, path: str, paper: Paper) -> None:
        self.node, self.path, self.paper = node, path, paper
        self.values = {str(key.value): value for key, value in node.items()}
        if node.kind != "map":
            self.wrong(node, "", "a map with keys is meant here", "write key: value lines, indented")

    def below(self, key: str, node: Node, number: int | None = None) -> "Sheet":
        """The map that stands under a key (or, `number`, in its list)."""
        place = key if number is None else f"{key}[{number}]"
        return Sheet(node, self._name(place), self.paper)

    def _name(self, key: str) -> str:
        return ".".join(part for part in (self.path, key) if part)

    def wrong(self, node: Node, key: str, message: str, hint: str | None = None) -> None:
        """Note a problem at a value."""
        name = self._name(key) or None
        self.paper.problems.append(Problem(message, self.paper.file, node.line, node.column, name, hint))

    def odd(self, node: Node, key: str, message: str, hint: str | None = None) -> None:
        """Note a warning at a value."""
        place = (self.paper.file, node.line, node.column, self._name(key) or None)
        self.paper.warnings.append(Problem(message, *place, hint, "warning"))

    def only(self, known: Iterable[str], elsewhere: Mapping[str, str]) -> None:
        """Refuse keys that are not known, with the nearest one, or the place where the key belongs."""
        allowed = frozenset(known)
        for key, _value in self.node.items():  # noqa: PERF102 - pairs of nodes, no dict
            name = str(key.value)
            if name in allowed:
                continue
            hint = f"it belongs under {elsewhere[name]}" if name in elsewhere else did_you_mean(name, allowed)
            place = (self.paper.file, key.line, key.column, self.path or None)
            self.paper.problems.append(Problem(f"there is no key {name} here", *place, hint))

    def get(self, key: str) -> Node | None:
        """The node of a key, None where it is missing or empty."""
        node = self.values.get(key)
        return None if node is None or (node.kind == "scalar" and node.value is None) else node

    def text(self, key: str) -> str | None:
        """A text of one line."""
        node = self.get(key)
        return self._line(node, key) if node is not None else None

    def _line(self, node: Node, key: str) -> str | None:
        if node.kind != "scalar" or isinstance(node.value, bool):
            self.wrong(node, key, "a text is meant here", "put it in quotes")
            return None
        text = node.text.strip()
        if _CONTROLS.search(text):
            self.wrong(node, key, "a line break or another control character stands in it", "write one line")
            return None
        if len(text) > LONGEST_TEXT:
            self.wrong(node, key, f"it has {len(text):,} characters", f"at most {LONGEST_TEXT}")
            return None
        return text

    def one_of(self, key: str, allowed: tuple[str, ...]) -> str | None:
        """One of these words."""
        word, node = self.text(key), self.get(key)
        if word is None or node is None:
            return None
        if word not in allowed:
            self.wrong(node, key, f"{word} is not known here", did_you_mean(word, allowed))
            return None
        return word

    def truth(self, key: str) -> bool | None:
        """true or false, in whichever words YAML or its writer has for them."""
        node = self.get(key)
        if node is None:
            return None
        truth = yaml.TRUTH.get(node.text.lower())
        if truth is None:
            self.wrong(node, key, "true or false is meant here")
        return truth

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; one text is a list of one."""
        node = self.get(key)
        if node is None:
            return ()
        found = []
        for item in node.value if node.kind == "list" else [node]:
            if item.kind != "scalar" or item.value is None:
                self.wrong(item, key, "a list of texts is meant here", "write it like [one, two]")
            elif (text := self._line(item, key)) is not None:
                found.append(text)
        return tuple(found)

    def address(self, key: str) -> str | None:
        """An address, a team or a role."""
        text, node = self.text(key), self.get(key)
        if text is None or node is None:
            return None
        return text if self._is_address(text, node, key, "such as maintenance@organization.com") else None

    def addresses(self, key: str) -> tuple[str, ...]:
        """A list of addresses, teams or roles."""
        node = self.get(key)
        hint = "several stand in a list: [a@b.example, c@b.example]"
        return tuple(text for text in self.texts(key) if node and self._is_address(text, node, key, hint))

    def _is_address(self, text: str, node: Node, key: str, hint: str) -> bool:
        plain = text and not ("@" in text and (text.count("@") > 1 or re.search(r"[\s,;<>\"]", text)))
        if not plain:
            self.wrong(node, key, "one address or team is meant here", hint)
        return bool(plain)

    def duration(self, key: str) -> Duration | None:
        """A length of time."""
        return self._read(key, parse_duration)

    def hours(self, key: str) -> tuple[Span, ...]:
        """Hours of the week."""
        return self._read(key, parse_hours) or ()

    def day(self, key: str) -> date | None:
        """A date."""
        return self._read(key, _day)

    def _read(self, key: str, reader: Callable[[str], T]) -> T | None:
        text, node = self.text(key), self.get(key)
        if text is None or node is None:
            return None
        try:
            return reader(text)
        except ValueError as error:
            message, _, hint = str(error).partition("; ")
            self.wrong(node, key, message, hint or None)
            return None

    def condition(self, key: str) -> Parsed | None:
        """A condition; a problem has the place within it and shows the line with a caret."""
        node = self.get(key)
        if node is None:
            return None
        if node.kind != "scalar" or isinstance(node.value, bool):
            hint = "write it in quotes: \"subject contains 'leak'\""
            self.wrong(node, key, "a condition is meant here", hint)
            return None
        try:
            return parse_condition(node.text)
        except BadCondition as error:
            self._wrong_within(node, key, error)
            return None

    def _wrong_within(self, node: Node, key: str, error: BadCondition) -> None:
        text, offset = node.text, min(error.offset, len(node.text))
        start = text.rfind("\n", 0, offset) + 1
        shown = text[start:].partition("\n")[0]
        # A long line is shown as far as the eye needs it.
        cut = max(0, offset - start - 80)
        drawn = f"  {shown[cut : cut + 120]}\n  {' ' * (offset - start - cut)}^"
        hint = f"{error.hint or ''}\n{drawn}"
        # To find the place costs a walk through the file, and no more than these are shown.
        few = len(self.paper.problems) < SHOWN_AT_MOST
        line, column = yaml.place(self.paper.text, node, offset) if few else (node.line, node.column)
        self.paper.problems.append(
            Problem(error.message, self.paper.file, line, column, self._name(key), hint)
        )

    def children(self, key: str) -> list["Sheet"]:
        """The maps of a list."""
        node = self.get(key)
        if node is None:
            return []
        if node.kind != "list":
            self.wrong(node, key, "a list is meant here", "each item begins with a dash")
            return []
        sheets = (self.below(key, item, number) for number, item in enumerate(node.value))
        return [sheet for sheet in sheets if sheet.node.kind == "map"]


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text} is no date; write it like 2026-09-01") from None
