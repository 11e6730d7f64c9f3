"""The score that a spam filter wrote into a mail's headers (pure, linear)."""

import re
from collections.abc import Mapping, Sequence

from orgo.message.words import header_text

_NUMBER = r"(-?\d{1,6}(?:\.\d{1,6})?)(?![\d.])"
# SpamAssassin, amavis and Exim; rspamd. Of a status the score is one word among others.
_SAYS = {
    "x-spam-score": re.compile(r"\s*" + _NUMBER),
    "x-rspamd-score": re.compile(r"\s*" + _NUMBER),
    "x-spam-status": re.compile(r".*?\b(?:score|hits)=\s?" + _NUMBER, re.DOTALL),
    "x-spamd-result": re.compile(r"[^\[]*\[\s?" + _NUMBER),
}
_LOOKED_AT = 500


def spam_score(headers: Mapping[str, Sequence[str]]) -> float | None:
    """The highest score that any of the headers (values by lower name) says, None where none does.

    Filters add theirs above or below what a sender wrote; a sender who writes one too can only make it worse.
    """
    found = [
        float(match[1])
        for name in _SAYS.keys() & headers.keys()
        for value in headers[name]
        if (match := _SAYS[name].match(header_text(value)[:_LOOKED_AT]))
    ]
    return max(found, default=None)
