"""What a comparison is made of: other names of fields, texts as they are compared, patterns (pure)."""

from typing import Any

import re2

from orgo.lib.text import fold
from orgo.rules.conditions import Pattern
from orgo.rules.facts import PEOPLE

OTHER_NAMES = {
    "sender": "from",
    "recipient": "recipients",
    "attachment": "attachments",
    "header": "header['Name']",
}
LONGEST_PATTERN = 1000
# RE2 is linear in the text, but each letter may cost as many steps as the pattern has.
LARGEST_PATTERN = 5000


class BadCondition(Exception):
    """A condition that can't be read; `offset` is the place in its text, from 0."""

    def __init__(self, message: str, offset: int, hint: str | None = None) -> None:
        super().__init__(message)
        self.message, self.offset, self.hint = message, offset, hint


def comparable(operator: str, field: str, text: str) -> str:
    """A text as it is compared; "" where it can't be."""
    folded = fold(text)
    if operator != "contains" or not folded.strip():
        folded = folded.strip()
    return "" if operator == "equals" and field in PEOPLE and "@" not in folded else folded


def read_pattern(field: str, written: str, offset: int) -> Pattern:
    """A pattern between its slashes, for one field. Raises BadCondition."""
    source = written[1 : written.rindex("/")].replace("\\/", "/")
    compiled = _compiled(source, offset)
    return Pattern(field, source, compiled, _without_accents(source, compiled))


def _without_accents(source: str, compiled: Any) -> Any:
    """The same pattern for folded texts; the one there is where folding changes nothing, or makes no pattern of it."""
    plain = "".join(letter if letter.isascii() else fold(letter) for letter in source)
    if plain == source:
        return compiled
    try:
        return _compiled(plain, 0)
    except BadCondition:
        return compiled


def _compiled(source: str, offset: int) -> Any:
    """An RE2 pattern without regard to case. Raises BadCondition for what RE2 does not have (it can't hang)."""
    if len(source) > LONGEST_PATTERN:
        raise BadCondition(f"the pattern has {len(source)} characters", offset, f"at most {LONGEST_PATTERN}")
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = 8 << 20
    try:
        compiled = re2.compile(source, options)
    except re2.error as error:
        raise _bad_pattern(source, offset, error) from None
    if compiled.programsize > LARGEST_PATTERN:
        message = f"the pattern comes to {compiled.programsize:,} steps a letter"
        raise BadCondition(
            message, offset, f"at most {LARGEST_PATTERN:,}; repeat less: {{1,60}} for {{1,999}}"
        )
    return compiled


def _bad_pattern(source: str, offset: int, error: Any) -> BadCondition:
    said = error.args[0].decode() if error.args and isinstance(error.args[0], bytes) else str(error)
    hint = "look-ahead and back-references are not part of RE2" if "(?" in said or "\\" in said else None
    return BadCondition(f"the pattern is not valid: {said}", offset + 1 + _where(source, said), hint)


def _where(source: str, said: str) -> int:
    """The column in the pattern of what RE2 complains of."""
    return max(source.find(said.rpartition(": ")[2].strip("`")), 0)
