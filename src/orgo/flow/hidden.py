"""Who stays unnamed on a task that leaves its sender out: its requester, and whoever wrote a mail that such a rule fits."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from django.db.models import Q

from orgo.audit.models import Event as EventRow
from orgo.flow.letters import AUTO_REPLIES
from orgo.lib.text import without_people
from orgo.task.models import Task

if TYPE_CHECKING:
    from orgo.flow.house import House
    from orgo.outbox.models import Letter
    from orgo.task.values import Event

# The address of who wrote a mail unnamed, and the number of the event with which it joined.
Wrote = tuple[str, int]


class Asked(Protocol):
    """A task's row or state, as far as it says who wants to stay unnamed."""

    @property
    def anonymize(self) -> bool: ...
    @property
    def requester(self) -> str: ...
    @property
    def requester_name(self) -> str: ...


class Other(NamedTuple):
    """Somebody else than the requester: the address, how texts may call who has it, and the event since which it is not told."""

    address: str
    name: str
    since: int


class Hidden(NamedTuple):
    """`requester` is nowhere told; of `others`, who may be of the team, what they do by mail from their first unnamed one on."""

    requester: str = ""
    names: tuple[str, ...] = ()
    others: tuple[Other, ...] = ()

    def has(self, address: str) -> bool:
        """Whether this is one of them."""
        return bool(address) and (
            address == self.requester or any(address == one.address for one in self.others)
        )

    def did(self, actor: str, kind: str, seq: int, data: Mapping[str, Any]) -> bool:
        """Whether it is not told who did this: an event's actor, number and data.

        Who has a task in hand is told, so that they took it is as well: else it would be plain who is meant.
        """
        if not actor or actor == self.requester:
            return bool(actor)
        took_it = data.get("set", {}).get("assignee") == actor
        unnamed = any(actor == one.address and seq >= one.since for one in self.others)
        return kind == "mail" and unnamed and not took_it

    def hides_other(self, event: EventRow) -> bool:
        """Whether an event is one of which it is not told that one of the others did it."""
        return event.actor != self.requester and self.did(
            event.actor, event.actor_kind, event.seq or 0, event.data
        )

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
        addresses, names = [one.address for one in self.others], [one.name for one in self.others]
        return without_people(text, [self.requester, *addresses], [*self.names, *names])


def hidden_of(task: Asked, wrote: Iterable[Wrote], house: "House") -> Hidden:
    """Of a task with these unnamed mails."""
    if not task.anonymize:
        return Hidden()
    since: dict[str, int] = {}
    for address, seq in wrote:
        if address != task.requester:
            since[address] = min(seq, since.get(address, seq))
    others = tuple(Other(address, house.name_of(address), seq) for address, seq in since.items())
    return Hidden(task.requester, (task.requester_name, house.name_of(task.requester)), others)


def hidden_in(tasks: Iterable[Task], house: "House") -> dict[int, Hidden]:
    """By the numbers of these tasks; of any other number nobody."""
    found = [task for task in tasks if task.anonymize]
    wrote = wrote_unnamed([task.pk for task in found])
    return defaultdict(Hidden, {task.pk: hidden_of(task, wrote[task.pk], house) for task in found})


def hidden_on(task: Task, house: "House") -> Hidden:
    """Of one task, as it is in the database."""
    return hidden_in([task], house)[task.pk]


def wrote_unnamed(tasks: list[int], mails: Iterable[int] = ()) -> dict[int, list[Wrote]]:
    """By the tasks' numbers who wrote a mail unnamed: one that a rule fitted, of which a copy did elsewhere, or of these."""
    found: dict[int, list[Wrote]] = defaultdict(list)
    if tasks:
        copied = EventRow.objects.filter(task__in=tasks, type="task.linked", data__has_key="unnamed_mail")
        known = [*mails, *(data["unnamed_mail"] for data in copied.values_list("data", flat=True))]
        comments = EventRow.objects.filter(task__in=tasks, type="task.commented", actor_kind="mail")
        unnamed = comments.filter(Q(data__unnamed=True) | Q(data__mail__in=known))
        for task, actor, seq in unnamed.values_list("task", "actor", "seq"):
            found[task or 0].append((actor, seq or 0))
    return found


def gathered_unnamed(events: Iterable["Event"]) -> tuple[list[Wrote], list[int]]:
    """The same of events that are not written yet, and the mails of which one of them is a copy that a rule fits."""
    events = list(events)
    copied = [event.data["unnamed_mail"] for event in events if "unnamed_mail" in event.data]
    wrote = [
        (event.actor.address, event.seq)
        for event in events
        if event.type == "task.commented" and (event.data.get("unnamed") or event.data.get("mail") in copied)
    ]
    return wrote, copied
