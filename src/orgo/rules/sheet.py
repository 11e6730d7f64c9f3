"""Reads the keys of a map of the rules' file, each in its kind, and gathers what is wrong with them."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import TypeVar

from orgo.lib.durations import Duration, parse_duration
from orgo.lib.hours import Span, parse_hours
from orgo.lib.problems import Problem, did_you_mean
from orgo.lib.yaml import Node
from orgo.rules.parse import BadCondition, Parsed, parse_condition

T = TypeVar("T")


class Sheet:
    """One map of the file. Every reader gives the value, or None after noting what is wrong."""

    def __init__(self, node: Node, path: str, file: str, problems: list[Problem]) -> None:
        self.path, self.file, self.problems = path, file, problems
        self.node = node
        self.values = {str(key.value): value for key, value in node.items()}
        if node.kind != "map":
            self.wrong(node, "", "a map with keys is meant here", "write key: value lines, indented")

    def wrong(self, node: Node, key: str, message: str, hint: str | None = None) -> None:
        """Note a problem at a value."""
        name = ".".join(part for part in (self.path, key) if part)
        self.problems.append(Problem(message, self.file, node.line, node.column, name or None, hint))

    def only(self, known: Mapping[str, str | None] | frozenset[str], elsewhere: Mapping[str, str]) -> None:
        """Refuse keys that are not known, with the nearest one, or the place where the key belongs."""
        for key, _value in self.node.items():  # noqa: PERF102 - pairs of nodes, no dict
            name = str(key.value)
            if name in known:
                continue
            hint = f"it belongs under {elsewhere[name]}" if name in elsewhere else did_you_mean(name, known)
            self.problems.append(
                Problem(
                    f"there is no key {name} here", self.file, key.line, key.column, self.path or None, hint
                )
            )

    def get(self, key: str) -> Node | None:
        """The node of a key, None where it is missing or empty."""
        node = self.values.get(key)
        return None if node is None or (node.kind == "scalar" and node.value is None) else node

    def text(self, key: str) -> str | None:
        """A text of one line."""
        node = self.get(key)
        if node is None:
            return None
        if node.kind != "scalar" or isinstance(node.value, bool):
            self.wrong(node, key, "a text is meant here", "put it in quotes")
            return None
        return node.text.strip()

    def one_of(self, key: str, allowed: tuple[str, ...]) -> str | None:
        """One of these words."""
        word = self.text(key)
        node = self.get(key)
        if word is None or node is None:
            return None
        if word not in allowed:
            self.wrong(node, key, f"{word} is not known here", did_you_mean(word, allowed))
            return None
        return word

    def truth(self, key: str) -> bool | None:
        """true or false."""
        node = self.get(key)
        if node is None:
            return None
        if isinstance(node.value, bool):
            return node.value
        if node.kind == "scalar" and node.text.lower() in ("yes", "on", "no", "off"):
            return node.text.lower() in ("yes", "on")
        self.wrong(node, key, "true or false is meant here")
        return None

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; one text is a list of one."""
        node = self.get(key)
        if node is None:
            return ()
        items = node.value if node.kind == "list" else [node]
        found = []
        for item in items:
            if item.kind != "scalar" or item.value is None:
                self.wrong(item, key, "a list of texts is meant here", "write it like [one, two]")
            else:
                found.append(item.text.strip())
        return tuple(found)

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
        """A condition; a problem has its column within the condition and shows the line with a caret."""
        text, node = self.text(key), self.get(key)
        if text is None or node is None:
            return None
        try:
            return parse_condition(text)
        except BadCondition as error:
            self.problems.append(self._condition_problem(node, key, text, error))
            return None

    def _condition_problem(self, node: Node, key: str, text: str, error: BadCondition) -> Problem:
        one_line = node.style not in ("|", ">") and "\n" not in text
        line, column = node.line, node.column
        if one_line:
            column += error.offset + (1 if node.style else 0)
        elif node.style == "|":
            before = text[: error.offset]
            line, column = node.line + 1 + before.count("\n"), error.offset - (before.rfind("\n") + 1) + 1
        shown = text.splitlines()[text[: error.offset].count("\n")] if text else ""
        caret = " " * (error.offset - (text.rfind("\n", 0, error.offset) + 1)) + "^"
        hint = "\n".join(filter(None, [error.hint, f"  {shown}", f"  {caret}"]))
        return Problem(error.message, self.file, line, column, f"{self.path}.{key}", hint)

    def children(self, key: str) -> list[tuple[int, Node]]:
        """The items of a list of maps, with their numbers."""
        node = self.get(key)
        if node is None:
            return []
        if node.kind != "list":
            self.wrong(node, key, "a list is meant here", "each item begins with a dash")
            return []
        return list(enumerate(node.value))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text} is no date; write it like 2026-09-01") from None
