"""The commands: everything that somebody may want of a task (pure values; task/state.py decides on them)."""

from datetime import datetime
from typing import Any

import msgspec

from orgo.task.values import Actor, Event


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """Wanted of the task with the id `task`, by `actor`, at the instant `at`."""

    task: int
    actor: Actor
    at: datetime


class Open(Command, frozen=True, kw_only=True):
    """Make the task. `facts` are the first values of TaskState's fields; `acknowledge` asks for a receipt to the sender."""

    facts: dict[str, Any]
    notify: tuple[str, ...] = ()
    acknowledge: str = ""


class Comment(Command, frozen=True, kw_only=True):
    """Add what somebody wrote: a mail that joined, or a note. `reopen` where the requester's words open it again.

    `asks` is the command that the words were understood as ("take", "done" ..), empty for a mere comment. `unnamed` where
    nobody is told who wrote it.
    """

    mail: int | None = None
    asks: str = ""
    note: int | None = None
    by_requester: bool = False
    reopen: bool = False
    quiet: bool = False
    unnamed: bool = False


class Link(Command, frozen=True, kw_only=True):
    """Count another copy of a mail of the task, or with `repeats` another mail that says the same once more.

    `unnamed_mail` is the mail that it is a copy of, where nobody is told any more who wrote it.
    """

    mail: int
    repeats: bool = False
    unnamed_mail: int | None = None


class Answer(Command, frozen=True, kw_only=True):
    """Answer the requester by mail with the text of a note."""

    note: int


class Take(Command, frozen=True, kw_only=True):
    """The actor makes the task the actor's own."""


class Assign(Command, frozen=True, kw_only=True):
    """Give the task to somebody (an address; empty: to nobody)."""

    to: str


class Eta(Command, frozen=True, kw_only=True):
    """Say when it will be done."""

    until: datetime


class Wait(Command, frozen=True, kw_only=True):
    """Let the task rest (its clock stands still), until an instant or an answer."""

    until: datetime | None = None


class Resume(Command, frozen=True, kw_only=True):
    """Go on after waiting."""


class Complete(Command, frozen=True, kw_only=True):
    """It is done."""


class Cancel(Command, frozen=True, kw_only=True):
    """It is not to be done."""

    reason: str = ""


class Fail(Command, frozen=True, kw_only=True):
    """It could not be done."""

    reason: str = ""


class Reopen(Command, frozen=True, kw_only=True):
    """It is not done after all."""


class Route(Command, frozen=True, kw_only=True):
    """Not mine: the task belongs to another team (or back to triage); a new round begins."""

    team: str
    organization: str = ""


class Change(Command, frozen=True, kw_only=True):
    """Change single values: title, priority, type, labels, due_at, visibility, fields; and anonymize, but never back."""

    values: dict[str, Any]


class Watch(Command, frozen=True, kw_only=True):
    """Be told of what happens to the task (`on`), or no more."""

    watcher: str
    on: bool = True


class Escalate(Command, frozen=True, kw_only=True):
    """Fire level `number`: by the clock when it is due, or by a person at any time (`by_person`).

    `to` are the addresses that act on it, `notify` those that only hear, both as resolved now; `called` is whom the
    level names, before deputies and members are looked up.
    """

    number: int
    to: tuple[str, ...] = ()
    notify: tuple[str, ...] = ()
    called: tuple[str, ...] = ()
    due: datetime | None = None
    by_person: bool = False


class Remind(Command, frozen=True, kw_only=True):
    """Remind of the deadline: the `number`th reminder of the policy."""

    number: int


class Wake(Command, frozen=True, kw_only=True):
    """The time that a waiting task waited for has come."""


class Undo(Command, frozen=True, kw_only=True):
    """Take back an event. `before` are the values that its fields had before it (folded by the caller).

    `left` names the fields that stay, because somebody else changed them since; `told` are those who heard of the event,
    `unsent` the letters about it that have not left yet and shall not.
    """

    event: Event
    before: dict[str, Any]
    left: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    unsent: tuple[int, ...] = ()


class LetterFailed(Command, frozen=True, kw_only=True):
    """A letter of this task could not be delivered. `hurry`: it was an escalation, and none of
    its letters left. `quiet`: nobody is told once more."""

    letter: int
    recipient: str
    status: str
    kind: str
    hurry: bool = False
    quiet: bool = False
