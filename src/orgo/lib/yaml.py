"""YAML as people mean it: the 1.2 core schema with every mark kept, and none of the traps (design/reliability.md M8).

Read on PyYAML's events: no tags, no aliases, no key twice; `NO`, `on`, `8:30`, `017` and dates are text. Each value knows
its line and column, so that whatever is wrong with it later can be shown where it stands.
"""

import math
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, Literal

import msgspec
import yaml

from orgo.lib.problems import BadInput, Problem

LARGEST = 1_000_000
DEEPEST = 50
MOST_NODES = 10_000
MOST_NODES_OF_RULES = 400_000

_NULL = re.compile(r"(?:~|null|Null|NULL|)\Z")
_TRUE = re.compile(r"(?:true|True|TRUE)\Z")
_FALSE = re.compile(r"(?:false|False|FALSE)\Z")
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")

TRUTH = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}

# `[maps/{room}.pdf]` is no YAML, but everybody means a path by it: such braces are hidden from the parser.
_BEGINS_NO_TEXT = frozenset(("", *"~nNtTfF+-.0123456789"))

_HELD = re.compile(r"(?<=[A-Za-z0-9_./\-])\{([A-Za-z_][A-Za-z0-9_]{0,60})\}")
_SHOWN = str.maketrans("\ue000\ue001", "{}")

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Node(msgspec.Struct, frozen=True, gc=False):
    """A value of the file with the place where it stands (line and column from 1).

    `value` is a list of (key Node, Node) for a map, of Nodes for a list, else text, number, bool or None; `text` is the
    scalar as it was written; `style` its quotes ("'", '"', "|", ">" or "" for none).
    """

    kind: Literal["map", "list", "scalar"]
    value: Any
    line: int
    column: int
    text: str = ""
    style: str = ""

    def plain(self) -> Any:
        """The value as plain Python data."""
        if self.kind == "map":
            return {key.value: value.plain() for key, value in self.value}
        if self.kind == "list":
            return [value.plain() for value in self.value]
        return self.value

    def items(self) -> list[tuple["Node", "Node"]]:
        """The (key, value) pairs of a map, none of anything else."""
        return self.value if self.kind == "map" else []

    def get(self, key: str) -> "Node | None":
        """The value under a key of a map."""
        return next((value for name, value in self.items() if name.value == key), None)

    def at(self, path: Sequence[str | int]) -> "Node | None":
        """The node at a path of keys and indices, or None where there is none."""
        node: Node | None = self
        for step in path:
            if node is None:
                return None
            if isinstance(step, int):
                node = node.value[step] if node.kind == "list" and step < len(node.value) else None
            else:
                node = node.get(step)
        return node


def load(data: bytes | str, file: str, *, largest: int = LARGEST, most_nodes: int = MOST_NODES) -> Node:
    """Read one YAML document; an empty one is a scalar None.

    `file` is the name to show. Raises BadInput with file, line and column for whatever can't be read.
    """
    text = decoded(data, file, largest)
    reader = _Reader(file, most_nodes)
    try:
        return reader.read(yaml.parse(_hidden(text), Loader=_Loader))
    except yaml.MarkedYAMLError as error:
        raise BadInput(_syntax_problem(error, text, file)) from None
    except yaml.YAMLError as error:
        raise BadInput(_reader_problem(error, text, file)) from None


def _hidden(text: str) -> str:
    """The text with its placeholders as letters that mean nothing to a parser, of the same length."""
    return _HELD.sub("\ue000\\1\ue001", text)


def place(source: str, node: Node, offset: int) -> tuple[int, int]:
    """Where a character of a scalar stands in the file: its line and column, from 1.

    `source` is the whole text; `offset` counts from 0 in the scalar's text, which is shorter than what is written where
    quotes are doubled, letters escaped or lines folded.
    """
    at = _start(source, node)
    for number, letter in enumerate(node.text[:offset]):
        if letter.isspace() and source[at : at + 1] != "\\":
            # However many there are, they stand for all that is written there; the last one passes over them.
            if not node.text[number + 1 : number + 2].isspace():
                at = _SPACES.match(source, at).end()  # type: ignore[union-attr]
        else:
            at = _WRITTEN[node.style].match(source, at).end()  # type: ignore[union-attr]
    before = source[:at]
    return before.count("\n") + 1, at - (before.rfind("\n") + 1) + 1


_SPACES = re.compile(r"\s*")
_ONE = re.compile(r".?", re.DOTALL)
_ESCAPED = r"(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)"
_WRITTEN = {
    "": _ONE,
    "|": _ONE,
    ">": _ONE,
    "'": re.compile(r"''|.?", re.DOTALL),
    '"': re.compile(rf"(?:\\\r?\n[ \t]*)*(?:\\{_ESCAPED}|.?)", re.DOTALL),
}


def _start(source: str, node: Node) -> int:
    """The index of a scalar's first letter."""
    lines = source.split("\n")
    start = sum(len(line) + 1 for line in lines[: node.line - 1]) + node.column - 1
    if node.style not in ("|", ">"):
        return start + len(node.style)
    first_line = source.find("\n", start)
    return _SPACES.match(source, first_line).end()  # type: ignore[union-attr]


def decoded(data: bytes | str, file: str, largest: int = LARGEST) -> str:
    """The file's text without its byte order mark. Raises BadInput for what is too large or no UTF-8."""
    if len(data) > largest:
        raise BadInput(
            Problem(f"the file has {len(data):,} bytes", file, hint=f"at most {largest:,} are read")
        )
    if isinstance(data, str):
        return data.removeprefix("\ufeff")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise BadInput(Problem("the file is in UTF-16", file, 1, 1, hint="save it as UTF-8"))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - (data.rfind(b"\n", 0, error.start) + 1) + 1
        raise BadInput(
            Problem("this is no UTF-8 text", file, line, column, hint="save it as UTF-8")
        ) from None


class _Reader:
    """Makes nodes of events, and refuses what people don't mean."""

    def __init__(self, file: str, most_nodes: int) -> None:
        self.file = file
        self.left = most_nodes
        self.problems: list[Problem] = []

    def read(self, events: Iterator[Any]) -> Node:
        node: Node | None = None
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent) and node is not None:
                self._refuse(event, "a second document begins here", "one document a file")
            elif isinstance(event, yaml.NodeEvent):
                node = self._node(event, events, 1)
        if self.problems:
            raise BadInput(self.problems)
        return node or Node("scalar", None, 1, 1)

    def _node(self, event: Any, events: Iterator[Any], depth: int) -> Node:
        self.left -= 1
        if self.left < 0:
            self._stop(event, "the file has too many values", "split it")
        if depth > DEEPEST:
            self._stop(event, f"values are nested more than {DEEPEST} deep", "flatten them")
        if isinstance(event, yaml.AliasEvent):
            self._stop(event, f"aliases (*{event.anchor}) are not allowed", "write the value out")
        if event.anchor:
            self._refuse(event, f"anchors (&{event.anchor}) are not allowed", "write the value out")
        if event.tag and event.tag != "!":
            self._refuse(event, f"tags are not allowed ({_tag(event.tag)})", "leave it out")
        if isinstance(event, yaml.MappingStartEvent):
            return self._map(event, events, depth)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._list(event, events, depth)
        return _scalar(event)

    def _list(self, start: Any, events: Iterator[Any], depth: int) -> Node:
        found = []
        for event in events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            found.append(self._node(event, events, depth + 1))
        return Node("list", found, *_place(start))

    def _map(self, start: Any, events: Iterator[Any], depth: int) -> Node:
        found: list[tuple[Node, Node]] = []
        seen: dict[Any, Node] = {}
        for event in events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = self._key(event, events, depth)
            value = self._node(next(events), events, depth + 1)
            if key.value in seen:
                first = seen[key.value].line
                message = f"the key {key.text} stands twice (first in line {first})"
                self.problems.append(
                    Problem(message, self.file, key.line, key.column, hint="keep one of them")
                )
            seen[key.value] = key
            found.append((key, value))
        return Node("map", found, *_place(start))

    def _key(self, event: Any, events: Iterator[Any], depth: int) -> Node:
        key = self._node(event, events, depth + 1)
        if key.kind != "scalar":
            self._stop(event, "a key is a single word here", "write it in quotes if it has { or [")
        # `on:` and `8:` are keys by their letters, whatever they would be as values.
        return Node("scalar", key.text, key.line, key.column, key.text, key.style)

    def _refuse(self, event: Any, message: str, hint: str) -> None:
        self.problems.append(Problem(message, self.file, *_place(event), hint=hint))

    def _stop(self, event: Any, message: str, hint: str) -> None:
        self._refuse(event, message, hint)
        raise BadInput(self.problems)


def _place(event: Any) -> tuple[int, int]:
    return event.start_mark.line + 1, event.start_mark.column + 1


def _tag(tag: str) -> str:
    return tag.replace("tag:yaml.org,2002:", "!!")


def _scalar(event: Any) -> Node:
    quoted = event.style in ("'", '"', "|", ">")
    text = event.value if event.value.isascii() else event.value.translate(_SHOWN)
    value = text if quoted or event.tag == "!" else _resolved(text)
    return Node("scalar", value, *_place(event), text, event.style if quoted else "")


def _resolved(text: str) -> Any:
    """A plain scalar by YAML 1.2's core schema (chapter 10.3.2), without octal, hexadecimal and infinity."""
    if text[:1] not in _BEGINS_NO_TEXT:
        return text
    if _NULL.match(text):
        return None
    if _TRUE.match(text) or _FALSE.match(text):
        return bool(_TRUE.match(text))
    if _INTEGER.match(text) and len(text) <= 20:
        return int(text)
    if _FLOAT.match(text) and len(text) <= 40:
        number = float(text)
        # 1.10 is a version or a price to whoever wrote it: what would not be written back the same stays text.
        return number if math.isfinite(number) and repr(number) == text.lstrip("+") else text
    return text


def _syntax_problem(error: Any, text: str, file: str) -> Problem:
    message = str(error.problem or error.context or "this can't be read")
    # A quote that nobody closed is found at the file's end; what helps is where it begins.
    mark = error.context_mark if _UNCLOSED in message else error.problem_mark
    mark = mark or error.context_mark
    forgotten = _forgotten_quote(text, mark.line) if mark and _UNCLOSED not in message else None
    if forgotten is not None:
        return _quote_problem(forgotten, file)
    line = mark.line + 1 if mark else 1
    column = mark.column + 1 if mark else 1
    lines = text.splitlines()
    shown = lines[line - 1] if line <= len(lines) else ""
    if "\t" in shown[: len(shown) - len(shown.lstrip())] or "'\\t'" in message:
        return Problem("a tab stands where only spaces indent", file, line, column, hint="indent with spaces")
    return Problem(_plainly(message), file, line, column, hint=_hint(message))


def _forgotten_quote(text: str, line: int) -> Any | None:
    """The quoted text of several lines that ends in the line of a mistake: the quote that ends it was to begin another."""
    found = None
    with suppress(yaml.YAMLError):
        for token in yaml.scan(_hidden(text), Loader=_Loader):
            if token.start_mark.line > line:
                break
            is_quoted = isinstance(token, yaml.ScalarToken) and token.style in ("'", '"')
            if is_quoted and token.start_mark.line < token.end_mark.line == line:
                found = token
    return found


def _quote_problem(token: Any, file: str) -> Problem:
    line, end = token.start_mark.line + 1, token.end_mark.line + 1
    message = f"a quote that is opened at line {line} is not closed: the next one stands in line {end}"
    return Problem(message, file, *_place(token), hint="close it where its text ends")


_UNCLOSED = "found unexpected end of stream"
_PLAIN = (
    (_UNCLOSED, "a quote is opened here and never closed"),
    ("mapping values are not allowed", "a colon stands where none can be"),
    ("could not find expected ':'", "a key without a colon"),
    ("did not find expected key", "the indentation does not fit here"),
    ("did not find expected ',' or", "a comma or a closing bracket is missing"),
    ("block sequence entries are not allowed", "a list item stands where none can be"),
    ("did not find expected '-' indicator", "the indentation does not fit here"),
    ("expected <block end>", "the indentation does not fit here"),
    ("while scanning a simple key", "a key without a colon"),
    ("found character that cannot start any token", "this character can't begin a value"),
)


def _plainly(message: str) -> str:
    return next((words for known, words in _PLAIN if known in message), message)


def _hint(message: str) -> str | None:
    if "mapping values" in message or "cannot start any token" in message:
        return "write the value in quotes"
    if "',' or" in message:
        return "a text with a comma or a bracket in it stands in quotes here"
    return "look at the spaces before the word" if "indentation" in _plainly(message) else None


def _reader_problem(error: Any, text: str, file: str) -> Problem:
    position = getattr(error, "position", None)
    if not isinstance(position, int):
        return Problem("this can't be read as YAML", file, 1, 1)
    before = text[:position]
    line, column = before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1
    return Problem("a control character stands in the text", file, line, column, hint="remove it")
