"""What the page calls the states and values that the code has English words for, in the reader's language."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

TASK_STATES: Mapping[str, Any] = {
    "pending": _("open"), "in_progress": _("in hand"), "waiting": _("waiting"), "completed": pgettext_lazy("task", "done"),
    "cancelled": _("cancelled"), "failed": _("failed"),
}  # fmt: skip
LETTER_STATES: Mapping[str, Any] = {
    "pending": _("waiting to leave"), "claimed": _("leaving"), "dot": _("leaving"), "sent": _("sent"), "failed": _("failed"),
    "ambiguous": _("may have arrived"), "held": _("held"), "cancelled": pgettext_lazy("letter", "cancelled"),
}  # fmt: skip
PRIORITIES: Mapping[str, Any] = {
    "low": _("low"),
    "normal": _("normal"),
    "high": _("high"),
    "urgent": _("urgent"),
}
# What is wrong with a text that is no length of time (lib/durations.py), with examples that the reader's language has.
NOT_A_DURATION: Mapping[str, Any] = {
    "is no duration": _("“%s” is no length of time; write it like “2 hours”, “30 min”, “1 day” or “1h30m”"),
    "is no time at all": _("“%s” is no time at all; write it like “2 hours”, “30 min”, “1 day” or “1h30m”"),
    "is more than ten years": _("“%s” is more than ten years"),
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
        re.compile(r"the trail has seals and its key is gone from the database.*"),
        _(
            "The trail has seals and its key is gone from the database, so nothing is sealed; find out who removed it,"
            " then orgo audit new-key"
        ),
    ),
    (
        re.compile(
            r"mail is refused for now: ([0-9]+) MB free at (.+), ([0-9]+) are needed; make room", re.DOTALL
        ),
        _("Mail is refused for now: %s MB free at %s, %s are needed; make room"),
    ),
    (
        re.compile(r"there is too little room on Orgo's disk, so mail stays on the server; see orgo status"),
        _("There is too little room on Orgo's disk, so the mail of a mailbox stays on its server"),
    ),
    (
        re.compile(r"the watch can't be told that Orgo lives: (.+)", re.DOTALL),
        _("The watch can't be told that Orgo lives: %s"),
    ),
)

_REFUSALS = (
    (re.compile(r"(.+) has taken it"), _("%s has taken it")),
    (re.compile(r"nobody here has the address (.*)", re.DOTALL), _("nobody here has the address %s")),
    (re.compile(r"a text has at most ([0-9]+) characters"), _("a text has at most %s characters")),
)
_FORESEEN = (
    (re.compile(r"it would open a task for (.+)"), _("it would open a task for %s")),
    (re.compile(r"it would join #(.+)"), _("it would join #%s")),
)
_IGNORED = "it would be ignored: "


def trouble(sentence: str) -> str:
    """A sentence of ops/trouble.py, as far as the page knows it."""
    return _known(sentence, _TROUBLES)


def refused(sentence: str) -> str:
    """Why a step was not done, as flow/acting.py and task/state.py say it."""
    return _known(sentence.rstrip("."), _REFUSALS)


def foreseen(sentence: str) -> str:
    """What would become of an observed mail, as flow/place.py says it."""
    if sentence.startswith(_IGNORED):
        return gettext("it would be ignored: %s") % gettext(sentence.removeprefix(_IGNORED))
    return _known(sentence, _FORESEEN)


def _known(sentence: str, patterns: Iterable[tuple[re.Pattern[str], Any]]) -> str:
    for pattern, words in patterns:
        found = pattern.fullmatch(sentence)
        if found:
            return str(words) % found.groups()
    return gettext(sentence)
