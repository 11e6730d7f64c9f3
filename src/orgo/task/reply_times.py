"""When somebody means, in the words of a reply: "in 30 minutes", "tomorrow at 3 pm", "lundi 14h30", "bis Freitag" (pure).

A phrase is understood whole or not at all: one word that is not known, and it is no time. The words are in
phrases/times.txt.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from importlib import resources
from typing import Literal
from zoneinfo import ZoneInfo

Edge = Literal["start", "end"]
# Of a time that was read and that nobody can wait for: it is over, more than ten years ahead, or on no day that there is.
Wrong = Literal["over", "far", "no_day"]

LONGEST = timedelta(days=3660)  # as lib/durations.py has it
_FAR = 2 * LONGEST  # further away no arithmetic goes
_MOST_WORDS = 14
_MORNING, _EVENING = 8, 17  # where a day begins and ends for somebody who names no hour


def _tables() -> dict[str, dict[str, str]]:
    """The sections of phrases/times.txt: words (several with spaces) and what they stand for."""
    tables: dict[str, dict[str, str]] = {}
    text = resources.files("orgo.task").joinpath("phrases", "times.txt").read_text("utf-8")
    for line in filter(None, (line.partition("#")[0].strip() for line in text.splitlines())):
        if line.startswith("["):
            table = tables.setdefault(line.strip("[]"), {})
        else:
            value, _, words = line.partition(" = ")
            table |= {word.replace("_", " "): value for word in words.split()}
    return tables


_TABLES = _tables()
_WEEKDAYS, MONTHS, _DAYS, _HALF_DAYS, _WEEKS, _NUMBERS = (
    {word: int(value) for word, value in _TABLES[name].items()}
    for name in ("weekday", "month", "day", "half", "week", "number")
)
_UNITS, _LENGTHS = (
    {word: timedelta(minutes=int(value)) for word, value in _TABLES[name].items()}
    for name in ("unit", "length")
)
_PARTS = {word: (int(hours.split()[0]), int(hours.split()[1])) for word, hours in _TABLES["part"].items()}
_AT, _IN, _SOON, _HOUR_WORDS = (frozenset(_TABLES[name]) for name in ("at", "in", "soon", "hour"))
_NOISE = _AT.union(_TABLES["noise"])
_PHRASE_WORDS = 4
_SPLIT = re.compile(r"(?<=[0-9])(?=[a-z])|(?<=[a-z])(?=[0-9])|(?<=[a-z])-(?=[a-z])")


class _Reading:
    """What the words of a phrase have said so far; each thing may be said once."""

    def __init__(self, today: date) -> None:
        self.today = today
        self.day: date | None = None
        self.weekday: int | None = None
        self.part: tuple[int, int] | None = None
        self.clock: time | None = None
        self.delta: timedelta | None = None
        self.week: int | None = None
        self.no_day = False
        self.failed = False

    def set(self, name: str, value: object) -> None:
        """Note one thing; a second, different one makes the phrase unclear."""
        self.failed = self.failed or getattr(self, name) not in (None, value)
        setattr(self, name, value)


def parse_when(
    words: str, *, now: datetime, zone: str, edge: Edge, language: str = ""
) -> datetime | Wrong | None:
    """The instant (UTC) that `words` mean, what is wrong with it, or None when they are not a time as a whole.

    `words` are folded (no case, no accents); `now` is an aware instant, `zone` an IANA name. Where no hour is named,
    `edge` says which end of the day is meant: waiting goes on at its start, a promise is kept by its end. A date like
    09/12 is day first, unless `language` is English, where it is unclear and so None.
    """
    here = now.astimezone(ZoneInfo(zone))
    tokens = _SPLIT.sub(" ", words).split()
    if not tokens or len(tokens) > 2 * _MOST_WORDS:
        return None
    reading = _Reading(here.date())
    place = 0
    while place < len(tokens) and not reading.failed:
        step = next((n for take in _TAKERS if (n := take(tokens, place, reading, language))), 0)
        reading.failed = reading.failed or not step
        place += step
    if reading.failed:
        return None
    found = _instant(reading, here, edge)
    if found is None:
        return None
    if reading.no_day:
        return "no_day"
    return "over" if found <= now else "far" if found > now + LONGEST else found


# ---------------------------------------------------------------- reading words; each says how many it has taken


def _phrase(tokens: list[str], place: int, reading: _Reading, language: str) -> int:
    for length in range(min(_PHRASE_WORDS + 1, len(tokens) - place), 0, -1):
        words = " ".join(tokens[place : place + length]).strip(".")
        if _note(words, reading):
            return length
    return 0


def _note(words: str, reading: _Reading) -> bool:
    known = True
    if words in _DAYS:
        reading.set("day", reading.today + timedelta(days=_DAYS[words]))
        if words in _PARTS:
            reading.set("part", _PARTS[words])
    elif words in _PARTS:
        reading.set("part", _PARTS[words])
    elif words in _WEEKDAYS:
        reading.set("weekday", _WEEKDAYS[words])
    elif words in _WEEKS:
        reading.set("week", _WEEKS[words])
    elif words in _LENGTHS:
        reading.set("delta", _LENGTHS[words])
    else:
        known = False
    return known


def _iso_date(tokens: list[str], place: int, reading: _Reading, language: str) -> int:
    match = re.fullmatch(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})", tokens[place])
    if match is None:
        return 0
    reading.set("day", _date(int(match[1]), int(match[2]), int(match[3]), reading))
    return 1


def _short_date(tokens: list[str], place: int, reading: _Reading, language: str) -> int:
    match = re.fullmatch(
        r"([0-9]{1,2})(?:/([0-9]{1,2})|\.([0-9]{1,2})\.)(?:[/]?((?:20)?[0-9]{2}))?", tokens[place]
    )
    if match is None:
        return 0
    first, second = int(match[1]), int(match[2] or match[3])
    day, month = (second, first) if second > 12 else (first, second)
    if match[2] and language.startswith("en") and first <= 12 and second <= 12 and first != second:
        reading.failed = True
    year = int(match[4]) % 100 + 2000 if match[4] else None
    reading.set("day", _date(year, month, day, reading))
    return 1


def _written_date(tokens: list[str], place: int, reading: _Reading, language: str) -> int:
    """ "12 september", "12. September 2026", "12 de septiembre", "september 12", "12 th of may"."""
    rest = [token.rstrip(".,") for token in tokens[place : place + 5]]
    used = [word for word in rest if word not in ("th", "st", "nd", "rd", "de", "of", "er")]
    for number, month in ((0, 1), (1, 0)):
        if len(used) > 1 and used[number].isdecimal() and len(used[number]) < 3 and used[month] in MONTHS:
            year = int(used[2]) if len(used) > 2 and re.fullmatch("20[0-9]{2}", used[2]) else None
            reading.set("day", _date(year, MONTHS[used[month]], int(used[number]), reading))
            last = used[2] if year else used[1]
            return rest.index(last) + 1
    return 0


def _clock(tokens: list[str], place: int, reading: _Reading, language: str) -> int:
    match = re.fullmatch(r"([0-9]{1,2})[:.]([0-9]{2})", tokens[place])
    dotted = "." in tokens[place]
    after = tokens[place + 1].rstrip(".") if place + 1 < len(tokens) else ""
    if match is None or (dotted and not (after in _HOUR_WORDS or _said_at(tokens, place))):
        return 0
    used, half = _half_day(tokens, place + 1)
    _set_clock(reading, match[1], int(match[2]), half)
    return 1 + used + (after in _HOUR_WORDS)


def _hour(tokens: list[str], place: int, reading: _Reading, language: str) -> int:
    """ "3 pm", "14 h 30", "um 14", "at 3", "14 uhr"."""
    if not re.fullmatch("[0-9]{1,2}", tokens[place]):
        return 0
    used, half = _half_day(tokens, place + 1)
    if half is not None:
        _set_clock(reading, tokens[place], 0, half)
        return 1 + used
    after = tokens[place + 1].rstrip(".") if place + 1 < len(tokens) else ""
    named = reading.day is not None or reading.weekday is not None
    if after in _HOUR_WORDS:
        certain = (
            after in ("uhr", "o'clock", "oclock")
            or _said_at(tokens, place)
            or named
            or int(tokens[place]) >= 7
        )
        if not certain or _said_in(tokens, place):
            return 0
        minutes = (
            tokens[place + 2]
            if place + 2 < len(tokens) and re.fullmatch("[0-5][0-9]", tokens[place + 2])
            else ""
        )
        used, half = _half_day(tokens, place + 2 + bool(minutes))
        _set_clock(reading, tokens[place], int(minutes or 0), half)
        return 2 + bool(minutes) + used
    if _said_at(tokens, place) and after not in _UNITS:
        _set_clock(reading, tokens[place], 0, None)
        return 1
    return 0


def _length(tokens: list[str], place: int, reading: _Reading, language: str) -> int:
    """ "30 min", "1.5 hours", "an hour", "2 h 30", "1 day 4 hours"."""
    number = _number(tokens[place])
    unit = _UNITS.get(tokens[place + 1].rstrip(".")) if place + 1 < len(tokens) else None
    if number is None or unit is None:
        return 0
    total = min(number, 1_000_000) * unit
    used = 2
    if (
        unit == timedelta(hours=1)
        and place + 2 < len(tokens)
        and re.fullmatch("[0-5][0-9]", tokens[place + 2])
    ):
        total += timedelta(minutes=int(tokens[place + 2]))
        used = 4 if place + 3 < len(tokens) and _UNITS.get(tokens[place + 3]) == timedelta(minutes=1) else 3
    reading.delta = (reading.delta or timedelta()) + total
    return used


def _minutes(tokens: list[str], place: int, reading: _Reading, language: str) -> int:
    """ "in 20": what is counted so, and is neither an hour nor a day, are minutes."""
    is_round = re.fullmatch("[1-5]0|[1-5]?5", tokens[place]) is not None
    if not is_round or place + 1 < len(tokens) or place == 0 or tokens[place - 1] not in _SOON:
        return 0
    reading.set("delta", timedelta(minutes=int(tokens[place])))
    return 1


def _noise(tokens: list[str], place: int, reading: _Reading, language: str) -> int:
    return int(tokens[place].strip(".,~") in _NOISE or tokens[place] in "~-,")


_TAKERS: tuple[Callable[[list[str], int, _Reading, str], int], ...] = (
    _iso_date, _written_date, _short_date, _clock, _hour, _length, _minutes, _phrase, _noise,
)  # fmt: skip


def _number(token: str) -> float | None:
    if re.fullmatch(r"[0-9]{1,9}(?:[.,][0-9]{1,2})?", token):
        return float(token.replace(",", "."))
    return _NUMBERS.get(token)


def _said_at(tokens: list[str], place: int) -> bool:
    return place > 0 and tokens[place - 1] in _AT


def _said_in(tokens: list[str], place: int) -> bool:
    return place > 0 and tokens[place - 1] in _IN


def _half_day(tokens: list[str], place: int) -> tuple[int, int | None]:
    """How many words say which half of the day is meant, and the hours that it adds."""
    for length in (3, 2, 1):
        words = " ".join(tokens[place : place + length]).strip(".")
        if len(tokens) >= place + length and words in _HALF_DAYS:
            return length, _HALF_DAYS[words]
    return 0, None


def _set_clock(reading: _Reading, hour_text: str, minute: int, half: int | None) -> None:
    """Note a time of the day. "3" and "3:30" without more are in the afternoon: nobody is promised 3 at night."""
    hour = int(hour_text)
    if half is not None:
        hour = hour % 12 + half if 1 <= hour <= 12 else 24
    elif 1 <= hour < 7 and not hour_text.startswith("0"):
        hour += 12
    if hour == 24 and not minute and half is None:
        reading.set("clock", time(23, 59))
    elif hour > 23 or minute > 59:
        reading.failed = True
    else:
        reading.set("clock", time(hour, minute))


def _date(year: int | None, month: int, day: int, reading: _Reading) -> date:
    """The date; without a year the next one that comes. Where there is no such day that is noted, and it is today."""
    try:
        found = date(year if year is not None else reading.today.year, month, day)
        found = found.replace(year=found.year + 1) if year is None and found < reading.today else found
    except ValueError:
        reading.no_day = True
        return reading.today
    return min(max(found, reading.today - _FAR), reading.today + _FAR)


# ---------------------------------------------------------------- from what was read to an instant


def _instant(reading: _Reading, here: datetime, edge: Edge) -> datetime | None:
    named = (reading.day, reading.weekday, reading.week, reading.clock, reading.part)
    if reading.delta is not None:
        return _from_now(reading.delta, here) if all(value is None for value in named) else None
    if all(value is None for value in named):
        return None
    day = _day(reading, here, edge)
    if day is None:
        return None
    found = _local(day, _time(reading, edge), here)
    if found > here.astimezone(UTC) or reading.weekday is not None:
        return found
    if reading.day is None and reading.week is None:
        return _local(day + timedelta(days=1), _time(reading, edge), here)
    return (
        _local(day, time(23, 59), here) if reading.day == reading.today and reading.clock is None else found
    )


def _from_now(delta: timedelta, here: datetime) -> datetime:
    """Hours are real hours; days keep the clock time."""
    delta = min(delta, _FAR)
    if delta % timedelta(days=1):
        return here.astimezone(UTC) + delta
    return _local(here.date() + delta, here.time().replace(fold=0), here)


def _day(reading: _Reading, here: datetime, edge: Edge) -> date | None:
    today = reading.today
    if reading.week is not None:
        monday = today - timedelta(days=today.weekday()) + timedelta(weeks=reading.week)
        wanted = (
            reading.weekday if reading.weekday is not None else 4 if edge == "end" or not reading.week else 0
        )
        return monday + timedelta(days=wanted) if reading.day is None else None
    if reading.day is not None:
        return reading.day if reading.weekday in (None, reading.day.weekday()) else None
    if reading.weekday is None:
        return today
    ahead = (reading.weekday - today.weekday()) % 7
    past = _local(today, _time(reading, edge), here) <= here.astimezone(UTC)
    return today + timedelta(days=ahead if ahead or not (past or edge == "start") else 7)


def _time(reading: _Reading, edge: Edge) -> time:
    if reading.clock is not None:
        return reading.clock
    start, end = reading.part or (_MORNING, _EVENING)
    return time(start if edge == "start" else end)


def _local(day: date, clock: time, here: datetime) -> datetime:
    return datetime.combine(day, clock, here.tzinfo).astimezone(UTC)
