"""How Orgo is at this moment, in numbers: what waits, what is late, what needs a person."""

import socket
from datetime import datetime
from typing import Any

import orgo
from orgo.conf.config import Config
from orgo.lib import clock

PATIENCE = 0.5


def snapshot(config: Config) -> dict[str, Any]:
    """The state as `orgo status --json` prints it; needs Django and a database of this form."""
    now = clock.now()
    return {
        "version": orgo.__version__,
        "at": now.isoformat(),
        "listening": listening(config),
        "mail": _mail(now),
        "tasks": _tasks(now),
        "letters": _letters(now),
    }


def listening(config: Config) -> dict[str, bool]:
    """Whether somebody answers at the page's and the listener's addresses."""
    smtp, web = config.intake.smtp, config.web
    found = {"web": answers(web.host, web.port)}
    return found | ({"smtp": answers(smtp.host, smtp.port)} if smtp.enabled else {})


def answers(host: str, port: int, patience: float = PATIENCE) -> bool:
    """Whether something listens there."""
    here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 -- compared with, not listened on
    try:
        with socket.create_connection((here, port), timeout=patience):
            return True
    except OSError:
        return False


def _mail(now: datetime) -> dict[str, Any]:
    from orgo.intake.models import Mail

    waiting = Mail.objects.filter(outcome="")
    first = waiting.order_by("id").values_list("received_at", flat=True).first()
    return {
        "waiting": waiting.count(),
        "oldest_seconds": _age(first, now),
        "quarantined": Mail.objects.filter(outcome="quarantined").count(),
        "total": Mail.objects.count(),
    }


def _tasks(now: datetime) -> dict[str, Any]:
    from django.db.models import Q

    from orgo.task.models import Task
    from orgo.task.queries import OPEN

    is_open = Task.objects.filter(state__in=OPEN)
    due = Task.objects.filter(next_level_at__lt=now).order_by("next_level_at")
    return {
        "open": is_open.count(),
        "unassigned": is_open.filter(assignee="").count(),
        "overdue": is_open.filter(Q(due_at__lt=now) | Q(level__gt=0)).count(),
        "late_timers": due.count(),
        "oldest_timer_seconds": _age(due.values_list("next_level_at", flat=True).first(), now),
    }


def _letters(now: datetime) -> dict[str, Any]:
    from django.db.models import Count

    from orgo.outbox.models import Letter

    states = dict(Letter.objects.values_list("state").annotate(count=Count("id")).order_by())
    waiting = Letter.objects.filter(state__in=["pending", "claimed", "dot"]).order_by("date")
    return {
        "waiting": sum(states.get(state, 0) for state in ("pending", "claimed", "dot")),
        "oldest_seconds": _age(waiting.values_list("date", flat=True).first(), now),
        **{state: states.get(state, 0) for state in ("held", "failed", "ambiguous", "sent")},
    }


def _age(at: datetime | None, now: datetime) -> int:
    return max(0, int((now - at).total_seconds())) if at else 0
