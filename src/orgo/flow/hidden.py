"""Who stays unnamed on a task that leaves its sender out: its requester, and whoever wrote a mail that such a rule fits."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from django.db.models import Q

from orgo.audit.models import Event as EventRow
from orgo.flow.letters import AUTO_REPLIES
from orgo.flow.words import Asked
from orgo.lib.text import without_people
from orgo.task.models import Task

if TYPE_CHECKING:
    from orgo.flow.house import House
    from orgo.outbox.models import Letter
    from orgo.task.values import Event

# The address of a mail's writer and the instant at which it joined: all that the mail did has both.
Moment = tuple[str, datetime]


class Hidden(NamedTuple):
    """`requester` is nowhere told; of the `others`, who may be of the team, only what they did at these `moments`, by mail.

    Both are addresses with the names by which texts may call them.
    """

    requester: str = ""
    names: tuple[str, ...] = ()
    others: tuple[tuple[str, str], ...] = ()
    moments: frozenset[Moment] = frozenset()

    def has(self, address: str) -> bool:
        """Whether this is one of them."""
        return bool(address) and (address == self.requester or any(address == one for one, _ in self.others))

    def did(self, actor: str, kind: str, at: datetime) -> bool:
        """Whether it is not told who did this."""
        return bool(actor) and (actor == self.requester or (kind == "mail" and (actor, at) in self.moments))

    def got(self, letter: "Letter") -> bool:
        """Whether it is not told to whom a letter went: to one of the others, an answer to a mail."""
        return self.is_named(letter.recipient, letter.kind)

    def is_named(self, recipient: str, kind: str) -> bool:
        """Whether a letter of this kind to this recipient would tell who it is."""
        return self.has(recipient) and (recipient == self.requester or kind in AUTO_REPLIES)

    def without(self, text: str) -> str:
        """A text without the requester's address and names."""
        return without_people(text, [self.requester], self.names)

    def without_any(self, text: str) -> str:
        """A text without the addresses and names of all of them."""
        addresses, names = zip(*self.others, strict=True) if self.others else ((), ())
        return without_people(text, [self.requester, *addresses], [*self.names, *names])


def hidden_of(task: Asked, moments: Iterable[Moment], house: "House") -> Hidden:
    """Of a task with these moments at which its unnamed mails joined."""
    if not task.anonymize:
        return Hidden()
    theirs = frozenset(moment for moment in moments if moment[0] != task.requester)
    others = tuple((address, house.name_of(address)) for address in dict(theirs))
    return Hidden(task.requester, (task.requester_name, house.name_of(task.requester)), others, theirs)


def hidden_in(tasks: Iterable[Task], house: "House") -> dict[int, Hidden]:
    """By the numbers of these tasks; of any other number nobody."""
    found = [task for task in tasks if task.anonymize]
    moments = moments_of([task.pk for task in found])
    return defaultdict(Hidden, {task.pk: hidden_of(task, moments[task.pk], house) for task in found})


def hidden_on(task: Task, house: "House") -> Hidden:
    """Of one task, as it is in the database."""
    return hidden_in([task], house)[task.pk]


def moments_of(tasks: list[int], mails: Iterable[int] = ()) -> dict[int, list[Moment]]:
    """By the tasks' numbers the moments of mails whose writers stay unnamed: those that a rule fitted, those of which a copy
    did elsewhere, and these `mails`."""
    found: dict[int, list[Moment]] = defaultdict(list)
    if tasks:
        copied = EventRow.objects.filter(task__in=tasks, type="task.linked", data__has_key="unnamed_mail")
        known = [*mails, *(data["unnamed_mail"] for data in copied.values_list("data", flat=True))]
        comments = EventRow.objects.filter(task__in=tasks, type="task.commented", actor_kind="mail")
        unnamed = comments.filter(Q(data__unnamed=True) | Q(data__mail__in=known))
        for task, actor, at in unnamed.values_list("task", "actor", "at"):
            found[task or 0].append((actor, at))
    return found


def gathered_moments(events: Iterable["Event"]) -> tuple[list[Moment], list[int]]:
    """Those of events that are not written yet, and the mails of which one of them is a copy that a rule fits."""
    events = list(events)
    copied = [event.data["unnamed_mail"] for event in events if "unnamed_mail" in event.data]
    moments = [
        (event.actor.address, event.at)
        for event in events
        if event.type == "task.commented" and (event.data.get("unnamed") or event.data.get("mail") in copied)
    ]
    return moments, copied
