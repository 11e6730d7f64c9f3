"""Hours of the week as a person writes them: "Mon-Fri 08:00-12:00, 13:30-17:30; Sat 09:00-12:00" (pure)."""

import re
from typing import NamedTuple

FORM = 'like "Mon-Fri 08:00-12:00, 13:30-17:30; Sat 09:00-12:00"'
_MINUTES_OF_DAY = 24 * 60
_WORDS = (
    "mon monday lun lundi mo montag",
    "tue tuesday mar mardi di dienstag",
    "wed wednesday mer mercredi mi mittwoch",
    "thu thursday jeu jeudi do donnerstag",
    "fri friday ven vendredi fr freitag",
    "sat saturday sam samedi sa samstag",
    "sun sunday dim dimanche so sonntag",
)
_DAYS = {word: day for day, words in enumerate(_WORDS) for word in words.split()}
_TIMES = re.compile(r"([0-9]{1,2}):([0-9]{2})\s*-\s*([0-9]{1,2}):([0-9]{2})")


class Span(NamedTuple):
    """One stretch of a day: `day` 0 is Monday, `start` and `end` are minutes after midnight, local time."""

    day: int
    start: int
    end: int


def parse_hours(text: str) -> tuple[Span, ...]:
    """Read hours of the week.

    `text` has groups parted by ";", each some days ("Mon-Fri", "Mon,Wed", "daily", or none for every day) and some
    times parted by ",". A time that ends before it starts goes over midnight. Day names are English, French or German.
    Returns the spans in order, joined where they touch; raises ValueError that says what is wrong.
    "24x7" is day and night.
    """
    spans: list[Span] = []
    if text.strip().lower() in ("24x7", "24/7"):
        text = "00:00-24:00"
    for group in text.split(";"):
        if group.strip():
            spans.extend(_group(group.strip()))
    if not spans:
        raise ValueError(f"no hours in {text!r}; write them {FORM}")
    return _joined(sorted(spans))


def _group(group: str) -> list[Span]:
    first = re.search(r"[0-9]", group)
    if first is None:
        raise ValueError(f"no times in {group!r}; write hours {FORM}")
    days = _days(group[: first.start()])
    return [span for part in group[first.start() :].split(",") for day in days for span in _spans(day, part)]


def _days(words: str) -> list[int]:
    words = words.strip().rstrip(",:").strip().lower()
    if words in ("", "daily", "every day"):
        return list(range(7))
    found: list[int] = []
    for part in words.split(","):
        ends = [_day(word) for word in part.split("-")]
        if len(ends) > 2:
            raise ValueError(f"{part.strip()!r} is no range of days; write hours {FORM}")
        length = (ends[-1] - ends[0]) % 7
        found.extend((ends[0] + step) % 7 for step in range(length + 1))
    return found


def _day(word: str) -> int:
    day = _DAYS.get(word.strip().rstrip("."))
    if day is None:
        raise ValueError(f"{word.strip()!r} is no day of the week; write Mon, Tue, Wed, Thu, Fri, Sat or Sun")
    return day


def _spans(day: int, part: str) -> list[Span]:
    match = _TIMES.fullmatch(part.strip())
    if match is None:
        raise ValueError(f"{part.strip()!r} is no time from-to; write hours {FORM}")
    start, end = _minute(match[1], match[2]), _minute(match[3], match[4])
    if start == end or start == _MINUTES_OF_DAY:
        raise ValueError(f"{part.strip()!r} lasts no time; the whole day is 00:00-24:00")
    if start < end:
        return [Span(day, start, end)]
    late = [Span(day, start, _MINUTES_OF_DAY)]
    return [*late, Span((day + 1) % 7, 0, end)] if end else late


def _minute(hour: str, minute: str) -> int:
    total = int(hour) * 60 + int(minute)
    if int(minute) > 59 or total > _MINUTES_OF_DAY:
        raise ValueError(f"{hour}:{minute} is no time of the day; from 00:00 to 24:00")
    return total


def _joined(spans: list[Span]) -> tuple[Span, ...]:
    joined: list[Span] = []
    for span in spans:
        if joined and joined[-1].day == span.day and span.start <= joined[-1].end:
            joined[-1] = joined[-1]._replace(end=max(joined[-1].end, span.end))
        else:
            joined.append(span)
    return tuple(joined)
