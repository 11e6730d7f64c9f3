"""What `/metrics` shows, for Prometheus: read from the database at each scrape, so that any process tells of all of them."""

import shutil
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import accumulate
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from orgo.conf.config import Config
from orgo.intake import space
from orgo.lib import clock
from orgo.ops import certificates, measures, status
from orgo.ops.measures import Measure
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
        yield from _mailboxes(self.config, now)
        yield from _certificates(self.config)
        yield from _backups(seen["backup"], now)
        yield from _house(seen, self.config)


def _mails(ended: Ended) -> Iterator[Metric]:
    yield _filled(measures.MAILS, {labels: one.many for labels, one in ended.by_labels("mail").items()})


def _queues(seen: dict[str, Any]) -> Iterator[Metric]:
    waiting = {
        "routing": (seen["mail"]["waiting"], seen["mail"]["oldest_seconds"]),
        "delivery": (seen["letters"]["waiting"], seen["letters"]["oldest_seconds"]),
        "escalation": (seen["tasks"]["late_timers"], seen["tasks"]["oldest_timer_seconds"]),
    }
    counts = {(queue,): count for queue, (count, _) in waiting.items()}
    yield _filled(measures.BACKLOG, {("intake",): seen["mail"]["on_servers"]} | counts)
    yield _filled(measures.OLDEST, {(queue,): age for queue, (_, age) in waiting.items()})


def _letters(seen: dict[str, Any]) -> Iterator[Metric]:
    states = ("waiting", "held", "sent", "failed", "ambiguous", "cancelled")
    yield _filled(measures.LETTERS, {(state,): seen["letters"][state] for state in states})


def _tasks(seen: dict[str, Any]) -> Iterator[Metric]:
    whiches = ("open", "unassigned", "overdue")
    yield _filled(measures.TASKS, {(which,): seen["tasks"][which] for which in whiches})


def _stages(ended: Ended) -> Iterator[Metric]:
    """How long mails waited for their decision, letters for the server's word, and levels for being fired."""
    stages, late = measures.STAGES.family(), measures.LATE.family()
    worked = ended.by_bucket("mail", lambda labels: labels[2] in WORKED)
    for stage, totals in (("decide", worked), ("send", ended.by_bucket("letter"))):
        stages.add_metric([stage], **_buckets(totals))
    late.add_metric([], **_buckets(ended.by_bucket("level")))
    yield from (stages, late)


def _filled(measure: Measure, values: Mapping[Any, float]) -> Metric:
    """The metric with these values, each by the tuple of its labels."""
    family = measure.family()
    for labels, value in values.items():
        family.add_metric(labels, value)
    assert isinstance(family, Metric)
    return family


def _single(measure: Measure, value: float) -> Metric:
    return _filled(measure, {(): value})


def _buckets(totals: dict[int, Total]) -> dict[str, Any]:
    """What a histogram is made of: how many took at most so long, and the seconds of all."""
    counts = accumulate(totals.get(place, NOTHING).many for place in range(len(BUCKETS) + 1))
    names = [*map(str, BUCKETS), "+Inf"]
    return {
        "buckets": list(zip(names, counts, strict=True)),
        "sum_value": sum(total.seconds for total in totals.values()),
    }


def _mailboxes(config: Config, now: datetime) -> Iterator[Metric]:
    """Of the mailboxes that are configured: a row stays when its mailbox goes, and would be silent for ever."""
    from orgo.intake.models import Mailbox

    rows = list(Mailbox.objects.filter(name__in=[account.name for account in config.accounts]))
    heard = ((row.name, now - row.last_mail_at) for row in rows if row.last_mail_at is not None)
    yield _filled(measures.MAILBOX_UP, {(row.name, row.state): row.state == "ok" for row in rows})
    silent = {(name,): max(0.0, since.total_seconds()) for name, since in heard}
    yield _filled(measures.MAILBOX_SILENT, silent)
    yield _filled(measures.MAILBOX_WAITING, {(row.name,): row.waiting for row in rows})


def _certificates(config: Config) -> Iterator[Metric]:
    ends = certificates.ends(config)
    yield _filled(measures.CERTIFICATE, {(server,): until.timestamp() for server, until in ends.items()})


def _backups(seen: dict[str, Any] | None, now: datetime) -> Iterator[Metric]:
    """Nothing where none are configured."""
    if seen is None:
        return
    yield _single(measures.BACKUP_WAITING, seen["waiting"])
    yield _single(measures.BACKUP_OVERDUE, seen["overdue"])
    if seen["sent"]:
        age = (now - datetime.fromisoformat(seen["sent"])).total_seconds()
        yield _single(measures.BACKUP_AGE, max(0.0, age))


def _house(seen: dict[str, Any], config: Config) -> Iterator[Metric]:
    from orgo.audit import journal
    from orgo.audit.models import Seal

    yield _single(measures.BROKER, seen["queue"]["lets_in"])
    sealed = Seal.objects.order_by("-number").values_list("horizon", flat=True).first() or 0
    yield _single(measures.UNSEALED, journal.waiting(sealed))
    disk = shutil.disk_usage(space.tightest(config))
    yield _single(measures.DISK_FREE, disk.free)
    yield _single(measures.DISK_TOTAL, disk.total)
    yield _filled(measures.INFO, {(seen["version"], seen["database"]["kind"]): 1})
