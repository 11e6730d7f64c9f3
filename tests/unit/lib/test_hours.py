"""Hours of the week are read as people write them."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orgo.lib.hours import Span, parse_hours


def test_days_and_times_become_spans_in_order() -> None:
    """Groups, ranges of days and several times a day."""
    spans = parse_hours("Sat 09:00-12:00; Mon-Tue 08:00-12:00, 13:30-17:30")

    assert spans == (
        Span(0, 480, 720),
        Span(0, 810, 1050),
        Span(1, 480, 720),
        Span(1, 810, 1050),
        Span(5, 540, 720),
    )


@pytest.mark.parametrize(
    "text",
    ["Mon-Wed 8:00-9:00", "lun-mer 08:00-09:00", "Mo-Mi 08:00-09:00", "Monday - wednesday 08:00-09:00"],
)
def test_days_are_said_in_three_languages(text: str) -> None:
    """English, French and German."""
    assert [span.day for span in parse_hours(text)] == [0, 1, 2]


def test_a_night_shift_goes_over_midnight_and_over_sunday() -> None:
    """What ends before it starts ends on the next day."""
    assert parse_hours("Sun 22:00-06:00") == (Span(0, 0, 360), Span(6, 1320, 1440))


def test_spans_that_touch_are_one() -> None:
    """No minute is counted twice."""
    assert parse_hours("Mon 08:00-12:00, 10:00-14:00, 14:00-15:00") == (Span(0, 480, 900),)


def test_no_days_means_every_day() -> None:
    """So does "daily"."""
    assert (
        parse_hours("00:00-24:00")
        == parse_hours("daily 00:00-24:00")
        == tuple(Span(day, 0, 1440) for day in range(7))
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no hours"),
        ("Mon-Fri", "no times"),
        ("Mon 8-9", "no time from-to"),
        ("Mon 25:00-26:00", "no time of the day"),
        ("Mon 08:60-09:00", "no time of the day"),
        ("Mun 08:00-09:00", "no day of the week"),
        ("Mon-Tue-Wed 08:00-09:00", "no range of days"),
        ("Mon 08:00-08:00", "lasts no time"),
    ],
)
def test_what_is_wrong_is_said(text: str, words: str) -> None:
    """Every refusal names the part and the form."""
    with pytest.raises(ValueError, match=words):
        parse_hours(text)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing but ValueError comes of nonsense, and what is read is in order and without overlap."""
    try:
        spans = parse_hours(text)
    except ValueError:
        return

    assert list(spans) == sorted(spans)
    assert all(a.day != b.day or a.end < b.start for a, b in pairwise(spans))
