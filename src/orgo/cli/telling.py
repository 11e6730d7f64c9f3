"""What happened to a task, in plain words for a terminal."""

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from orgo.flow import words
from orgo.flow.hidden import hidden_on
from orgo.flow.house import House
from orgo.task.models import Task
from orgo.task.values import Event

SENDER = "the sender"


class Teller:
    """Tells of one task; where its sender is nobody's business, the sender's address is not told."""

    def __init__(self, task: Task, house: House) -> None:
        self.task, self.house = task, house
        self.hidden = hidden_on(task, house)
        self.zone: ZoneInfo = house.zone_of(task.team)

    def sentence(self, event: Event, times: int = 1) -> str:
        """Who did what: "Anna Abel took it"; `times` for the last of as many mails that came again."""
        if times > 1:
            return f"{self.actor(event)} received the same mail {times} times more"
        tell = _TOLD.get(event.type)
        what = tell(event, self) if tell else event.type.removeprefix("task.").replace("_", " ")
        return f"{self.actor(event)} {what}"

    def actor(self, event: Event) -> str:
        """Who did it, as people call it."""
        kind, address = event.actor.kind, event.actor.address
        if kind == "clock":
            return "the clock"
        if kind == "rule":
            return f"the rule {address!r}"
        if self.is_unnamed(event):
            return SENDER
        return self.name(address) if address and kind != "system" else "Orgo"

    def is_unnamed(self, event: Event) -> bool:
        """Whether nobody is told who did it."""
        return self.hidden.did(event.actor.address, event.actor.kind, event.seq, event.data)

    def name(self, address: str) -> str:
        """How somebody is called."""
        return SENDER if self.is_hidden(address) else self.house.name_of(address)

    def is_hidden(self, address: str) -> bool:
        """Whether this is the sender of a task that does not say who sent it."""
        return self.task.anonymize and address == self.task.requester

    def shown(self, address: str) -> str:
        """An address, where it may be shown."""
        return SENDER if self.is_hidden(address) else address

    def set(self, event: Event, field: str) -> str:
        """An instant that an event set."""
        value = event.data.get("set", {}).get(field)
        return words.instant(datetime.fromisoformat(value), self.zone, "en") if value else ""


def _opened(event: Event, teller: Teller) -> str:
    return f"opened it for {teller.name(event.data.get('set', {}).get('team', '') or teller.task.team)}"


def _assigned(event: Event, teller: Teller) -> str:
    who = event.data.get("set", {}).get("assignee", "")
    if who and who == event.actor.address:
        return "took it"
    return f"gave it to {teller.name(who)}" if who else "gave it back to the team"


def _eta(event: Event, teller: Teller) -> str:
    return f"expects it to be done by {teller.set(event, 'eta_at')}"


def _waiting(event: Event, teller: Teller) -> str:
    until = teller.set(event, "waiting_until")
    return f"lets it wait until {until}" if until else "lets it wait"


def _escalated(event: Event, teller: Teller) -> str:
    who = ", ".join(teller.name(address) for address in event.data.get("to", []))
    return f"escalated it to level {event.data.get('level')}: {who or 'nobody'} was told"


def _letter_failed(event: Event, teller: Teller) -> str:
    recipient = event.data.get("recipient", "")
    is_hidden = teller.hidden.is_named(recipient, event.data.get("kind", ""))
    return f"could not deliver a letter to {SENDER if is_hidden else recipient}"


def _changed(event: Event, teller: Teller) -> str:
    return f"changed {', '.join(event.data.get('fields', [])) or 'it'}"


def _routed(event: Event, teller: Teller) -> str:
    return f"gave it to {teller.name(event.data.get('set', {}).get('team', ''))}"


def _plain(what: str) -> Callable[[Event, Teller], str]:
    return lambda event, teller: what


_TOLD: dict[str, Callable[[Event, Teller], str]] = {
    "task.opened": _opened,
    "task.routed": _routed,
    "task.assigned": _assigned,
    "task.acknowledged": _plain("has taken note of it"),
    "task.eta_given": _eta,
    "task.waiting": _waiting,
    "task.resumed": _plain("goes on with it"),
    "task.escalated": _escalated,
    "task.reminded": _plain("reminded of the deadline"),
    "task.completed": _plain("says it is done"),
    "task.cancelled": _plain("closed it without doing it"),
    "task.failed": _plain("says it could not be done"),
    "task.reopened": _plain("opened it again"),
    "task.commented": lambda event, teller: "wrote" if event.data.get("mail") else "left a note",
    "task.answered": _plain("answered the requester"),
    "task.linked": _plain("received the same mail again"),
    "task.changed": _changed,
    "task.watched": _plain("changed who watches it"),
    "task.undone": _plain("took the last step back"),
    "task.letter_failed": _letter_failed,
}
