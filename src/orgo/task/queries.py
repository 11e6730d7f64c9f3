"""What others may ask of tasks: lists, counts, search. The doors read tasks only through here, and see only what they may."""

from datetime import datetime
from typing import Final, NamedTuple

from django.db import connection
from django.db.models import Count, Exists, F, Max, OuterRef, Q, QuerySet

from orgo.conf import sql
from orgo.lib import ids
from orgo.people.visibility import Viewer
from orgo.task import search as search_index
from orgo.task.models import OPEN, PutOff, Task

QUEUES: Final = ("mine", "team", "unassigned", "waiting", "overdue", "all", "closed")
SHOWN = 200
MOST_COUNTED = 1_000


def is_any_due(now: datetime) -> bool:
    """Whether the clock has something to do: a task's next timer is due, and the task is not put off."""
    return _due(now).exists()


def due_now(now: datetime, limit: int = SHOWN) -> list[tuple[int, int]]:
    """The id and the last event's number of tasks on which the clock has something to do, the most overdue first."""
    return list(_due(now).order_by("next_level_at", "id").values_list("id", "seq")[:limit])


def _due(now: datetime) -> "QuerySet[Task]":
    return Task.objects.filter(~_is_put_off(until__gt=now), next_level_at__lte=now)


def _is_put_off(**which: datetime) -> Exists:
    return Exists(PutOff.objects.filter(task=OuterRef("pk"), seq=OuterRef("seq"), **which))


def next_timer() -> datetime | None:
    """When the clock has something to do next; a task that is put off counts from when it is tried again."""
    timers = Task.objects.filter(~_is_put_off(), next_level_at__isnull=False).order_by("next_level_at")
    held = Task.objects.filter(pk=OuterRef("task"), seq=OuterRef("seq"), next_level_at__isnull=False)
    again = PutOff.objects.filter(Exists(held)).order_by("until")
    found = (
        timers.values_list("next_level_at", flat=True).first(),
        again.values_list("until", flat=True).first(),
    )
    return min((at for at in found if at is not None), default=None)


def due_tasks(now: datetime, limit: int = SHOWN) -> list[Task]:
    """Tasks on which the clock has something to do, the most overdue first, locked until the transaction ends.

    Those that another clock is at are passed by, so that several clocks share the work.
    """
    lock = "FOR UPDATE SKIP LOCKED" if connection.features.has_select_for_update_skip_locked else ""
    held = "SELECT 1 FROM task_put_off WHERE task = task_task.id AND seq = task_task.seq AND until > %s"
    free = f"NOT EXISTS ({held})"
    where = f"WHERE next_level_at <= %s AND {free} ORDER BY next_level_at, id LIMIT %s {lock}"
    return sql.select(Task, where, [sql.instant(now), sql.instant(now), limit])


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
        "closed": Q(closed_at__isnull=False),
    }
    return filters.get(queue, is_open)


class Page(NamedTuple):
    """A part of a list: its tasks, and how many come after them, counted up to MOST_COUNTED."""

    rows: list[Task]
    more: int


def _page(rows: "QuerySet[Task]", number: int) -> Page:
    """The page with this number, from 1 on; what comes after is counted only where there is something."""
    start = (number - 1) * SHOWN
    end = start + SHOWN
    found = list(rows[start : end + 1])
    # Their number is the same in any order, and one that is not asked for costs no sorting.
    more = rows.order_by()[: end + MOST_COUNTED].count() - end if len(found) > SHOWN else 0
    return Page(found[:SHOWN], max(more, 0))


def in_order(viewer: Viewer, queue: str, now: datetime) -> "QuerySet[Task]":
    """The tasks of a queue, what is due first on top; closed ones by the day they were closed."""
    rows = in_queue(viewer, queue, now)
    if queue == "closed":
        return rows.order_by("-closed_at", "-id")
    return rows.order_by(F("level").desc(), F("next_level_at").asc(nulls_last=True), "id")


def listed(viewer: Viewer, queue: str, now: datetime, limit: int = SHOWN) -> list[Task]:
    """The first tasks of a queue."""
    return list(in_order(viewer, queue, now)[:limit])


def queue_page(viewer: Viewer, queue: str, now: datetime, number: int = 1) -> Page:
    """A page of a queue, in the order of `listed`."""
    return _page(in_order(viewer, queue, now), number)


def newest(viewer: Viewer, queue: str, now: datetime) -> int:
    """The id of the task that came into a queue last (ids grow with time), 0 where it is empty."""
    return in_queue(viewer, queue, now).aggregate(newest=Max("id"))["newest"] or 0


def newer(viewer: Viewer, queue: str, now: datetime, than: int) -> int:
    """How many tasks of a queue came after the one with this id, counted up to MOST_COUNTED."""
    return in_queue(viewer, queue, now).filter(pk__gt=than)[:MOST_COUNTED].count()


def counts(viewer: Viewer, now: datetime) -> dict[str, int]:
    """How many tasks each queue holds for this viewer, counted up to MOST_COUNTED (closed ones are not counted)."""
    queues = [queue for queue in QUEUES if queue != "closed"]
    # Named apart from the columns: "team" is one.
    among = {f"in_{queue}": Count("pk", filter=_queue(viewer, queue, now)) for queue in queues}
    found = in_queue(viewer, "all", now)[:MOST_COUNTED].aggregate(**among)
    held = {queue: found[f"in_{queue}"] for queue in queues}
    if held["all"] < MOST_COUNTED:
        return held
    # There are open tasks that were not looked at: each queue is counted for itself.
    rest = {queue: in_queue(viewer, queue, now)[:MOST_COUNTED].count() for queue in queues if queue != "all"}
    return held | rest


def search(viewer: Viewer, words: str, limit: int = SHOWN) -> list[Task]:
    """Tasks in whose mails, notes or title these words stand; one whose reference it is comes first.

    The words are never operators: each is a quoted term, the last one a beginning.
    """
    return [*_called(viewer, words), *_with(viewer, words)[:limit]]


def search_page(viewer: Viewer, words: str, number: int = 1) -> Page:
    """A page of what `search` finds."""
    found = _page(_with(viewer, words), number)
    return Page([*_called(viewer, words), *found.rows], found.more) if number == 1 else found


def _called(viewer: Viewer, words: str) -> "QuerySet[Task]":
    """The task whose reference the words are."""
    reference = ids.normal_reference(words)
    return Task.objects.filter(viewer.filter(), reference=reference or "-")


def _with(viewer: Viewer, words: str) -> "QuerySet[Task]":
    """The tasks on which the words stand, the newest first; without the one whose reference they are."""
    matching = search_index.tasks_with(words)
    if matching is None:
        return Task.objects.none()
    found = Task.objects.filter(viewer.filter(), pk__in=matching).order_by("-opened_at", "-id")
    return found.exclude(reference=ids.normal_reference(words) or "-")
