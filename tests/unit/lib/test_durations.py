"""Durations as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orgo.lib.durations import Duration, parse_duration


@pytest.mark.parametrize(
    ("text", "days", "seconds"),
    [
        ("2 hours", 0, 7200), ("30 min", 0, 1800), ("90 s", 0, 90), ("1 day", 1, 0), ("1 day 4 hours", 1, 14400), ("2h", 0, 7200),
        ("1h30m", 0, 5400), ("1 week", 7, 0), ("2 heures", 0, 7200), ("3 jours", 3, 0), ("2 Stunden", 0, 7200), ("1 Tag", 1, 0),
        ("1 hour and 30 minutes", 0, 5400), (" 5  minutes ", 0, 300),
    ],
)  # fmt: skip
def test_forms(text: str, days: int, seconds: int) -> None:
    assert parse_duration(text) == Duration(days, seconds)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0 min",
        "-2 hours",
        "5 minutess",
        "1000000000000 s",
        "9999999 days",
        "two hours",
        "2",
        "h",
        "1.5 h",
        "2 hours ago",
    ],
)
def test_what_is_none_is_refused_with_the_forms(text: str) -> None:
    with pytest.raises(ValueError, match="write it like"):
        parse_duration(text)


@given(st.integers(0, 400), st.integers(0, 10**6))
def test_what_is_said_is_read_back(days: int, seconds: int) -> None:
    if days or seconds:
        assert parse_duration(str(Duration(days, seconds))) == Duration(days, seconds)
