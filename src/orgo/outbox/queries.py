"""What others may ask of letters: who was told what, and what waits."""

from collections.abc import Collection

from orgo.outbox.models import Letter


def letters_of(task: int) -> list[Letter]:
    """All letters of a task, the oldest first."""
    return list(Letter.objects.filter(task=task).order_by("id"))


def newest(state: str = "", tasks: Collection[int] | None = None, limit: int = 200) -> list[Letter]:
    """The newest letters, those of one state, those of these tasks only."""
    rows = Letter.objects.order_by("-id")
    if state:
        rows = rows.filter(state=state)
    if tasks is not None:
        rows = rows.filter(task__in=tasks)
    return list(rows[:limit])
