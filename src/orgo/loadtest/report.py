"""What a load test found: one record, as JSON, as words, and as a page with curves (pure but for the machine's name)."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from orgo.conf import Config
from orgo.loadtest import mails
from orgo.loadtest.count import Counted, Sample, percentile
from orgo.loadtest.names import broker_of
from orgo.loadtest.plan import Plan

_MB = 1_000_000


class Handed(NamedTuple):
    """The ledger of what the other side said: the numbers of the mails that it took, and that it refused for good.

    A mail in neither was not handed in at all.
    """

    taken: Sequence[int]
    refused: Sequence[int] = ()


class Arrived(NamedTuple):
    """What the other side saw of the letters: how many twice, and how many that count as sent not at all."""

    doubled: int
    missing: int


class Report(msgspec.Struct, frozen=True):
    """The result. `seconds` is from the first arrival to the last decision; times are milliseconds.

    `letters_seconds` is from the same moment until the last letter had left.

    `settled` says whether every mail was decided and every letter had left when the test ended. `floor_mails_per_second`
    is what parser, matcher and the bare rows alone reach in as many processes, None where it was not asked for. `refused`
    are mails that the way in refused for good, as it may those that are made to harm; `unsent` those it never took.
    """

    mails: int
    seconds: float
    mails_per_second: float
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    lost: int
    doubled: int
    peak_rss_mb: int
    floor_mails_per_second: float | None
    share_of_floor: float | None
    via: str
    database: str
    broker: str
    workers: int
    rules: int
    outcomes: dict[str, int]
    letters: int
    letters_doubled: int
    letter_p50_ms: float | None
    letter_p95_ms: float | None
    letter_p99_ms: float | None
    escalations: int
    escalation_late_p99_ms: float | None
    settled: bool
    samples: list[Sample]
    letters_missing: int = 0
    letters_seconds: float = 0.0
    cpu_seconds: float = 0.0
    storm: int = 0
    others_p99_ms: float | None = None
    refused: int = 0
    refused_harmless: int = 0
    unsent: int = 0

    @property
    def is_well(self) -> bool:
        """Nothing lost, nothing doubled, nothing left over, and no harmless mail kept out."""
        astray = self.lost or self.doubled or self.letters_doubled or self.letters_missing
        kept_out = self.unsent or self.refused_harmless
        return self.settled and not astray and not kept_out

    def as_json(self) -> dict[str, Any]:
        """All but the curves."""
        return {name: value for name, value in msgspec.to_builtins(self).items() if name != "samples"}


def report(
    plan: Plan,
    config: Config,
    handed: Handed,
    found: Counted,
    samples: list[Sample],
    arrived: Arrived,
    settled: bool,
    floor_rate: float | None,
    cpu_seconds: float,
) -> Report:
    """The record of a test that has ended."""
    decided = sum(number for outcome, number in found.outcomes.items() if outcome != "waiting")
    speed = found.within / found.seconds if found.seconds else 0.0
    return Report(
        mails=decided,
        seconds=round(found.seconds, 2),
        mails_per_second=round(speed, 1),
        p50_ms=percentile(found.to_task, 0.5),
        p95_ms=percentile(found.to_task, 0.95),
        p99_ms=percentile(found.to_task, 0.99),
        lost=found.lost,
        doubled=found.doubled,
        peak_rss_mb=max((sample.memory for sample in samples), default=0) // _MB,
        floor_mails_per_second=round(floor_rate, 1) if floor_rate else None,
        share_of_floor=round(speed / floor_rate, 3) if floor_rate else None,
        via=plan.via,
        database="sqlite" if config.sqlite_file else "postgresql",
        broker=broker_of(config.queue),
        workers=plan.workers,
        rules=plan.rules,
        outcomes=found.outcomes,
        letters=samples[-1].letters if samples else 0,
        letters_doubled=arrived.doubled,
        letters_missing=arrived.missing,
        letters_seconds=round(found.until_left, 2),
        letter_p50_ms=percentile(found.to_letter, 0.5),
        letter_p95_ms=percentile(found.to_letter, 0.95),
        letter_p99_ms=percentile(found.to_letter, 0.99),
        escalations=len(found.late),
        escalation_late_p99_ms=percentile(found.late, 0.99),
        settled=settled,
        samples=samples,
        cpu_seconds=round(cpu_seconds, 1),
        storm=plan.storm,
        others_p99_ms=percentile(found.others, 0.99) if plan.storm else None,
        refused=len(handed.refused),
        refused_harmless=sum(not mails.is_hostile(number, plan.hostile) for number in handed.refused),
        unsent=plan.total - len(handed.taken) - len(handed.refused),
    )


def words(found: Report) -> str:
    """The report as lines for people."""
    lines = [
        (
            "mails",
            f"{found.mails:,} in {found.seconds:,.1f} s: {found.mails_per_second:,.0f} a second, by {found.via}",
        ),
        ("on", f"{found.database}, broker {found.broker}, {found.workers} worker(s), {found.rules:,} rules"),
        ("to task", _times(found.p50_ms, found.p95_ms, found.p99_ms)),
        ("others", _others(found)),
        ("to letter", _times(found.letter_p50_ms, found.letter_p95_ms, found.letter_p99_ms)),
        (
            "outcomes",
            ", ".join(f"{number:,} {outcome}" for outcome, number in sorted(found.outcomes.items())),
        ),
        ("letters", _letters(found)),
        ("escalations", _late(found)),
        ("memory", f"{found.peak_rss_mb} MB at most, all processes"),
        ("processor", f"{found.cpu_seconds:,.1f} s, all processes"),
        ("floor", _floor(found)),
        ("refused", f"{found.refused:,}, {found.refused_harmless:,} of them not made to harm"),
        ("unsent", f"{found.unsent:,}"),
        ("lost", str(found.lost)),
        ("doubled", str(found.doubled)),
    ]
    end = "" if found.settled else "\nThe test's patience ended before all was done."
    return "\n".join(f"{name:12} {said}" for name, said in lines if said) + end


def _times(*values: float | None) -> str:
    p50, p95, p99 = values
    if p50 is None:
        return ""
    return f"p50 {p50:,.0f} ms, p95 {p95:,.0f} ms, p99 {p99:,.0f} ms after arrival"


def _others(found: Report) -> str:
    if not found.storm:
        return ""
    return f"p99 {found.others_p99_ms or 0:,.0f} ms to task, beside {found.storm:,} mails of one sender"


def _letters(found: Report) -> str:
    astray = f"{found.letters_doubled} of them twice, {found.letters_missing} not seen"
    return f"{found.letters:,} sent in {found.letters_seconds:,.1f} s, {astray}"


def _late(found: Report) -> str:
    if not found.escalations:
        return ""
    return f"{found.escalations:,}, p99 {found.escalation_late_p99_ms or 0:,.0f} ms late"


def _floor(found: Report) -> str:
    if found.floor_mails_per_second is None:
        return ""
    return f"{found.floor_mails_per_second:,.0f} mails a second; reached {100 * (found.share_of_floor or 0):.0f} % of it"
