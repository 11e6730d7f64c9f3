"""What others may ask of tasks: lists, counts, search. The doors read tasks only through here, and see only what they may."""

from datetime import datetime
from typing import Final

from django.db import connection
from django.db.models import F, Q, QuerySet

from orgo.conf import sql
from orgo.lib import ids
from orgo.people.visibility import Viewer
from orgo.task import search as search_index
from orgo.task.models import Task

OPEN: Final = ("pending", "in_progress", "waiting")
QUEUES: Final = ("mine", "team", "unassigned", "waiting", "overdue", "all", "closed")
SHOWN = 200


def is_any_due(now: datetime) -> bool:
    """Whether a task's next timer is due."""
    return Task.objects.filter(next_level_at__lte=now).exists()


def due_tasks(now: datetime, limit: int) -> list[Task]:
    """Tasks whose next timer is due, the most overdue first, locked until the transaction ends.

    Those that another clock is at are passed by, so that several clocks share the work.
    """
    lock = "FOR UPDATE SKIP LOCKED" if connection.features.has_select_for_update_skip_locked else ""
    where = f"WHERE next_level_at <= %s ORDER BY next_level_at, id LIMIT %s {lock}"
    return sql.select(Task, where, [sql.instant(now), limit])


def in_queue(viewer: Viewer, queue: str, now: datetime) -> "QuerySet[Task]":
    """The tasks of a queue that the viewer may see."""
    visible = Task.objects.filter(viewer.filter())
    return visible.filter(_queue(viewer, queue, now))


def _queue(viewer: Viewer, queue: str, now: datetime) -> Q:
    is_open = Q(state__in=OPEN)
    teams = viewer.teams | viewer.lent
    filters = {
        "mine": is_open & Q(assignee=viewer.address),
        "team": is_open & Q(team__in=teams),
        "unassigned": is_open & Q(assignee="") & (Q() if viewer.see_all else Q(team__in=teams)),
        "waiting": Q(state="waiting"),
        "overdue": is_open & (Q(due_at__lt=now) | Q(level__gt=0)),
        "closed": ~is_open,
    }
    return filters.get(queue, is_open)


def listed(viewer: Viewer, queue: str, now: datetime, limit: int = SHOWN) -> list[Task]:
    """The tasks of a queue, what is due first on top; closed ones by the day they were closed."""
    rows = in_queue(viewer, queue, now)
    if queue == "closed":
        return list(rows.order_by("-closed_at", "-id")[:limit])
    return list(rows.order_by(F("level").desc(), F("next_level_at").asc(nulls_last=True), "id")[:limit])


def counts(viewer: Viewer, now: datetime) -> dict[str, int]:
    """How many tasks each queue holds for this viewer (closed ones are not counted)."""
    return {queue: in_queue(viewer, queue, now).count() for queue in QUEUES if queue != "closed"}


def search(viewer: Viewer, words: str, limit: int = SHOWN) -> list[Task]:
    """Tasks in whose mails, notes or title these words stand; one whose reference it is comes first.

    The words are never operators: each is a quoted term, the last one a beginning.
    """
    visible = Task.objects.filter(viewer.filter())
    reference = ids.normal_reference(words)
    first = list(visible.filter(reference=reference)) if reference else []
    matching = search_index.tasks_with(words)
    found = (
        list(visible.filter(pk__in=matching).order_by("-opened_at")[:limit]) if matching is not None else []
    )
    return first + [row for row in found if row not in first]
