"""Whether a mail's text and its HTML say different things: who reads one is told that the other says more (pure).

Only a rough look at the words of both: links and a footer are no difference. Asked when a mail is shown, not when it comes.
"""

import re
from html import unescape

LONGEST = 200_000
LEAST_WORDS = 3
_HIDING = re.compile(r"(?i)<(/?)(?:style|script|head|title)\b[^<>]{0,2000}>|(<!--)|(-->)")
_TAG = re.compile(r"<[^<>]{0,2000}>")
_LINKS = re.compile(r"(?i)\b(?:https?://|www\.|mailto:)\S+")
_WORD = re.compile(r"\w{2,}")


def differ(text: str, html: str) -> bool:
    """Whether most words of the text are not in the HTML, or most of those of the HTML not in the text."""
    words, shown = _words(text[:LONGEST]), _words(unescape(_TAG.sub(" ", _seen(html[:LONGEST]))))
    return _is_other(words, shown) or _is_other(shown, words)


def _seen(html: str) -> str:
    """Without styles, scripts, the head and comments: each ends where the next end of any of them stands."""
    if not _HIDING.search(html):
        return html
    kept, at, hidden = [], 0, False
    for mark in _HIDING.finditer(html):
        if not hidden:
            kept.append(html[at : mark.start()])
        hidden = not (mark[1] or mark[3])
        at = mark.end()
    return " ".join(kept) if hidden else " ".join([*kept, html[at:]])


def _words(text: str) -> set[str]:
    return set(_WORD.findall(_LINKS.sub(" ", text).casefold()))


def _is_other(one: set[str], other: set[str]) -> bool:
    return len(one) >= LEAST_WORDS and len(one - other) * 2 > len(one)
