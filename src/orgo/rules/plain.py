"""Conditions of the plain form, read without the grammar, which takes ten times as long (pure).

Nearly every condition is some comparisons of texts joined by `and`, `or`, `not` and brackets. What has any other form, or
anything wrong with it, is left to the grammar (parse.py), whose answer is the same and whose errors have a place.
"""

import re
from collections.abc import Iterator

from orgo.rules.conditions import All, Condition, Either, Not, Words
from orgo.rules.facts import TEXT_FIELDS
from orgo.rules.terms import OTHER_NAMES, BadCondition, comparable, read_pattern

_OPERATORS = {
    "contains": "contains", "has word": "has_word", "starts with": "starts_with", "ends with": "ends_with", "is": "equals",
    "==": "equals",
}  # fmt: skip
_TEXT_FIELDS = TEXT_FIELDS - {"weekday"}
_DEEPEST = 10
_PIECE = re.compile(
    rf"""[ \t\r\n]*(?:
        (?P<joint>[()]|(?:and|or|not)(?![\w.]))
        | (?P<field>[a-z_.]+)\ (?:
            (?P<operator>{"|".join(_OPERATORS).replace(" ", "[ ]")})\ (?:'(?P<single>[^'\\]+)'|"(?P<double>[^"\\]+)")
            | matches\ (?P<pattern>/(?:[^/\\\n]|\\.)+/i?)
          )
    )[ \t\r\n]*""",
    re.VERBOSE,
)
_END = ""
_Piece = str | Condition


class _NotPlain(Exception):
    """The condition has another form."""


def read_plain(text: str) -> Condition | None:
    """A condition of the plain form; None where it has another."""
    try:
        pieces = _pieces(text)
        made, after = _joined(pieces, next(pieces), 0)
    except (_NotPlain, BadCondition):
        return None
    return made if after == _END else None


def _pieces(text: str) -> Iterator[_Piece]:
    """The comparisons of a text and what stands between them, an end at last."""
    at = 0
    while at < len(text):
        found = _PIECE.match(text, at)
        if found is None:
            raise _NotPlain
        yield found["joint"] or _comparison(found)
        at = found.end()
    yield _END
    raise _NotPlain


def _comparison(found: re.Match[str]) -> Condition:
    field = OTHER_NAMES.get(found["field"], found["field"])
    if field not in _TEXT_FIELDS:
        raise _NotPlain
    if found["pattern"]:
        return read_pattern(field, found["pattern"], 0)
    kind, shown = _OPERATORS[found["operator"]], found["single"] or found["double"]
    value = comparable(kind, field, shown)
    if not value:
        raise _NotPlain
    return Words(field, kind, (value,), (shown,))


def _joined(pieces: Iterator[_Piece], piece: _Piece, depth: int) -> tuple[Condition, _Piece]:
    """What `or` joins, from a piece on, and the piece behind it."""
    parts = []
    while True:
        part, piece = _together(pieces, piece, depth)
        parts.append(part)
        if piece != "or":
            return (parts[0] if len(parts) == 1 else Either(tuple(parts))), piece
        piece = next(pieces)


def _together(pieces: Iterator[_Piece], piece: _Piece, depth: int) -> tuple[Condition, _Piece]:
    """What `and` joins."""
    parts = []
    while True:
        parts.append(_one(pieces, piece, depth))
        piece = next(pieces)
        if piece != "and":
            return (parts[0] if len(parts) == 1 else All(tuple(parts))), piece
        piece = next(pieces)


def _one(pieces: Iterator[_Piece], piece: _Piece, depth: int) -> Condition:
    """A comparison, its opposite, or what stands in brackets."""
    if not isinstance(piece, str):
        return piece
    if depth >= _DEEPEST:
        raise _NotPlain
    if piece == "not":
        return Not(_one(pieces, next(pieces), depth + 1))
    if piece != "(":
        raise _NotPlain
    made, after = _joined(pieces, next(pieces), depth + 1)
    if after != ")":
        raise _NotPlain
    return made
