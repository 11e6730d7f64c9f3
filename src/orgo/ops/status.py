"""How Orgo is at this moment, in numbers: what waits, what is late, what needs a person."""

from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orgo
from orgo.backup.state import summary
from orgo.conf.config import Config
from orgo.conf.kinds import masked
from orgo.conf.places import shown
from orgo.intake import space
from orgo.lib import clock
from orgo.ops.brokers import lets_in
from orgo.ops.checking import problem_of_rules
from orgo.ops.missing_rules import problem_of_missing
from orgo.ops.probe import answers, broker

if TYPE_CHECKING:
    from orgo.ops.tally import Ended


def snapshot(config: Config) -> dict[str, Any]:
    """The state as `orgo status --json` prints it; needs Django and a database of this form."""
    from orgo.ops.tally import Ended

    now = clock.now()
    ended = Ended(now)
    return {
        "version": orgo.__version__,
        "at": now.isoformat(),
        "listening": listening(config),
        "database": _database(config),
        "queue": _queue(config),
        "rules": _rules(config),
        "mail": _mail(now, ended),
        "mailboxes": _in_trouble(config),
        "folder": _folder(),
        "tasks": _tasks(now),
        "letters": _letters(now, ended),
        "backup": summary(config),
        "troubles": _troubles(config),
    }


def listening(config: Config) -> dict[str, bool]:
    """Whether somebody answers at the page's and the listener's addresses."""
    smtp, web = config.intake.smtp, config.web
    found = {"web": answers(web.host, web.port)}
    return found | ({"smtp": answers(smtp.host, smtp.port)} if smtp.enabled else {})


def _rules(config: Config) -> dict[str, Any]:
    missing = problem_of_missing(config)
    return {
        "file": shown(config.rules, config.home) if config.rules else None,
        "problem": str(missing) if missing else problem_of_rules(config),
    }


def _database(config: Config) -> dict[str, Any]:
    from django.db import connection

    file = config.sqlite_file
    if file is None:
        return {"kind": connection.vendor, "place": masked(config.database), "bytes": None}
    parts = (file.with_name(file.name + end) for end in ("", "-wal"))
    size = sum(part.stat().st_size for part in parts if part.exists())
    return {"kind": "sqlite", "place": shown(file, config.home), "bytes": size}


def _queue(config: Config) -> dict[str, Any]:
    place, up = broker(config)
    if config.queue is None:
        return {"kind": "none", "place": place, "answers": up, "lets_in": True}
    kind = urlsplit(config.queue).scheme
    return {"kind": kind, "place": place, "answers": up, "lets_in": up and lets_in(config)}


def _mail(now: datetime, ended: "Ended") -> dict[str, Any]:
    from django.db.models import Sum

    from orgo.intake.models import OUTCOMES, Mail, Mailbox

    waiting = Mail.objects.filter(outcome="")
    first = waiting.order_by("id").values_list("received_at", flat=True).first()
    outcomes = dict.fromkeys(OUTCOMES, 0)
    for (_, _, outcome), total in ended.by_labels("mail").items():
        outcomes[outcome] += total.many
    # What leaves these again is counted as it stands; all else only grows.
    outcomes |= {name: Mail.objects.filter(outcome=name).count() for name in ("", "observed", "quarantined")}
    return {
        "waiting": outcomes.get("", 0),
        "oldest_seconds": _age(first, now),
        "on_servers": Mailbox.objects.aggregate(all=Sum("waiting"))["all"] or 0,
        **{outcome: outcomes.get(outcome, 0) for outcome in OUTCOMES},
        "total": sum(outcomes.values()),
    }


def _in_trouble(config: Config) -> list[dict[str, Any]]:
    """The mailboxes that can't be read, and why."""
    from orgo.intake.models import Mailbox

    names = [account.name for account in config.accounts]
    rows = Mailbox.objects.filter(name__in=names, paused=False).exclude(state__in=["", "ok"]).order_by("name")
    return [
        {
            "name": row.name,
            "state": row.state,
            "detail": row.detail,
            "since": row.since.isoformat() if row.since else None,
        }
        for row in rows
    ]


def _troubles(config: Config) -> dict[str, str]:
    """What else is wrong, each by its name in a sentence."""
    from orgo.audit.keys import Gone, another_than_published, is_gone

    found = {
        "disk": space.lacking(config),
        "trail": str(Gone()) if is_gone() else another_than_published(config.var),
    }
    return {name: sentence for name, sentence in found.items() if sentence}


def _folder() -> list[dict[str, Any]]:
    """The files of the watched folder that wait or failed, and why."""
    from orgo.intake.queries import waiting_files

    return [
        {
            "file": row.name,
            "reason": row.reason,
            "tasks": row.tasks,
            "why": row.why,
            "since": row.since.isoformat(),
        }
        for row in waiting_files()
    ]


def _tasks(now: datetime) -> dict[str, Any]:
    from django.db.models import Q

    from orgo.task.models import OPEN, Task

    is_open = Task.objects.filter(state__in=OPEN)
    timers = Task.objects.filter(next_level_at__isnull=False).order_by("next_level_at")
    next_at = timers.values_list("next_level_at", flat=True).first()
    return {
        "open": is_open.count(),
        "unassigned": is_open.filter(assignee="").count(),
        "overdue": is_open.filter(Q(due_at__lt=now) | Q(level__gt=0)).count(),
        "next_timer": next_at.isoformat() if next_at else None,
        "late_timers": timers.filter(next_level_at__lt=now).count(),
        "oldest_timer_seconds": _age(next_at, now),
    }


def _letters(now: datetime, ended: "Ended") -> dict[str, Any]:
    from orgo.outbox.claim import held_as_maybe_sent
    from orgo.outbox.models import STATES, Letter, Recipient
    from orgo.outbox.outlets import failing_since

    since = failing_since("email")
    states = {state: Letter.objects.filter(state=state).count() for state in STATES if state != "sent"}
    states["sent"] = sum(total.many for total in ended.by_labels("letter").values())
    waiting = Letter.objects.filter(state__in=["pending", "claimed", "dot"]).order_by("date")
    return {
        "waiting": sum(states.get(state, 0) for state in ("pending", "claimed", "dot")),
        "oldest_seconds": _age(waiting.values_list("date", flat=True).first(), now),
        "failing_since": since.isoformat() if since else None,
        "maybe_sent": held_as_maybe_sent().count(),
        "suppressed": Recipient.objects.filter(suppressed_at__isnull=False).count(),
        **{state: states.get(state, 0) for state in ("held", "failed", "ambiguous", "cancelled", "sent")},
    }


def _age(at: datetime | None, now: datetime) -> int:
    return max(0, int((now - at).total_seconds())) if at else 0
