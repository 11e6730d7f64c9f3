"""The text of a condition becomes a Condition, or a problem with its column (pure)."""

import re
from collections.abc import Callable
from datetime import date
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Literal, NoReturn

from lark import Lark, Token, Transformer, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedInput, UnexpectedToken

from orgo.lib.durations import parse_duration
from orgo.lib.problems import did_you_mean
from orgo.lib.text import fold
from orgo.lib.yaml import TRUTH
from orgo.rules.conditions import (
    All,
    Always,
    Condition,
    Day,
    Either,
    Elapsed,
    Flag,
    Not,
    Number,
    Pattern,
    Words,
)
from orgo.rules.facts import TEXT_FIELDS, WEEKDAYS
from orgo.rules.plain import read_plain
from orgo.rules.terms import OTHER_NAMES, BadCondition, comparable, read_pattern

COUNTED = frozenset({"size", "hour", "spam_score"})
NUMBERS = COUNTED | {"attachments"}
FLAGS = frozenset({"has_attachment", "is_reply", "is_bounce", "is_auto_reply"})
ELAPSED = frozenset({"age", "idle", "task_unresolved_time"})
STATUS = "status"
STATES = ("pending", "in_progress", "waiting", "completed", "cancelled", "failed")
_ELAPSED_FORMS = {False: "write it like age > '4 hours'", True: "write it like status is pending"}
FIELDS = TEXT_FIELDS | NUMBERS | FLAGS | ELAPSED | {"date", STATUS}
LONGEST_CONDITION = 20_000
DEEPEST = 50
_UNITS = {"": 1, "b": 1, "kb": 10**3, "kib": 2**10, "mb": 10**6, "mib": 2**20, "gb": 10**9, "gib": 2**30}
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_QUANTITY = re.compile(r"(-?[0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)\Z")
_TIME = re.compile(r"([01]?[0-9]|2[0-4]):([0-5][0-9])\Z")


class Parsed:
    """A condition, and the elapsed times that stand beside it in its top-level `and`."""

    def __init__(
        self, condition: Condition, elapsed: tuple[Elapsed, ...], until: Literal["acknowledged", "completed"]
    ) -> None:
        self.condition, self.elapsed, self.until = condition, elapsed, until


@lru_cache(50_000)
def parse_condition(text: str) -> Parsed:
    """Read a condition. Raises BadCondition with the place and what is allowed."""
    plain = read_plain(text)
    if plain is not None:
        return Parsed(plain, (), "completed")
    if len(text) > LONGEST_CONDITION:
        raise BadCondition(
            f"the condition has {len(text):,} characters", 0, f"at most {LONGEST_CONDITION:,} are read"
        )
    try:
        made: Any = _grammar().parse(text)
    except UnexpectedInput as error:
        raise _unexpected(error, text) from None
    _refuse_depth(made)
    return _split(made)


@cache
def _grammar() -> Lark:
    """The parser; conditions are made while it reads, so that no depth of brackets can exhaust the stack."""
    source = (Path(__file__).parent / "grammar.lark").read_text(encoding="utf-8")
    return Lark(source, parser="lalr", maybe_placeholders=False, transformer=_Maker())


def _refuse_depth(made: Any) -> None:
    level, depth = [made], 0
    while level:
        depth += 1
        if depth > DEEPEST:
            raise BadCondition(f"the condition is nested more than {DEEPEST} deep", 0, "make two rules of it")
        level = [inner for part in level for inner in _inner(part)]


def _inner(part: Any) -> tuple[Any, ...]:
    return (part.part,) if isinstance(part, Not) else getattr(part, "parts", ())


def _split(made: Any) -> Parsed:
    """Part the elapsed times of the top-level `and` from what is asked of the mail."""
    parts = made.parts if isinstance(made, All) else (made,)
    elapsed = tuple(part for part in parts if isinstance(part, Elapsed) and part.field != STATUS)
    status = next((part for part in parts if isinstance(part, Elapsed) and part.field == STATUS), None)
    asked = tuple(part for part in parts if not isinstance(part, Elapsed))
    for part in asked:
        _no_elapsed_within(part)
    if status is not None and not elapsed:
        raise BadCondition(
            "status is asked of a task, not of a mail", status.start, "write it beside age > '4 hours'"
        )
    condition = asked[0] if len(asked) == 1 else All(asked) if asked else Always()
    return Parsed(condition, elapsed, _until(status))


def _until(status: Elapsed | None) -> Literal["acknowledged", "completed"]:
    """What ends the level that an age makes: `status is pending` is over when somebody takes the task."""
    match (status.operator, status.value) if status else ("differs", "completed"):
        case ("equals", "pending"):
            return "acknowledged"
        case ("differs", "completed" | "cancelled" | "failed"):
            return "completed"
    assert status is not None
    hint = "allowed: status is pending (until somebody takes it), status != completed (until it is done)"
    raise BadCondition("a level can't wait for this status", status.start, hint)


def _no_elapsed_within(part: Any) -> None:
    for inner in _inner(part):
        if isinstance(inner, Elapsed):
            hint = "it becomes a level of the escalation, so it can only stand in an `and` at the top"
            raise BadCondition(f"{inner.field} can't stand here", inner.start, hint)
        _no_elapsed_within(inner)


class _Maker(Transformer[Token, Any]):
    """Makes conditions of the tree."""

    def start(self, parts: list[Any]) -> Any:
        return parts[0]

    def or_(self, parts: list[Any]) -> Any:
        return Either(tuple(parts))

    def and_(self, parts: list[Any]) -> Any:
        return All(tuple(parts))

    def negated(self, parts: list[Any]) -> Any:
        return Not(parts[0])

    def name(self, parts: list[Token]) -> Token:
        word = ".".join(str(part) for part in parts).lower()
        return Token("field", OTHER_NAMES.get(word, word), start_pos=parts[0].start_pos)

    def header(self, parts: list[Token]) -> Token:
        return Token("field", f"header:{_unquoted(parts[-1]).lower()}", start_pos=parts[-1].start_pos)

    def values(self, parts: list[Token]) -> list[Token]:
        return parts

    def value(self, parts: list[Token]) -> Token:
        return parts[0]

    def flag(self, parts: list[Token]) -> Any:
        (field,) = parts
        if field in FLAGS:
            return Flag(str(field))
        _known(field)
        hint = "write an operator and a value, such as contains 'leak'"
        return _fail(f"{field} is compared with nothing", field, hint)

    def __default__(self, data: str, children: list[Any], meta: Any) -> Any:
        maker = _OPERATORS.get(str(data))
        return maker(str(data), *children) if maker else Tree(data, children, meta)


def _words(operator: str, field: Token, values: Token | list[Token], *, every: bool = False) -> Any:
    if field in ELAPSED or field == STATUS:
        return _elapsed(operator, field, values)
    tokens = values if isinstance(values, list) else [values]
    _known(field)
    if not tokens:
        _fail("the list is empty", field, "write the words to look for, such as ['leak', 'flood']")
    if _is_ordered(field, tokens):
        return _one_of(operator, field, tokens)
    shown = tuple(_text(token) for token in tokens)
    values_ = tuple(_value(operator, field, token) for token in tokens)
    return Words(str(field), operator, values_, shown, every)


def _is_ordered(field: Token, tokens: list[Token]) -> bool:
    """Whether the field is compared as a number, a date or a flag; `attachments` is both names and their number."""
    if field == "attachments":
        return all(token.type == "QUANTITY" for token in tokens)
    return field in FLAGS or field in COUNTED or field == "date"


def _one_of(operator: str, field: Token, tokens: list[Token]) -> Any:
    if operator != "equals":
        _fail(f"{field} is no text", field, "compare it with is, in, >, <, >= or <=")
    made = tuple(_ordered("equals", field, token) for token in tokens)
    return made[0] if len(made) == 1 else Either(made)


def _value(operator: str, field: Token, token: Token) -> str:
    """A text to compare with, folded. Raises BadCondition for one that fits every mail, or none."""
    text = _text(token)
    if field == "weekday":
        return _weekday(token, text)
    folded = comparable(operator, field, text)
    if not folded and not fold(text).strip():
        _fail("an empty text fits every mail", token, "write the word to look for")
    if not folded:
        hint = "write the whole address, or: contains, which looks at names too"
        _fail(f"{field} is compared with an address, and {text} is none", token, hint)
    return folded


def _elapsed(operator: str, field: Token, value: Any) -> Elapsed:
    if isinstance(value, list):
        _fail(f"{field} is compared with one value", field, _ELAPSED_FORMS[field == STATUS])
    text = _text(value)
    if field == STATUS:
        return Elapsed(STATUS, operator, _status(value, text), field.start_pos or 0)
    if operator not in ("more", "at_least"):
        _fail(f"{field} can only be more than a duration", field, _ELAPSED_FORMS[False])
    try:
        parse_duration(text)
    except ValueError as error:
        message, _, hint = str(error).partition("; ")
        _fail(message, value, hint)
    return Elapsed(str(field), operator, text, field.start_pos or 0)


def _status(token: Token, text: str) -> str:
    if text.lower() not in STATES:
        _fail(f"there is no status {text}", token, did_you_mean(text.lower(), STATES))
    return text.lower()


def _ordered(operator: str, field: Token, value: Token) -> Any:
    if field in ELAPSED or field == STATUS:
        return _elapsed(operator, field, value)
    if field in FLAGS:
        truth = TRUTH.get(_text(value).lower())
        if truth is None or operator != "equals":
            _fail(f"{field} is true or false", value)
        return Flag(str(field)) if truth else Not(Flag(str(field)))
    if field == "date":
        return Day("date", operator, _day(value))
    if field == "hour" and (time := _TIME.match(_text(value))):
        return Number("time", operator, int(time[1]) * 60 + int(time[2]), _text(value))
    if field in NUMBERS:
        return Number(str(field), operator, _number(value), _text(value))
    _known(field)
    return _fail(f"{field} is a text, and has no more or less", field, "use contains, is, starts with ..")


def _matches(_: str, field: Token, pattern: Token) -> Pattern:
    _known(field)
    if field not in TEXT_FIELDS and not field.startswith("header:"):
        _fail(f"{field} is no text", field)
    return read_pattern(str(field), str(pattern), pattern.start_pos or 0)


Maker = Callable[..., Any]
_OPERATORS: dict[str, Maker] = {
    "contains": _words,
    "contains_any": lambda _, field, values: _words("contains", field, values),
    "contains_all": lambda _, field, values: _words("contains", field, values, every=True),
    "contains_not": lambda _, field, value: Not(_words("contains", field, value)),
    "has_word": _words,
    "starts_with": _words,
    "ends_with": _words,
    "equals": _words,
    "differs": lambda _, field, value: _negated(_words("equals", field, value)),
    "in_": lambda _, field, values: _words("equals", field, values),
    "not_in": lambda _, field, values: Not(_words("equals", field, values)),
    "matches": _matches,
    "more": _ordered,
    "less": _ordered,
    "at_least": _ordered,
    "at_most": _ordered,
}


def _negated(made: Any) -> Any:
    return Elapsed(made.field, "differs", made.value, made.start) if isinstance(made, Elapsed) else Not(made)


def _known(field: Token) -> None:
    if field in FIELDS or field.startswith("header:"):
        return
    _fail(f"there is no field {field}", field, did_you_mean(str(field), FIELDS | OTHER_NAMES.keys()))


def _text(token: Token) -> str:
    return _unquoted(token) if token.type == "STRING" else str(token)


def _unquoted(token: Token) -> str:
    quote, inner = token[0], token[1:-1]
    inner = inner.replace(quote * 2, quote)
    return _ESCAPE.sub(r"\1", inner) if "\\" in inner else inner


def read_size(text: str) -> float:
    """A number, or a size with its unit in bytes. Raises ValueError for anything else."""
    found = _QUANTITY.match(text.strip())
    unit = _UNITS.get(found[2].lower()) if found else None
    if found is None or unit is None:
        raise ValueError(f"{text} is no number")
    return float(found[1]) * unit


def _number(token: Token) -> float:
    try:
        return read_size(_text(token))
    except ValueError as error:
        _fail(str(error), token, "write it like 5, 5 MB or '5 MB'")


def _day(token: Token) -> date:
    try:
        return date.fromisoformat(_text(token))
    except ValueError:
        _fail(f"{_text(token)} is no date", token, "write it like 2026-09-01")


def _weekday(token: Token, text: str) -> str:
    found = [day for day in WEEKDAYS if len(text) >= 2 and day.startswith(text.lower())]
    if len(found) != 1:
        _fail(f"{text} is no weekday", token, f"allowed: {', '.join(WEEKDAYS)}")
    return found[0]


def _fail(message: str, token: Token, hint: str | None = None) -> NoReturn:
    raise BadCondition(message, token.start_pos or 0, hint)


_OPERATOR_WORDS = (
    "contains", "contains any of", "contains all of", "does not contain", "has word", "starts with", "ends with", "is",
    "is not", "in", "not in", "matches", "and", "or", "not",
)  # fmt: skip
_SIGNS = {"&": "write and", "|": "write or", "!": "write not", "@": "texts stand in quotes: 'a@b.example'"}


def _unexpected(error: UnexpectedInput, text: str) -> BadCondition:
    offset = error.pos_in_stream or 0
    if isinstance(error, UnexpectedCharacters):
        return _unexpected_sign(text[offset:], offset)
    if isinstance(error, UnexpectedEOF) or not isinstance(error, UnexpectedToken):
        return _too_short(text)
    token = error.token
    if token.type == "$END":
        return _too_short(text)
    if "REGEX" in error.expected:
        return BadCondition(
            f"{token} is no pattern", offset, "write it between slashes: matches /room [0-9]+/"
        )
    if token.type == "LSQB":
        hint = "a list stands after in, contains any of or contains all of"
        return BadCondition("a list was not expected here", offset, hint)
    if token.type == "STRING":
        hint = "several words stand in one list: contains any of ['leak', 'flood']"
        return BadCondition(f"{token} was not expected here", offset, hint)
    return BadCondition(f"{token} was not expected here", offset, _meant(str(token), text[:offset]))


def _meant(word: str, before: str) -> str | None:
    if re.search(r"\b(?:contains|word|with|is|=)\s+[\w]+\s*\Z", before, re.IGNORECASE):
        return "a text of several words stands in quotes: 'water leak'"
    whole = next((known for known in _OPERATOR_WORDS if known.startswith(f"{word.lower()} ")), None)
    return f"did you mean {whole}?" if whole else did_you_mean(word.lower(), _OPERATOR_WORDS)


def _unexpected_sign(rest: str, offset: int) -> BadCondition:
    if rest[:1] in "'\"":
        return BadCondition("a quote is opened here and never closed", offset)
    if rest[:1] == "/":
        return BadCondition(
            "a pattern is opened here and never closed", offset, "write it like /room [0-9]+/"
        )
    hint = _SIGNS.get(rest[:1], "texts stand in quotes: 'leak'")
    return BadCondition(f"{rest[:1]!r} means nothing here", offset, hint)


def _too_short(text: str) -> BadCondition:
    end = len(text.rstrip())
    return BadCondition("the condition ends too early", end, "a value or a closing bracket is missing")
