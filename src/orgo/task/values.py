"""The values that the task's state machine takes and gives (pure)."""

from datetime import datetime
from typing import Any, Literal, Protocol

import msgspec

State = Literal["pending", "in_progress", "waiting", "completed", "cancelled", "failed"]
CLOSED: frozenset[str] = frozenset({"completed", "cancelled", "failed"})
PRIORITIES = ("low", "normal", "high", "urgent")
ActorKind = Literal["user", "mail", "rule", "clock", "node", "system"]


class Actor(msgspec.Struct, frozen=True):
    """Who did it: a user, a mail's sender, a rule, the clock, another node, Orgo itself."""

    kind: ActorKind
    address: str = ""


CLOCK = Actor("clock")
ORGO = Actor("system")


class Timer(msgspec.Struct, frozen=True):
    """What the clock will do next to a task, and when."""

    kind: Literal["level", "reminder", "wake"]
    at: datetime
    number: int = 0


class Event(msgspec.Struct, frozen=True):
    """Something that happened to a task, with its results (never inputs to be computed again)."""

    type: str
    at: datetime
    actor: Actor
    data: dict[str, Any] = {}
    seq: int = 0
    v: int = 1


class Notice(msgspec.Struct, frozen=True):
    """A wish that people be told of an event. `to` holds addresses, or the words team, assignee,
    requester, watchers, caretaker; `by` is the address of who did it and need not be told. `later` is an instant until
    which it is put off, to be told in one letter with what else comes until then; `doubted` says that it may have been told
    already, before a backup was restored."""

    kind: str
    to: tuple[str, ...]
    seq: int
    note: int | None = None
    data: dict[str, Any] = {}
    by: str = ""
    later: datetime | None = None
    doubted: bool = False


class TaskState(msgspec.Struct, frozen=True, kw_only=True):
    """A task as the fold of its events. The names are those of the task's row; see task/models.py."""

    id: int
    reference: str
    title: str
    team: str
    opened_at: datetime
    updated_at: datetime
    round_at: datetime
    seq: int = 0
    state: State = "pending"
    level: int = 0
    round: int = 0
    priority: str = "normal"
    type: str = ""
    labels: tuple[str, ...] = ()
    fields: dict[str, str] = {}
    requester: str = ""
    requester_name: str = ""
    assignee: str = ""
    watchers: tuple[str, ...] = ()
    called: tuple[str, ...] = ()
    organization: str = ""
    visibility: str = "team"
    anonymize: bool = False
    mail: int | None = None
    rule: str = ""
    revision: str = ""
    language: str = ""
    mailbox: str = ""
    loops: tuple[str, ...] = ()
    # Addresses that answer Orgo's letters by new mail again and again: this task writes to none of them by itself.
    spared: tuple[str, ...] = ()
    due_at: datetime | None = None
    # When the deadline was set, where that was later than the opening.
    due_set_at: datetime | None = None
    closed_at: datetime | None = None
    timer: Timer | None = None
    policy: dict[str, Any] = {}
    calendar: str = ""
    fired: tuple[int, ...] = ()
    reminded: tuple[int, ...] = ()
    hurry: bool = False
    pauses: tuple[tuple[datetime, datetime | None], ...] = ()
    acknowledged_at: datetime | None = None
    eta_at: datetime | None = None
    waiting_until: datetime | None = None
    attach: tuple[str, ...] = ()
    answerable: bool = True
    repeats: int = 0

    @property
    def is_closed(self) -> bool:
        return self.state in CLOSED

    @property
    def next_level_at(self) -> datetime | None:
        """When the clock looks at this task again."""
        return self.timer.at if self.timer else None


class Planner(Protocol):
    """Says what the clock does next to a task in this state (the pipeline wires escalation/plan.py in)."""

    def __call__(self, state: TaskState, now: datetime) -> Timer | None: ...


class Outcome(msgspec.Struct, frozen=True):
    """What a command comes to: events in order, who is to be told, the state after. `refused` says why nothing happened."""

    events: tuple[Event, ...] = ()
    notices: tuple[Notice, ...] = ()
    after: TaskState | None = None
    refused: str = ""
