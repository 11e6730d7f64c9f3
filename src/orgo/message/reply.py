"""A reply's own words: quotes and signatures are cut off (pure, linear, never nothing where there is something).

Quotes between the author's words stay, marked by ">", because the words are about them; those above and below go.
"""

import re

from orgo.lib.text import clean_text
from orgo.message.phrases import phrases

_QUOTE = re.compile(r"[ \t]{0,3}(?:>|[A-Z]{1,3}>(?:\s|$)|\|\s)")
_RULE = re.compile(r"[-_=*#~ ]{3,}\Z")
_SIGNATURE = re.compile(r"(?:--|—|–|__|\*\*\*|_{10,})[ \t\u00a0]{0,3}\Z")
_LONGEST_SIGNATURE = 15
_LONGEST_INTRODUCTION = 400
_HIGHEST_INTRODUCTION = 7


def reply_text(text: str) -> str:
    """The reply's own words; the whole text where nothing would be left."""
    whole = clean_text(text)
    lines = [line.rstrip() for line in whole.split("\n")]
    own = "\n".join(_without_signature(_without_quotes(_without_signature(lines)))).strip()
    return own or whole.strip()


# ---------------------------------------------------------------- quotes


def _without_quotes(lines: list[str]) -> list[str]:
    """The lines up to the mail that is answered, without the quotes above and below the author's words."""
    kept: list[str] = []
    first = last = -1
    number = 0
    while number < len(lines):
        height = _introduction(lines, number)
        if _begins_original(lines, number) or (height and not _is_quoted_below(lines, number + height)):
            break
        if height:
            number += height
            continue
        line = lines[number]
        if line and not _QUOTE.match(line) and not _is_torn_quote(lines, number):
            first, last = (len(kept) if first < 0 else first), len(kept)
        kept.append(line)
        number += 1
    return kept[first : last + 1] if first >= 0 else []


def _is_torn_quote(lines: list[str], number: int) -> bool:
    """Whether a line is the end of the long quoted line above it, broken by a mailer on the way."""
    if not 0 < number < len(lines) - 1:
        return False
    above, below = lines[number - 1], lines[number + 1]
    return len(above) > 60 and _QUOTE.match(above) is not None and _QUOTE.match(below) is not None


def _begins_original(lines: list[str], number: int) -> bool:
    """Whether the original begins here: "Original Message", or From, Sent, To, Subject one below the other."""
    bare = _bare(lines[number])
    if not bare:
        return False
    if len(bare) < 80 and phrases("reply", "original").fullmatch(bare):
        return True
    field = phrases("reply", "field")
    if field.match(bare) is None:
        return False
    found = (field.match(_bare(line)) for line in lines[number : number + 8])
    return len({match[1].lower() for match in found if match}) >= 3


def _introduction(lines: list[str], number: int) -> int:
    """How many lines the introduction of a quotation takes here ("On Monday, Anna wrote:"), 0 where there is none."""
    first = _bare(lines[number])
    if not first or len(first) > _LONGEST_INTRODUCTION or not phrases("reply", "opening").search(first):
        return 0
    joined = ""
    for height, line in enumerate(lines[number : number + _HIGHEST_INTRODUCTION], 1):
        bare = _bare(line)
        if height > 1 and bare and phrases("reply", "dated").match(bare):
            return 0  # another introduction begins
        if not bare and not _goes_on(lines, number + height):
            return 0
        joined = f"{joined} {bare}".strip()
        if len(joined) > _LONGEST_INTRODUCTION:
            return 0
        if phrases("reply", "introduction").fullmatch(joined):
            return height
        if phrases("reply", "introduction_of_quote").fullmatch(joined) and _is_quoted_below(
            lines, number + height
        ):
            return height
    return 0


def _goes_on(lines: list[str], number: int) -> bool:
    """Whether below an empty line an introduction goes on: with the address that a mailer put on lines of its own."""
    return number < len(lines) and lines[number].lstrip().startswith(("<", "mailto:"))


def _is_quoted_below(lines: list[str], number: int) -> bool:
    """Whether the next line that is not empty is quoted by a mark."""
    following = next((line for line in lines[number : number + 4] if line), "")
    return _QUOTE.match(following) is not None


def _bare(line: str) -> str:
    return line.strip(" \t\u00a0>*_-")


# ---------------------------------------------------------------- signatures


def _without_signature(lines: list[str]) -> list[str]:
    """The lines above "-- " (RFC 3676 section 4.3), and without what a device or a law office adds at the end."""
    end = _signature(lines)
    while end and _is_ending(lines[end - 1]):
        end -= 1
    return lines[:end] if any(lines[:end]) else lines


def _signature(lines: list[str]) -> int:
    """Where a signature of at most fifteen lines begins, else the end."""
    below = 0
    found = len(lines)
    for number in range(len(lines) - 1, 0, -1):
        if below > _LONGEST_SIGNATURE:
            break
        if _SIGNATURE.match(lines[number]) or phrases("reply", "disclaimer").match(_bare(lines[number])):
            found = number
        below += bool(lines[number])
    return found


def _is_ending(line: str) -> bool:
    if not line or _RULE.match(line):
        return True
    return len(line) < 200 and phrases("reply", "sent_from").fullmatch(_bare(line)) is not None
