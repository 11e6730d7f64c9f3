"""Which backups stay: the newest of each of the last days, weeks and months."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from orgo.backup.keeping import superfluous
from orgo.backup.stores import Stored, name_of, time_of
from orgo.conf.backup import Keep

START = datetime(2026, 1, 1, 3, tzinfo=UTC)


def stored(*days: float) -> list[Stored]:
    times = [START + timedelta(days=day) for day in days]
    return [Stored(name_of(at), at, 1) for at in times]


def left(days: list[float], keep: Keep) -> list[float]:
    """The days whose backups stay."""
    all_of_them = stored(*days)
    gone = {one.name for one in superfluous(all_of_them, keep)}
    return [day for day, one in zip(days, all_of_them, strict=True) if one.name not in gone]


def test_of_a_day_the_last_one_stays() -> None:
    assert left([0, 0.3, 0.6, 1], Keep(daily=2, weekly=0, monthly=0)) == [0.6, 1]


def test_days_weeks_and_months_add_up() -> None:
    days: list[float] = list(range(120))
    kept = left(days, Keep(daily=3, weekly=2, monthly=3))
    # The first of January 2026 is a Thursday: weeks end on day 3, 10 ..; months on day 30, 58, 89.
    assert kept == [58, 89, 115, 117, 118, 119]


def test_days_without_a_backup_do_not_count() -> None:
    assert left([0, 50, 100], Keep(daily=3, weekly=0, monthly=0)) == [0, 50, 100]


@given(
    st.lists(st.floats(0, 900, allow_nan=False), min_size=1, max_size=60, unique_by=lambda day: round(day, 3)),
    st.integers(0, 9), st.integers(0, 9), st.integers(0, 9),
)  # fmt: skip
@settings(deadline=None)
def test_the_newest_always_stays_and_nothing_goes_twice(
    days: list[float], daily: int, weekly: int, monthly: int
) -> None:
    keep = Keep(daily=daily, weekly=weekly, monthly=monthly)
    kept = left(days, keep)
    assert max(days) in kept and len(kept) <= max(1, daily + weekly + monthly)
    assert left(kept, keep) == kept


def test_other_files_are_no_backups() -> None:
    assert time_of("orgo-20260101T030000.000000Z.orgo-backup") == START
    assert time_of("orgo-20260101T030000.000000Z.orgo-backup.part") is None
    assert time_of("holiday.jpg") is None
