"""Makes the command that takes the last step of its author back, from what the trail holds of the task."""

from orgo.audit.models import Event as EventRow
from orgo.flow.unit import Unit
from orgo.task.commands import Undo
from orgo.task.undo import last_step, taken_back
from orgo.task.values import Actor, Event, TaskState


def events_of(task: int) -> list[Event]:
    """The task's events in order, as values."""
    rows = EventRow.objects.filter(task=task).order_by("seq")
    return [
        Event(row.type, row.at, Actor(row.actor_kind, row.actor), row.data, row.seq or 0, row.v)  # type: ignore[arg-type]
        for row in rows
    ]


def undo_of(state: TaskState, actor: Actor, unit: Unit) -> Undo | None:
    """The command that takes back the author's last step (all events of that one instant), or None."""
    events = [*events_of(state.id), *unit.gathered(state.id)]
    step = last_step(events, actor.address, unit.now)
    if not step:
        return None
    before, left = taken_back(events, step)
    if left and not before:
        return None
    told, unsent = unit.told_of(state.id, {event.seq for event in step})
    return Undo(
        task=state.id,
        actor=actor,
        at=unit.now,
        event=step[0],
        before=before,
        left=left,
        told=told,
        unsent=unsent,
    )
