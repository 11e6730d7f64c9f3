"""Every metric that `/metrics` may show: its name, kind, labels and what it says; docs/operator/metrics.md is made from this."""

from typing import Any, Literal, NamedTuple

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

_FAMILIES = {"counter": CounterMetricFamily, "gauge": GaugeMetricFamily, "histogram": HistogramMetricFamily}
_ENDINGS = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}


class Measure(NamedTuple):
    """A metric; `name` is without the endings that its kind adds."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    labels: tuple[str, ...]
    help: str

    def family(self) -> Any:
        """Prometheus' form of it (such as GaugeMetricFamily), still without values."""
        return _FAMILIES[self.kind](self.name, self.help, labels=self.labels)

    @property
    def series(self) -> tuple[str, ...]:
        """The names under which its values stand on the page."""
        return tuple(f"{self.name}{ending}" for ending in _ENDINGS[self.kind])


MAILS = Measure(
    "orgo_mails",
    "counter",
    ("source", "mailbox", "outcome"),
    "Mails by the way they came and where they ended",
)
BACKLOG = Measure(
    "orgo_backlog",
    "gauge",
    ("queue",),
    "What waits for `routing`, `delivery`, `escalation`; `intake`: on the mailboxes' servers at the last look",
)
OLDEST = Measure(
    "orgo_backlog_oldest_seconds",
    "gauge",
    ("queue",),
    "How long the oldest has waited (`intake` has none); of `escalation`: how late the latest level is",
)
LETTERS = Measure(
    "orgo_letters", "gauge", ("state",), "Letters that wait, are held, sent, failed, ambiguous, cancelled"
)
TASKS = Measure("orgo_tasks", "gauge", ("which",), "Tasks that are open, unassigned, overdue")
STAGES = Measure(
    "orgo_stage_seconds",
    "histogram",
    ("stage",),
    "`decide`: from arrival to decision, of mail that is worked on; `send`: from letter to the server's word",
)
LATE = Measure("orgo_escalation_late_seconds", "histogram", (), "By how much levels fired behind their time")
MAILBOX_UP = Measure(
    "orgo_mailbox_up", "gauge", ("mailbox", "state"), "Whether the mailbox could be read at the last try"
)
MAILBOX_SILENT = Measure(
    "orgo_mailbox_silent_seconds", "gauge", ("mailbox",), "Since when nothing came from it"
)
MAILBOX_WAITING = Measure(
    "orgo_mailbox_waiting", "gauge", ("mailbox",), "Mails on its server at the last look"
)
CERTIFICATE = Measure(
    "orgo_certificate_ends_timestamp_seconds",
    "gauge",
    ("server",),
    "When the certificate ends (Unix time) that a mail server, or the page at `web.public_url`, showed at the last connection",
)
BACKUP_AGE = Measure(
    "orgo_backup_age_seconds",
    "gauge",
    (),
    "Since when no backup has reached its place; absent until one has, as all of backups where none are configured",
)
BACKUP_WAITING = Measure("orgo_backup_waiting", "gauge", (), "Backups that can't leave")
BACKUP_OVERDUE = Measure(
    "orgo_backup_overdue", "gauge", (), "Whether a backup should have been made long ago"
)
BROKER = Measure(
    "orgo_broker_up", "gauge", (), "Whether Redis or RabbitMQ lets Orgo in (1 where none is configured)"
)
UNSEALED = Measure("orgo_audit_unsealed", "gauge", (), "Events that no seal closes yet")
DISK_FREE = Measure(
    "orgo_disk_free_bytes", "gauge", (), "Room on the disk that Orgo writes to; of two, on the one with less"
)
DISK_TOTAL = Measure("orgo_disk_total_bytes", "gauge", (), "The size of that disk")
INFO = Measure("orgo_info", "gauge", ("version", "database"), "The program")

ALL = tuple(value for value in list(globals().values()) if isinstance(value, Measure))
