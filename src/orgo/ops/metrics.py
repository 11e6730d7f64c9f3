"""What `/metrics` shows, for Prometheus: read from the database at each scrape, so that any process tells of all of them."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from orgo.conf.config import Config
from orgo.lib import clock
from orgo.ops import status

CONTENT_TYPE = CONTENT_TYPE_LATEST
RECENT = timedelta(minutes=5)
MOST = 5_000
QUANTILES = (0.5, 0.95, 0.99)


def exposition(config: Config) -> bytes:
    """All metrics in Prometheus' text format; needs Django and a database of this form."""
    registry = CollectorRegistry()
    registry.register(_House(config))
    return bytes(generate_latest(registry))


class _House(Collector):
    def __init__(self, config: Config) -> None:
        self.config = config

    def describe(self) -> Iterable[Metric]:
        """Nothing: the library would collect once just to learn the names."""
        return []

    def collect(self) -> Iterator[Metric]:
        now, seen = clock.now(), status.snapshot(self.config)
        yield from _mails()
        yield from _queues(seen)
        yield from _letters(seen)
        yield from _tasks(seen)
        yield from _stages(now)
        yield from _mailboxes(now)
        yield from _house(seen, self.config)


def _mails() -> Iterator[Metric]:
    from django.db.models import Count

    from orgo.intake.models import Mail

    family = CounterMetricFamily(
        "orgo_mails",
        "Mails by the way they came and where they ended",
        labels=["source", "mailbox", "outcome"],
    )
    rows = Mail.objects.values_list("source", "mailbox", "outcome").annotate(count=Count("id")).order_by()
    for source, mailbox, outcome, count in rows:
        family.add_metric([source, mailbox, outcome or "waiting"], count)
    yield family


def _queues(seen: dict[str, Any]) -> Iterator[Metric]:
    backlog = GaugeMetricFamily("orgo_backlog", "What waits in each queue", labels=["queue"])
    oldest = GaugeMetricFamily(
        "orgo_backlog_oldest_seconds", "How long the oldest has waited", labels=["queue"]
    )
    waiting = {
        "routing": (seen["mail"]["waiting"], seen["mail"]["oldest_seconds"]),
        "delivery": (seen["letters"]["waiting"], seen["letters"]["oldest_seconds"]),
        "escalation": (seen["tasks"]["late_timers"], seen["tasks"]["oldest_timer_seconds"]),
    }
    for queue, (count, age) in waiting.items():
        backlog.add_metric([queue], count)
        oldest.add_metric([queue], age)
    yield from (backlog, oldest)


def _letters(seen: dict[str, Any]) -> Iterator[Metric]:
    family = GaugeMetricFamily("orgo_letters", "Letters by state", labels=["state"])
    for state in ("waiting", "held", "sent", "failed", "ambiguous", "cancelled"):
        family.add_metric([state], seen["letters"][state])
    yield family


def _tasks(seen: dict[str, Any]) -> Iterator[Metric]:
    family = GaugeMetricFamily(
        "orgo_tasks", "Open tasks, and those of them that somebody should look at", labels=["which"]
    )
    for which in ("open", "unassigned", "overdue"):
        family.add_metric([which], seen["tasks"][which])
    yield family


def _stages(now: datetime) -> Iterator[Metric]:
    """How long mails waited for their decision and letters for the server's word, of those that ended in the last minutes."""
    family = GaugeMetricFamily(
        "orgo_stage_seconds", "Time through a stage in the last five minutes", labels=["stage", "quantile"]
    )
    for stage, seconds in (("decide", _decided(now)), ("send", _sent(now))):
        for quantile in QUANTILES if seconds else ():
            place = min(len(seconds) - 1, int(quantile * len(seconds)))
            family.add_metric([stage, str(quantile)], seconds[place])
    yield family


def _decided(now: datetime) -> list[float]:
    from orgo.intake.models import Mail

    rows = Mail.objects.filter(decided_at__gte=now - RECENT).values_list("received_at", "decided_at")
    return sorted((end - start).total_seconds() for start, end in rows[:MOST] if end is not None)


def _sent(now: datetime) -> list[float]:
    from orgo.outbox.models import Letter

    rows = Letter.objects.filter(state="sent", settled_at__gte=now - RECENT).values_list("date", "settled_at")
    return sorted((end - start).total_seconds() for start, end in rows[:MOST] if end is not None)


def _mailboxes(now: datetime) -> Iterator[Metric]:
    from orgo.intake.models import Mailbox

    working = GaugeMetricFamily(
        "orgo_mailbox_up", "Whether the mailbox could be read at the last try", labels=["mailbox", "state"]
    )
    silent = GaugeMetricFamily(
        "orgo_mailbox_silent_seconds", "Since when nothing came from it", labels=["mailbox"]
    )
    waiting = GaugeMetricFamily(
        "orgo_mailbox_waiting", "Mails on the server at the last look", labels=["mailbox"]
    )
    for row in Mailbox.objects.all():
        working.add_metric([row.name, row.state], row.state == "ok")
        waiting.add_metric([row.name], row.waiting)
        if row.last_mail_at is not None:
            silent.add_metric([row.name], max(0.0, (now - row.last_mail_at).total_seconds()))
    yield from (working, silent, waiting)


def _house(seen: dict[str, Any], config: Config) -> Iterator[Metric]:
    import shutil

    from orgo.audit.models import Entry, Event

    yield GaugeMetricFamily(
        "orgo_broker_up",
        "Whether the broker answers (1 where none is configured)",
        value=seen["queue"]["answers"],
    )
    unsealed = Event.objects.count() - Entry.objects.count()
    yield GaugeMetricFamily("orgo_audit_unsealed", "Events that no seal closes yet", value=unsealed)
    place = config.var if config.var.exists() else config.home
    yield GaugeMetricFamily(
        "orgo_disk_free_bytes", "Room where Orgo writes", value=shutil.disk_usage(place).free
    )
    info = GaugeMetricFamily("orgo_info", "The program", labels=["version", "database"])
    info.add_metric([seen["version"], seen["database"]["kind"]], 1)
    yield info
