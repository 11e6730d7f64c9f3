"""Equal mails of one sender within an hour are one task: a monitor that writes the same alarm 10,000 times makes one.

Each is kept and counted at the task; who has it hears of the first, then of the 2nd, the 10th, the 100th .. (task/state.py).
Not the same mail twice, which is known by its Message-ID (flow/place.py): these are new mails that say nothing new.
"""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import UTC, timedelta
from itertools import groupby
from typing import Protocol, TypeVar

from orgo.flow.unit import Known, Unit
from orgo.intake.models import Mail
from orgo.message import Message
from orgo.task.actions import handle
from orgo.task.commands import Link
from orgo.task.values import ORGO

WITHIN = timedelta(hours=1)


class _Typed(Protocol):
    @property
    def type(self) -> str: ...


E = TypeVar("E", bound=_Typed)


def words_key(mail: Mail, message: Message) -> str:
    """What equal mails have in common: sender, words and documents, the way in, and the day, so that no key has a long past."""
    if (
        not message.trusted or not message.content_key
    ):  # one without Message-ID and Date is never merged (DESIGN.md section 3)
        return ""
    day = mail.received_at.astimezone(UTC).date().isoformat()
    parts = (message.words_key, mail.mode, mail.mailbox, *sorted(mail.envelope_to), day)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()


def equal_mail(mail: Mail, unit: Unit) -> Known | None:
    """The mail of the last hour that opened a task with this words_key: one that is open, both senders believed alike."""
    for known in unit.same_words(mail.pk):
        first, state = unit.mail(known.mail), unit.state(known.task)
        if first is None or state is None or state.is_closed or first.trust != mail.trust:
            continue
        if timedelta(0) <= mail.received_at - first.received_at <= WITHIN:
            return known
    return None


def count(mail: Mail, known: Known, unit: Unit) -> None:
    """Count the mail at the task of the one it is equal to."""
    handle([Link(task=known.task, actor=ORGO, at=unit.now, mail=mail.pk, repeats=True)], unit)


def runs(events: Iterable[E]) -> Iterator[tuple[E, int]]:
    """The events of a task for a reader, each with how many it stands for: mails that came again in a row are one line."""
    for kind, found in groupby(events, lambda event: event.type):
        some = list(found)
        if kind == "task.linked":
            yield some[0], len(some)
        else:
            yield from ((event, 1) for event in some)
