"""How letters, pages and the terminal write an instant."""

from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from orgo.flow.words import instant
from orgo.lib import clock
from tests.office import start_django

PARIS = ZoneInfo("Europe/Paris")


@pytest.fixture(autouse=True)
def virtual() -> Iterator[clock.VirtualClock]:
    """A clock that stands half an hour before midnight of Paris' last day of 2026."""
    start_django()
    former = clock.current()
    made = clock.VirtualClock(datetime(2026, 12, 31, 22, 30, tzinfo=UTC))
    clock.use(made)
    yield made
    clock.use(former)


@pytest.mark.parametrize(
    ("at", "language", "said"),
    [
        (datetime(2026, 9, 4, 14, 50, 59, tzinfo=UTC), "en", "Fri 4 Sep, 16:50"),
        (datetime(2028, 1, 10, 9, 0, tzinfo=UTC), "en", "Mon 10 Jan 2028, 10:00"),
        (datetime(2028, 1, 10, 9, 0, tzinfo=UTC), "fr", "lun 10 jan 2028, 10:00"),
        (datetime(2025, 9, 4, 14, 50, tzinfo=UTC), "fr", "jeu 4 sep 2025, 16:50"),
        (datetime(2026, 12, 31, 23, 10, tzinfo=UTC), "en", "Fri 1 Jan 2027, 00:10"),
        (None, "en", ""),
    ],
)
def test_an_instant_of_another_year_there_has_its_year(at: datetime | None, language: str, said: str) -> None:
    assert instant(at, PARIS, language) == said


def test_the_same_instant_is_told_in_each_zones_time() -> None:
    at = datetime(2026, 9, 4, 14, 50, tzinfo=UTC)
    zones = (PARIS, ZoneInfo("UTC"), ZoneInfo("America/Montreal"))
    assert [instant(at, zone, "en")[-5:] for zone in zones] == ["16:50", "14:50", "10:50"]


def test_the_year_is_left_out_from_new_years_midnight_on(virtual: clock.VirtualClock) -> None:
    at = datetime(2027, 1, 10, 9, 0, tzinfo=UTC)
    assert instant(at, PARIS, "en") == "Sun 10 Jan 2027, 10:00"
    virtual.advance(minutes=30)
    assert instant(at, PARIS, "en") == "Sun 10 Jan, 10:00"
