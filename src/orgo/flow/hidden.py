"""Who stays unnamed on a task that leaves its sender out: its requester, and whoever wrote a mail that such a rule fits."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from orgo.audit.models import Event
from orgo.flow.letters import AUTO_REPLIES
from orgo.flow.words import Asked, without_person
from orgo.intake.models import Mail

if TYPE_CHECKING:
    from orgo.flow.house import House
    from orgo.outbox.models import Letter


class Happened(Protocol):
    """An event, as a value or as a row."""

    @property
    def data(self) -> dict[str, Any]: ...


class Hidden(NamedTuple):
    """The requester's address, and the (address, name) of all who stay unnamed; one may be there with several names."""

    requester: str = ""
    people: tuple[tuple[str, str], ...] = ()

    def has(self, address: str) -> bool:
        """Whether this is one of them."""
        return any(address == one for one, _ in self.people)

    def did(self, actor: str, kind: str) -> bool:
        """Whether one of them did something, as such: what somebody of the team does on the page is told."""
        return self.has(actor) and (actor == self.requester or kind == "mail")

    def got(self, letter: "Letter") -> bool:
        """Whether a letter went to one of them as such: somebody of the team gets others too."""
        to = letter.recipient
        return self.has(to) and (to == self.requester or letter.kind in AUTO_REPLIES)

    def without(self, text: str) -> str:
        """A text without their addresses and names."""
        for address, name in self.people:
            text = without_person(text, address, name)
        return text


def hidden_of(task: Asked, writers: Iterable[tuple[str, str]], house: "House") -> Hidden:
    """Of a task with these (address, name) as the writers of its unnamed mails."""
    if not task.anonymize:
        return Hidden()
    found = [(task.requester, task.requester_name), *writers]
    # A letter calls somebody of the house by the name in the directory.
    known = [(address, house.name_of(address)) for address, _ in found if address]
    return Hidden(task.requester, tuple(dict.fromkeys(one for one in (*found, *known) if one[0])))


def hidden_on(task: Asked, number: int, house: "House") -> Hidden:
    """Of the task with this number, as it is in the database."""
    if not task.anonymize:
        return Hidden()
    mails = Mail.objects.filter(pk__in=unnamed_mails(events_of_mails(number)))
    return hidden_of(task, mails.values_list("from_address", "from_name"), house)


def events_of_mails(task: int) -> Iterable[Event]:
    """The task's events that tell of a mail."""
    return Event.objects.filter(task=task, type__in=("task.commented", "task.linked"))


def unnamed_mails(events: Iterable[Happened]) -> frozenset[int]:
    """The mails of a task whose writers stay unnamed: those that a rule fitted, and those of which a copy did elsewhere."""
    found: set[int] = set()
    for event in events:
        if event.data.get("unnamed"):
            found.add(event.data["mail"])
        if "unnamed_mail" in event.data:
            found.add(event.data["unnamed_mail"])
    return frozenset(found)
