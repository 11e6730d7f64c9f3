"""What others may ask of letters: who was told what, and what waits."""

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from orgo.outbox.models import Letter


def letters_of(task: int) -> list[Letter]:
    """All letters of a task, the oldest first."""
    return list(Letter.objects.filter(task=task).order_by("id"))


def newest(
    state: str = "",
    tasks: "QuerySet[Any] | None" = None,
    *,
    own: bool = False,
    before: int | None = None,
    limit: int = 200,
) -> tuple[list[Letter], int | None]:
    """The newest letters (of those older than letter `before`), and the last one's number if there are more.

    `state` keeps those in one state; `tasks` (a query of ids) those of these tasks, and with `own` those of no task.
    """
    rows = Letter.objects.order_by("-id")
    if state:
        rows = rows.filter(state=state)
    if tasks is not None:
        # Asked of each letter in its turn: of all tasks it would be asked before the first.
        theirs = Exists(tasks.filter(pk=OuterRef("task")))
        rows = rows.filter(theirs | Q(task=None)) if own else rows.filter(theirs)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows[: limit + 1])
    return found[:limit], found[limit - 1].pk if len(found) > limit else None
