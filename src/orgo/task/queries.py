"""What others may ask of tasks: lists, counts, search, one task's trail. The doors read tasks only through here."""

from datetime import datetime

from orgo.task.models import Task


def due_tasks(now: datetime, limit: int) -> list[int]:
    """The ids of tasks whose next timer is due, the most overdue first."""
    due = Task.objects.filter(next_level_at__lte=now).order_by("next_level_at", "id")
    return list(due.values_list("id", flat=True)[:limit])
