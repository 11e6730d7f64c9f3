"""How many mails, letters and levels ended so far, how, and after how long: counted once, and then only what is new.

Rows that ended before a mark are in the table of tallies; what came since is counted by its index when somebody asks, and
taken into the table now and then. So a number never falls, whichever process is asked and however often it was started.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NamedTuple, TypeVar

import msgspec
from django.db import transaction
from django.db.models import (
    Case,
    Count,
    DurationField,
    ExpressionWrapper,
    F,
    FloatField,
    QuerySet,
    Sum,
    Value,
    When,
)
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast

from orgo.audit.models import Event
from orgo.intake.models import OUTCOMES, Mail
from orgo.ops.models import Tally
from orgo.outbox.models import Letter

BUCKETS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 14400.0)
EVERY = timedelta(minutes=5)
# An instant is written before its transaction ends: what is younger is counted anew each time.
SETTLED_AFTER = timedelta(minutes=2)
_BEGIN = datetime(1970, 1, 1, tzinfo=UTC)
K = TypeVar("K", bound=Hashable)
Kind = Literal["mail", "letter", "level"]


class Series(NamedTuple):
    """What ended alike: `labels` are (source, mailbox, outcome) of mails, (channel,) of letters, () of levels.

    `bucket` is the number of the first of BUCKETS that its seconds do not pass, len(BUCKETS) where they pass all.
    """

    kind: Kind
    labels: tuple[str, ...]
    bucket: int


class Total(NamedTuple):
    """How many, and their seconds together."""

    many: int
    seconds: float

    def plus(self, other: "Total") -> "Total":
        """Both together."""
        return Total(self.many + other.many, self.seconds + other.seconds)


NOTHING = Total(0, 0.0)


class Ended:
    """All that ended up to an instant."""

    def __init__(self, now: datetime) -> None:
        until, known = _kept()
        if now - SETTLED_AFTER - until > EVERY:
            _take_in(now - SETTLED_AFTER)
            until, known = _kept()
        self._totals = _sums([*known.items(), *_found(until, now)])

    def by_labels(self, kind: Kind) -> dict[tuple[str, ...], Total]:
        """Of each of a kind's labels, whatever their time."""
        return _sums((one.labels, total) for one, total in self._totals.items() if one.kind == kind)

    def by_bucket(
        self, kind: Kind, keep: Callable[[tuple[str, ...]], bool] = lambda _: True
    ) -> dict[int, Total]:
        """Of each bucket, whatever the labels; `keep` says which labels count."""
        mine = ((one, total) for one, total in self._totals.items() if one.kind == kind and keep(one.labels))
        return _sums((one.bucket, total) for one, total in mine)


def _sums(found: Iterable[tuple[K, Total]]) -> dict[K, Total]:
    sums: dict[K, Total] = {}
    for key, total in found:
        sums[key] = sums.get(key, NOTHING).plus(total)
    return sums


def _kept() -> tuple[datetime, dict[Series, Total]]:
    """The mark and what is counted up to it, by one statement: they belong together."""
    rows = {row.series: row for row in Tally.objects.all()}
    mark = rows.pop("", None)
    until = mark.until if mark is not None else None
    read = msgspec.json.Decoder(Series).decode
    return until or _BEGIN, {read(key): Total(row.count, row.seconds) for key, row in rows.items()}


def _take_in(until: datetime) -> None:
    """Count up to `until` and keep it; of several that would at once the second finds it done."""
    with transaction.atomic():
        Tally.objects.get_or_create(series="", defaults={"until": _BEGIN})
        mark = Tally.objects.select_for_update().get(series="")
        former, known = _kept()
        if former >= until:
            return
        new = _sums(_found(former, until))
        rows = [_row(series, known.get(series, NOTHING).plus(total)) for series, total in new.items()]
        Tally.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["series"], update_fields=["count", "seconds"]
        )
        mark.until = until
        mark.save(update_fields=["until"])


def _row(series: Series, total: Total) -> Tally:
    return Tally(series=msgspec.json.encode(series).decode(), count=total.many, seconds=total.seconds)


def _found(since: datetime, until: datetime) -> Iterator[tuple[Series, Total]]:
    """What ended between two instants, grouped by the database."""
    within = {"__gt": since, "__lte": until}
    mails = Mail.objects.filter(outcome__in=OUTCOMES, **{f"decided_at{op}": at for op, at in within.items()})
    yield from _grouped("mail", mails, _span("received_at", "decided_at"), "source", "mailbox", "outcome")
    letters = Letter.objects.filter(state="sent", **{f"settled_at{op}": at for op, at in within.items()})
    yield from _grouped("letter", letters, _span("date", "settled_at"), "channel")
    levels = Event.objects.filter(type="task.escalated", **{f"at{op}": at for op, at in within.items()})
    late = Cast(KeyTextTransform("late_by", "data"), FloatField())
    yield from _grouped("level", levels.filter(data__has_key="late_by"), late)


def _span(begin: str, end: str) -> Any:
    return ExpressionWrapper(F(end) - F(begin), output_field=DurationField())


def _grouped(kind: Kind, rows: "QuerySet[Any]", took: Any, *labels: str) -> Iterator[tuple[Series, Total]]:
    as_took = timedelta if isinstance(took, ExpressionWrapper) else lambda seconds: seconds
    steps = [When(took__lte=as_took(seconds=most), then=Value(place)) for place, most in enumerate(BUCKETS)]
    counted = (
        rows.annotate(took=took)
        .annotate(bucket=Case(*steps, default=Value(len(BUCKETS))))
        .values_list(*labels, "bucket")
        .annotate(many=Count("pk"), together=Sum("took"))
        .order_by()
    )
    for *named, bucket, many, together in counted:
        seconds = together.total_seconds() if isinstance(together, timedelta) else float(together or 0)
        yield Series(kind, tuple(named), bucket), Total(many, seconds)
