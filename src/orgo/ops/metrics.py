"""What `/metrics` shows, for Prometheus: read from the database at each scrape, so that any process tells of all of them."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import accumulate
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from orgo.conf.config import Config
from orgo.lib import clock
from orgo.ops import status
from orgo.ops.tally import BUCKETS, NOTHING, Ended, Total

CONTENT_TYPE = CONTENT_TYPE_LATEST
# Outcomes of mail that somebody waits for; a copy is known at the door, and history and what is only looked at may wait.
WORKED = ("opened", "joined", "bounce", "ignored", "quarantined")


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
        now = clock.now()
        ended = Ended(now)
        seen = status.snapshot(self.config)
        yield from _mails(ended)
        yield from _queues(seen)
        yield from _letters(seen)
        yield from _tasks(seen)
        yield from _stages(ended)
        yield from _mailboxes(now)
        yield from _backups(seen["backup"], now)
        yield from _house(seen, self.config)


def _mails(ended: Ended) -> Iterator[Metric]:
    family = CounterMetricFamily(
        "orgo_mails",
        "Mails by the way they came and where they ended",
        labels=["source", "mailbox", "outcome"],
    )
    for labels, total in ended.by_labels("mail").items():
        family.add_metric(labels, total.many)
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
    backlog.add_metric(["intake"], seen["mail"]["on_servers"])
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


def _stages(ended: Ended) -> Iterator[Metric]:
    """How long mails waited for their decision, letters for the server's word, and levels for being fired."""
    family = HistogramMetricFamily(
        "orgo_stage_seconds", "Time from arrival to decision, from letter to sent", labels=["stage"]
    )
    worked = ended.by_bucket("mail", lambda labels: labels[2] in WORKED)
    for stage, totals in (("decide", worked), ("send", ended.by_bucket("letter"))):
        family.add_metric([stage], **_buckets(totals))
    late = HistogramMetricFamily("orgo_escalation_late_seconds", "By how much levels fired behind their time")
    late.add_metric([], **_buckets(ended.by_bucket("level")))
    yield from (family, late)


def _buckets(totals: dict[int, Total]) -> dict[str, Any]:
    """What a histogram is made of: how many took at most so long, and the seconds of all."""
    counts = accumulate(totals.get(place, NOTHING).many for place in range(len(BUCKETS) + 1))
    names = [*map(str, BUCKETS), "+Inf"]
    return {
        "buckets": list(zip(names, counts, strict=True)),
        "sum_value": sum(total.seconds for total in totals.values()),
    }


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


def _backups(seen: dict[str, Any] | None, now: datetime) -> Iterator[Metric]:
    """Nothing where none are configured."""
    if seen is None:
        return
    yield GaugeMetricFamily("orgo_backup_waiting", "Backups that can't leave", value=seen["waiting"])
    yield GaugeMetricFamily(
        "orgo_backup_overdue", "Whether a backup should have been made long ago", value=seen["overdue"]
    )
    if seen["sent"]:
        age = (now - datetime.fromisoformat(seen["sent"])).total_seconds()
        yield GaugeMetricFamily(
            "orgo_backup_age_seconds", "Since when none has reached its place", value=max(0.0, age)
        )


def _house(seen: dict[str, Any], config: Config) -> Iterator[Metric]:
    import shutil

    from orgo.audit import journal
    from orgo.audit.models import Seal

    yield GaugeMetricFamily(
        "orgo_broker_up",
        "Whether the broker answers (1 where none is configured)",
        value=seen["queue"]["answers"],
    )
    sealed = Seal.objects.order_by("-number").values_list("horizon", flat=True).first() or 0
    unsealed = journal.waiting(sealed)
    yield GaugeMetricFamily("orgo_audit_unsealed", "Events that no seal closes yet", value=unsealed)
    place = config.var if config.var.exists() else config.home
    yield GaugeMetricFamily(
        "orgo_disk_free_bytes", "Room where Orgo writes", value=shutil.disk_usage(place).free
    )
    info = GaugeMetricFamily("orgo_info", "The program", labels=["version", "database"])
    info.add_metric([seen["version"], seen["database"]["kind"]], 1)
    yield info
