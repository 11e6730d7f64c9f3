"""What the page calls the states and values that the code has English words for."""

import re
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

LETTER_STATES: Mapping[str, Any] = {
    "pending": _("waiting to leave"), "claimed": _("leaving"), "dot": _("leaving"), "sent": _("sent"), "failed": _("failed"),
    "ambiguous": _("may have arrived"), "held": _("held"), "cancelled": _("cancelled"),
}  # fmt: skip
PRIORITIES: Mapping[str, Any] = {
    "low": _("low"),
    "normal": _("normal"),
    "high": _("high"),
    "urgent": _("urgent"),
}
_TROUBLES = (
    (re.compile(r"letters can't leave by (.+?): (.+)", re.DOTALL), _("Letters can't leave by %s: %s")),
    (
        re.compile(r"mail waits, for the virus scanner does not answer: (.+)", re.DOTALL),
        _("Mail waits, for the virus scanner does not answer: %s"),
    ),
    (
        re.compile(r"the old rules stay in force, the new ones can't be read: (.+)", re.DOTALL),
        _("The old rules stay in force, the new ones can't be read: %s"),
    ),
    (
        re.compile(r"no heartbeat is sent, for (.+) does not work"),
        _("No heartbeat is sent, for %s does not work"),
    ),
    (
        re.compile(
            r"the key of the trail lies under another secret, so nothing is sealed here; (.+)", re.DOTALL
        ),
        _("The key of the trail lies under another secret, so nothing is sealed here; %s"),
    ),
    (
        re.compile(r"the watch can't be told that Orgo lives: (.+)", re.DOTALL),
        _("The watch can't be told that Orgo lives: %s"),
    ),
)


def trouble(sentence: str) -> str:
    """A sentence of ops/trouble.py in the reader's language, as far as the page knows it."""
    for pattern, words in _TROUBLES:
        found = pattern.fullmatch(sentence)
        if found:
            return str(words) % found.groups()
    return sentence
