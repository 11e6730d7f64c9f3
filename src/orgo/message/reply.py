"""A reply's own words: quotes and signatures are cut off (pure, linear, never nothing where there is something)."""

import re

from orgo.lib.text import clean_text
from orgo.message.phrases import patterns

_WROTE = (
    r"(?:wrote|writes|[ée]crit|schrieb|escribi[óo]|(?:ha )?scritto|schreef|skrev|napisa[łl](?:\(a\))?|escreveu|kirjoitti"
    r"|пишет|написала?|вы писали|yazd[ıi])"
)
_MONTHS = r"(?:\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{4}[./-]\d{1,2}[./-]\d{1,2})"
# How an introduction may begin (a cheap look), and how it reads as a whole.
_BEGINS = re.compile(
    r"(?i)(?:on|am|le|el|il|op|den|em|dnia|w dniu|p[åa]|\d|[^<]{1,80}<|.{1,80}" + _WROTE + r")"
)
_HEAD = re.compile(
    r"(?i)(?:"
    r"(?:on|am|le|el|il|op|den|em|dnia|w dniu|p[åa]|\d).{3,300}" + _WROTE + r"\b.{0,80}:?"
    r"|.{1,120}<[^<>]{1,100}>.{0,60}" + _WROTE + r".{0,60}:?"
    r"|.{1,120}" + _WROTE + r"\s*:"
    r"|" + _MONTHS + r".{1,200}<\s*[^\s<>]+@[^\s<>]+\s*>?\s*:?"
    r"|.{0,60}" + _MONTHS + r".{1,200}[\w.+-]+@[\w.-]+.{0,3}:"
    r")\Z"
)
_PHRASES = patterns("reply")
_ORIGINAL, _SENT_FROM = _PHRASES["original"], _PHRASES["sent_from"]
_FIELD = re.compile(r"(?i)[>\s*]*(" + _PHRASES["field"].pattern.removeprefix("(?i)") + r")\*?\s*:\s*\*?\s*\S")
_SIGNATURE = re.compile(r"^(?:--\s?|__\s?|—\s?|-- ?|\*{3,})$")


def reply_text(text: str) -> str:
    """The reply's own words; the whole text where nothing would be left."""
    lines = clean_text(text).split("\n")
    own = _without_signature(_without_quotes(lines))
    return "\n".join(line.rstrip() for line in own).strip() or clean_text(text).strip()


def _without_quotes(lines: list[str]) -> list[str]:
    """The lines before the quoted mail; where the author writes on below or between the quotes, those lines too."""
    kept: list[str] = []
    number = 0
    while number < len(lines):
        line = lines[number]
        if _is_block(lines, number) or _ORIGINAL.fullmatch(_bare(line)):
            break
        height = _head_height(lines, number)
        if height and not _writes_below(lines, number + height):
            break
        if not height and not line.lstrip().startswith(">"):
            kept.append(line)
        number += height or 1
    return kept


def _bare(line: str) -> str:
    return line.strip(" \t>*_-")


def _head_height(lines: list[str], number: int) -> int:
    """How many lines the introduction of a quotation takes here ("On Monday, Anna wrote:"), 0 where none stands."""
    first = _bare(lines[number])
    if not first or not _BEGINS.match(first):
        return 0
    joined = ""
    for height, line in enumerate(lines[number : number + 7], 1):
        joined = f"{joined} {_bare(line)}".strip()
        if len(joined) > 400:
            return 0
        if _HEAD.match(joined):
            return height
    return 0


def _writes_below(lines: list[str], number: int) -> bool:
    """Whether words of the author follow the quotation that begins here (and are no quotation of their own)."""
    below = lines[number:]
    quoted = [n for n, line in enumerate(below) if line.lstrip().startswith(">")]
    if not quoted or any(line.strip() and not line.lstrip().startswith(">") for line in below[: quoted[0]]):
        return False
    after = [line for line in below[quoted[0] :] if line.strip() and not line.lstrip().startswith(">")]
    return len(after) >= 1 and not _is_sent_from(after[0]) and not _SIGNATURE.match(after[0].rstrip())


def _is_block(lines: list[str], number: int) -> bool:
    """Outlook's way: From, Sent, To, Subject one below the other."""
    if not _FIELD.match(lines[number]):
        return False
    names = {found[1].lower() for line in lines[number : number + 7] if (found := _FIELD.match(line))}
    return len(names) >= 3


def _without_signature(lines: list[str]) -> list[str]:
    """The lines before "-- " (RFC 3676 section 4.3), and without what a device adds at the end."""
    for number, line in enumerate(lines):
        below = sum(1 for other in lines[number + 1 :] if other.strip())
        if _SIGNATURE.match(line.rstrip()) and below <= 15 and any(other.strip() for other in lines[:number]):
            lines = lines[:number]
            break
    end = len(lines)
    while end and (not lines[end - 1].strip() or _is_sent_from(lines[end - 1])):
        end -= 1
    return lines[:end] if any(line.strip() for line in lines[:end]) else lines


def _is_sent_from(line: str) -> bool:
    return len(line) < 200 and _SENT_FROM.fullmatch(_bare(line)) is not None
