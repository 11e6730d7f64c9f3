"""Instants as a terminal shows them."""

from datetime import UTC, datetime

from orgo.lib.local import local, short

SUMMER = datetime(2026, 9, 7, 22, 30, 5, tzinfo=UTC)


def test_the_zones_time_with_its_distance_from_utc() -> None:
    assert local(SUMMER, "Europe/Paris") == "2026-09-08 00:30+02:00"
    assert local(SUMMER.isoformat(), "America/New_York", "seconds") == "2026-09-07 18:30:05-04:00"
    assert local(None, "UTC") == local("", "UTC") == ""


def test_a_short_one_has_its_year_only_where_it_is_another() -> None:
    assert short(SUMMER, "Europe/Paris", SUMMER) == "8 Sep 00:30"
    assert short(SUMMER, "Europe/Paris", datetime(2026, 12, 31, 23, 30, tzinfo=UTC)) == "8 Sep 2026 00:30"
    assert short(None, "UTC", SUMMER) == ""
