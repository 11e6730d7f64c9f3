"""What `undo` takes back: the last thing that its author did to the task, as far as it can be taken back."""

from datetime import datetime

import msgspec

from orgo.audit.models import Event as EventRow
from orgo.task.commands import Undo
from orgo.task.state import UNDO_WITHIN, fold
from orgo.task.values import Actor, Event, TaskState

# What never is taken back by itself: words that were written, and what others or the clock did.
LASTING = frozenset(
    {"task.opened", "task.commented", "task.answered", "task.linked", "task.undone", "task.letter_failed"}
)


def events_of(task: int) -> list[Event]:
    """The task's events in order, as values."""
    rows = EventRow.objects.filter(task=task).order_by("seq")
    return [
        Event(row.type, row.at, Actor(row.actor_kind, row.actor), row.data, row.seq or 0, row.v)  # type: ignore[arg-type]
        for row in rows
    ]


def undo_of(state: TaskState, actor: Actor, now: datetime) -> Undo | None:
    """The command that takes back the author's last step (all events of that one instant), or None."""
    events = events_of(state.id)
    undone = {event.data.get("of") for event in events if event.type == "task.undone"}
    own = [
        e
        for e in events
        if e.actor.address == actor.address and e.type not in LASTING and e.seq not in undone
    ]
    if not own or now - own[-1].at > UNDO_WITHIN:
        return None
    first = next(event for event in own if event.at == own[-1].at)
    return Undo(task=state.id, actor=actor, at=now, event=first, before=_before(events, first, own[-1]))


def _before(events: list[Event], first: Event, last: Event) -> dict[str, object]:
    """The values, before `first`, of the fields that the events from `first` to `last` changed."""
    earlier = fold(event for event in events if event.seq < first.seq)
    assert earlier is not None
    changed = {name for e in events if first.seq <= e.seq <= last.seq for name in e.data.get("set", {})}
    return {name: msgspec.to_builtins(getattr(earlier, name)) for name in changed}
