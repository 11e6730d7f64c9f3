"""The text of a condition becomes a Condition, or a problem with its column (pure)."""

import re
from collections.abc import Callable
from datetime import date
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NoReturn

import re2
from lark import Lark, Token, Transformer, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedInput, UnexpectedToken, VisitError

from orgo.lib.durations import parse_duration
from orgo.lib.problems import did_you_mean
from orgo.lib.text import fold
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
from orgo.rules.facts import WEEKDAYS

TEXTS = frozenset(
    "subject body text from to cc recipients reply_to keywords attachments attachment_names attachment_types list_id "
    "language organization mailbox auth.spf auth.dkim auth.dmarc weekday".split()
)
NUMBERS = frozenset({"size", "hour", "spam_score", "attachments"})
FLAGS = frozenset({"has_attachment", "is_reply", "is_bounce", "is_auto_reply"})
ELAPSED = frozenset({"age", "idle", "task_unresolved_time"})
STATUS = "status"
FIELDS = TEXTS | NUMBERS | FLAGS | ELAPSED | {"date", STATUS}
OTHER_NAMES = {
    "sender": "from",
    "recipient": "recipients",
    "attachment": "attachments",
    "header": "header['Name']",
}
LONGEST_PATTERN = 1000
_UNITS = {"": 1, "b": 1, "kb": 10**3, "kib": 2**10, "mb": 10**6, "mib": 2**20, "gb": 10**9, "gib": 2**30}
_QUANTITY = re.compile(r"(-?[0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)\Z")
_SIMPLE = re.compile(r"""\s*([a-z]+)\s+contains\s+(?:'([^'\\]+)'|"([^"\\]+)")\s*\Z""")


class BadCondition(Exception):
    """A condition that can't be read; `offset` is the place in its text, from 0."""

    def __init__(self, message: str, offset: int, hint: str | None = None) -> None:
        super().__init__(message)
        self.message, self.offset, self.hint = message, offset, hint


class Parsed:
    """A condition, and the elapsed times that stand beside it in its top-level `and`."""

    def __init__(self, condition: Condition, elapsed: tuple[Elapsed, ...], status: str | None) -> None:
        self.condition, self.elapsed, self.status = condition, elapsed, status


@lru_cache(50_000)
def parse_condition(text: str) -> Parsed:
    """Read a condition. Raises BadCondition with the place and what is allowed."""
    simple = _SIMPLE.match(text)
    if simple and simple[1] in TEXTS:
        value = simple[2] or simple[3]
        return Parsed(Words(simple[1], "contains", (fold(value),), (value,)), (), None)
    try:
        made = _Maker().transform(_grammar().parse(text))
    except VisitError as error:
        if isinstance(error.orig_exc, BadCondition):
            raise error.orig_exc from None
        raise
    except UnexpectedInput as error:
        raise _unexpected(error, text) from None
    return _split(made)


@cache
def _grammar() -> Lark:
    source = (Path(__file__).parent / "grammar.lark").read_text(encoding="utf-8")
    return Lark(source, parser="lalr", maybe_placeholders=False)


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
    return Parsed(condition, elapsed, status.value if status else None)


def _no_elapsed_within(part: Any) -> None:
    for inner in getattr(part, "parts", None) or ([part.part] if isinstance(part, Not) else []):
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
        _fail(
            f"{field} is compared with nothing",
            field,
            "write an operator and a value, such as contains 'leak'",
        )

    def __default__(self, data: str, children: list[Any], meta: Any) -> Any:
        maker = _OPERATORS.get(str(data))
        return maker(str(data), *children[:1], children[-1]) if maker else Tree(data, children, meta)


def _words(operator: str, field: Token, values: Token | list[Token], *, every: bool = False) -> Any:
    if field in ELAPSED or field == STATUS:
        return _elapsed(operator, field, values)
    tokens = values if isinstance(values, list) else [values]
    if field in FLAGS or field == "date" or (field in NUMBERS and field not in TEXTS):
        if operator == "equals" and not isinstance(values, list):
            return _ordered(operator, field, values)
        _fail(f"{field} is no text", field, "compare it with is, >, <, >= or <=")
    _known(field)
    shown = tuple(_text(token) for token in tokens)
    if not shown or any(not text.strip() for text in shown):
        _fail("an empty text fits every mail", tokens[0] if tokens else field, "write the word to look for")
    folded = tuple(
        _weekday(token, text) if field == "weekday" else fold(text)
        for token, text in zip(tokens, shown, strict=True)
    )
    return Words(str(field), operator, folded, shown, every)


def _elapsed(operator: str, field: Token, value: Any) -> Elapsed:
    if isinstance(value, list):
        _fail(f"{field} is compared with one value", field, "write it like age > '4 hours'")
    text = _text(value)
    if field != STATUS:
        if operator not in ("more", "at_least"):
            _fail(f"{field} can only be more than a duration", field, "write it like age > '4 hours'")
        try:
            parse_duration(text)
        except ValueError as error:
            _fail(str(error), value)
    return Elapsed(str(field), operator, text, field.start_pos or 0)


def _ordered(operator: str, field: Token, value: Token) -> Any:
    if field in ELAPSED or field == STATUS:
        return _elapsed(operator, field, value)
    if field in FLAGS:
        truth = {"true": True, "yes": True, "false": False, "no": False}.get(_text(value).lower())
        if truth is None or operator != "equals":
            _fail(f"{field} is true or false", value)
        return Flag(str(field)) if truth else Not(Flag(str(field)))
    if field == "date":
        return Day("date", operator, _day(value))
    if field in NUMBERS:
        return Number(str(field), operator, _number(value), _text(value))
    _known(field)
    return _fail(f"{field} is a text, and has no more or less", field, "use contains, is, starts with ..")


def _matches(_: str, field: Token, pattern: Token) -> Pattern:
    _known(field)
    if field not in TEXTS and not field.startswith("header:"):
        _fail(f"{field} is no text", field)
    source = str(pattern).removesuffix("i")[1:-1].replace("\\/", "/")
    return Pattern(str(field), source, compiled_pattern(source, pattern.start_pos or 0))


def compiled_pattern(source: str, offset: int) -> Any:
    """An RE2 pattern without regard to case. Raises BadCondition for what RE2 does not have (it can't hang)."""
    if len(source) > LONGEST_PATTERN:
        raise BadCondition(f"the pattern has {len(source)} characters", offset, f"at most {LONGEST_PATTERN}")
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = 8 << 20
    try:
        return re2.compile(source, options)
    except re2.error as error:
        said = error.args[0].decode() if error.args and isinstance(error.args[0], bytes) else str(error)
        hint = "look-ahead and back-references are not part of RE2" if "(?" in said or "\\" in said else None
        raise BadCondition(
            f"the pattern is not valid: {said}", offset + 1 + _where(source, said), hint
        ) from None


def _where(source: str, said: str) -> int:
    """The column in the pattern of what RE2 complains of."""
    return max(source.find(said.rpartition(": ")[2].strip("`")), 0)


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
    return re.sub(r"\\(.)", r"\1", inner.replace(quote * 2, quote))


def _number(token: Token) -> float:
    found = _QUANTITY.match(_text(token).strip())
    unit = _UNITS.get(found[2].lower()) if found else None
    if found is None or unit is None:
        _fail(f"{_text(token)} is no number", token, "write it like 5, 5 MB or '5 MB'")
    return float(found[1]) * unit


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
    "contains",
    "contains any of",
    "has word",
    "starts with",
    "ends with",
    "is",
    "in",
    "matches",
    "and",
    "or",
    "not",
)


def _unexpected(error: UnexpectedInput, text: str) -> BadCondition:
    if isinstance(error, UnexpectedEOF) or (
        isinstance(error, UnexpectedToken) and error.token.type == "$END"
    ):
        return BadCondition(
            "the condition ends too early", len(text.rstrip()), "a value or a closing bracket is missing"
        )
    offset = error.pos_in_stream or 0
    if isinstance(error, UnexpectedCharacters):
        rest = text[offset:]
        if rest[:1] in "'\"":
            return BadCondition("a quote is opened here and never closed", offset)
        if rest[:1] == "/":
            return BadCondition(
                "a pattern is opened here and never closed", offset, "write it like /room [0-9]+/"
            )
        return BadCondition(f"{rest[:1]!r} means nothing here", offset, "texts stand in quotes: 'leak'")
    word = str(getattr(error, "token", ""))
    return BadCondition(f"{word} was not expected here", offset, did_you_mean(word.lower(), _OPERATOR_WORDS))
