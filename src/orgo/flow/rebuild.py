"""Proves that each task's row is the fold of its events, and can make it so again."""

from collections.abc import Iterator

import msgspec
from msgspec.structs import replace

from orgo.flow.undoing import events_of
from orgo.task.models import Task
from orgo.task.rows import row_of, state_of
from orgo.task.state import PERSONAL, UnknownTask, fold
from orgo.task.values import TaskState


class Difference(msgspec.Struct, frozen=True):
    """A field in which a task's row is not what its events say."""

    reference: str
    field: str
    row: str
    events: str


def folded(row: Task) -> TaskState:
    """The state that the task's events lead to, with the texts about persons taken from the row (events have none).

    Raises UnknownTask when the trail has a hole.
    """
    state = fold(events_of(row.pk))
    if state is None:
        raise UnknownTask(f"task {row.reference} has no events")
    kept = state_of(row)
    return replace(state, **{name: getattr(kept, name) for name in PERSONAL})


def differences(row: Task) -> list[Difference]:
    """Where this task's row and its events disagree; nothing when all is well."""
    kept = state_of(row)
    try:
        told = folded(row)
    except UnknownTask as error:
        return [Difference(row.reference, "events", "", str(error))]
    found = [
        Difference(row.reference, name, repr(getattr(kept, name)), repr(getattr(told, name)))
        for name in TaskState.__struct_fields__
        if getattr(kept, name) != getattr(told, name)
    ]
    if row.next_level_at != told.next_level_at:
        found.append(
            Difference(row.reference, "next_level_at", repr(row.next_level_at), repr(told.next_level_at))
        )
    return found


def check_all() -> Iterator[Difference]:
    """Every difference of every task."""
    for row in Task.objects.order_by("id").iterator(500):
        yield from differences(row)


def rebuild(row: Task) -> None:
    """Write the row again from its events."""
    Task.objects.filter(pk=row.pk).update(**row_of(folded(row)))
