"""Numbers and days on the command line: what is none is answered with what is allowed."""

from datetime import datetime

import click
import pytest

from orgo.cli.numbers import Day, Rate, Whole


@pytest.mark.parametrize(
    ("kind", "said", "answer"),
    [
        (Whole(1, 65535), "99999", "99999 is not allowed; a whole number: 1 to 65535"),
        (Whole(1), "x", "x is not allowed; a whole number: at least 1"),
        (Rate(0.1, 10), "nan", "nan is not allowed; mails a second: 0.1 to 10, such as 25 or 0.5"),
        (Rate(0.1, 1000), "fast", "fast is not allowed; mails a second: 0.1 to 1000, such as 25 or 0.5"),
        (Day(), "2026-13-01", "2026-13-01 is no day of the calendar; write it like 2026-12-24"),
        (
            Day(or_minute=True),
            "x",
            "x is no day of the calendar; write it like 2026-12-24 or 2026-12-24 13:30",
        ),
    ],
)
def test_what_is_allowed_is_said(kind: click.ParamType[object], said: str, answer: str) -> None:
    with pytest.raises(click.BadParameter) as refused:
        kind.convert(said, None, None)
    assert refused.value.message == answer


def test_what_is_allowed_is_taken() -> None:
    assert (Whole(1, 9).convert("9", None, None), Rate(0.1, 10).convert("0.5", None, None)) == (9, 0.5)
    assert Day(or_minute=True).convert("2026-12-24 13:30", None, None) == datetime(2026, 12, 24, 13, 30)
