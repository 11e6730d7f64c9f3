"""Working time: how long was worked between two instants, and what instant is so much working time away (pure).

The rules, where more than one would be thinkable:

- Hours, minutes and seconds are real time that passes while the calendar is open, whatever clocks are set to.
- A day is a working day: the same clock time on the next date that has any open time. A start outside open time first
  moves to the next opening; where the calendar is closed at that clock time, the next opening counts. So a level is
  never early: Friday 16:50 and one day is Monday 16:50, Saturday noon and one day is Tuesday at opening.
- A local time that does not exist (clocks go forward) is the moment of the change; one that exists twice (clocks go
  back) is the first of the two. So hours of the week neither overlap nor leave a gap on such a day.
- A date is open or closed from midnight to midnight, also for hours that go over midnight.
- A closed date stays closed though it is also named as open. A date that is named as open has the hours of its
  weekday, or those of the first weekday that has any.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from typing import NamedTuple
from zoneinfo import ZoneInfo

from orgo.lib.durations import Duration
from orgo.lib.hours import Span

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)
_SECOND = 1_000_000
_MINUTE = 60 * _SECOND
_DAY = 24 * 60 * _MINUTE
_HORIZON = 100
_CLOSED_AT_MOST = 10
_CHECKED_FROM = 2020
# No country keeps three weekdays of every week free, and to close ten years takes more than 520 dates: a calendar
# of three weekdays and fewer dates opens, and need not be worked out (finding holidays takes half a second).
_SURELY_OPEN_WEEKDAYS = 3
_SURELY_OPEN_DATES = 520


class _Year(NamedTuple):
    """The open time of one local year, in ticks since 1970: stretches, the time worked before each, the open dates."""

    starts: list[int]
    ends: list[int]
    before: list[int]
    total: int
    dates: list[int]


class Calendar:
    """When work is done.

    `name` is for people, `zone` an IANA name, `hours` the spans of the week (`orgo.lib.hours.parse_hours`); `country`
    (ISO 3166) and `subdivision` say whose public holidays are closed; `closed` and `open` are more such dates.
    Raises ValueError when the calendar would be closed for ten years on end: nobody may wait for ever.
    """

    def __init__(
        self,
        name: str,
        zone: str,
        hours: Iterable[Span],
        *,
        country: str | None = None,
        subdivision: str | None = None,
        closed: Iterable[date] = (),
        open: Iterable[date] = (),
    ) -> None:
        self.name = name
        self.zone = ZoneInfo(zone)
        self.country, self.subdivision = country, subdivision
        self.closed, self.open = frozenset(closed), frozenset(open)
        self._week: list[list[Span]] = [[] for _ in range(7)]
        for span in sorted(hours):
            self._week[span.day].append(span)
        self._years: dict[int, _Year] = {}
        self._check()

    def is_open(self, at: datetime) -> bool:
        """Whether work is done at the instant `at`: from the opening on, no more at the closing."""
        ticks = _ticks(at)
        return self._opening(ticks) == ticks

    def next_open(self, at: datetime) -> datetime:
        """The first instant from `at` on that is open, in UTC."""
        return _instant(self._opening(_ticks(at)))

    def worked(self, start: datetime, end: datetime) -> timedelta:
        """The open time from `start` to `end`, as real time; negative when `end` is before `start`."""
        first, last = _ticks(start), _ticks(end)
        return (self._worked(first, last) if first <= last else -self._worked(last, first)) * _TICK

    def add(self, start: datetime, duration: Duration) -> datetime:
        """The instant (UTC) that is `duration` of this calendar after `start`, the earliest that is.

        Raises ValueError when that is more than a hundred years away.
        """
        at = _ticks(start)
        if duration.days:
            at = self._opening(at)
            at = self._opening(self._same_clock(at, duration.days))
        return _instant(self._forward(at, duration.seconds * _SECOND))

    def shift(self, start: datetime, worked: timedelta) -> datetime:
        """The earliest instant (UTC) by which `worked` of open time has passed since `start`; `start` for none."""
        return _instant(self._forward(_ticks(start), worked // _TICK))

    def subtract(self, end: datetime, duration: Duration) -> datetime:
        """The instant (UTC) that is `duration` of this calendar before `end`, the latest that is.

        The mirror of `add`: an `end` outside open time first moves back to the last closing.
        """
        at = _ticks(end)
        if duration.days:
            at = self._closing(at)
            at = self._closing(self._same_clock(at, -duration.days))
        return _instant(self._back(at, duration.seconds * _SECOND))

    # -- on ticks

    def _opening(self, at: int) -> int:
        for year in self._years_from(at, 1):
            place = bisect_right(year.ends, at)
            if place < len(year.starts):
                return max(at, year.starts[place])
        raise self._too_far(at)

    def _closing(self, at: int) -> int:
        for year in self._years_from(at, -1):
            place = bisect_right(year.starts, at)
            if place:
                return min(at, year.ends[place - 1])
        raise self._too_far(at)

    def _worked(self, start: int, end: int) -> int:
        first, last = self._local(start).year, self._local(end).year
        whole = sum(self._year(number).total for number in range(first, last))
        return whole + _done(self._year(last), end) - _done(self._year(first), start)

    def _forward(self, at: int, left: int) -> int:
        """The earliest instant with `left` more of open time done."""
        if not left:
            return at
        for year in self._years_from(at, 1):
            aim = _done(year, at) + left
            if aim <= year.total:
                place = bisect_left(year.before, aim) - 1
                return year.starts[place] + aim - year.before[place]
            left = aim - year.total
        raise self._too_far(at)

    def _back(self, at: int, left: int) -> int:
        """The latest instant with `left` less of open time done."""
        if not left:
            return at
        for year in self._years_from(at, -1):
            aim = _done(year, at) - left
            if aim >= 0:
                place = bisect_right(year.before, aim) - 1
                return year.starts[place] + aim - year.before[place]
            left = -aim
        raise self._too_far(at)

    def _same_clock(self, at: int, days: int) -> int:
        """The same clock time `days` open dates after `at`, or before it where `days` is negative."""
        local = self._local(at)
        number = local.year
        place = bisect_left(self._year(number).dates, local.toordinal()) + days
        while place < 0 or place >= len(self._year(number).dates):
            if abs(number - local.year) > _HORIZON:
                raise self._too_far(at)
            if place < 0:
                number -= 1
                place += len(self._year(number).dates)
            else:
                place -= len(self._year(number).dates)
                number += 1
        day = date.fromordinal(self._year(number).dates[place])
        return self._ticks_of(datetime.combine(day, local.time()))

    def _too_far(self, at: int) -> ValueError:
        day = self._local(at).date()
        return ValueError(f"that is more than {_HORIZON} years away from {day} on the calendar {self.name}")

    # -- the open time of a year

    def _years_from(self, at: int, step: int) -> Iterator[_Year]:
        """The years from that of `at` on, forward or back."""
        first = self._local(at).year
        for number in range(first, first + step * _HORIZON, step):
            yield self._year(number)

    def _year(self, number: int) -> _Year:
        year = self._years.get(number)
        if year is None:
            year = self._years[number] = self._built(number)
        return year

    def _built(self, number: int) -> _Year:
        starts: list[int] = []
        ends: list[int] = []
        dates: list[int] = []
        holidays = self._holidays(number)
        first = date(number, 1, 1)
        for day in (first + timedelta(days=n) for n in range((date(number + 1, 1, 1) - first).days)):
            for start, end in self._stretches(day, holidays):
                starts.append(start)
                ends.append(end)
                if not dates or dates[-1] != day.toordinal():
                    dates.append(day.toordinal())
        before = list(accumulate((end - start for start, end in zip(starts, ends, strict=True)), initial=0))
        return _Year(starts, ends, before[:-1], before[-1], dates)

    def _stretches(self, day: date, holidays: frozenset[date]) -> Iterator[tuple[int, int]]:
        spans = self._spans(day, holidays)
        if not spans:
            return
        midnight = datetime.combine(day, time())
        first, last = self._ticks_of(midnight), self._ticks_of(midnight + timedelta(days=1))
        changes = last - first != _DAY
        for span in spans:
            start, end = first + span.start * _MINUTE, first + span.end * _MINUTE
            if changes:
                start = self._ticks_of(midnight + timedelta(minutes=span.start))
                end = self._ticks_of(midnight + timedelta(minutes=span.end))
            if start < end:
                yield start, end

    def _spans(self, day: date, holidays: frozenset[date]) -> list[Span]:
        if day in self.closed:
            return []
        spans = self._week[day.weekday()]
        if day in self.open:
            return spans or next(filter(None, self._week))
        return [] if day in holidays else spans

    def _holidays(self, number: int) -> frozenset[date]:
        if self.country is None:
            return frozenset()
        from holidays import country_holidays  # half a second, and most commands never ask

        try:
            found = country_holidays(self.country, subdiv=self.subdivision, years=number)
        except NotImplementedError as error:
            raise ValueError(
                f"the calendar {self.name} asks for holidays that are not known: {error}"
            ) from None
        return frozenset(found)

    # -- local time

    def _local(self, at: int) -> datetime:
        return _instant(at).astimezone(self.zone)

    def _ticks_of(self, local: datetime) -> int:
        """The instant of a local time without zone: the first of two, the moment of the change where there is none."""
        at = _ticks(local.replace(tzinfo=self.zone, fold=0))
        if self._local(at).replace(tzinfo=None) == local:
            return at
        early, late = _ticks(local.replace(tzinfo=self.zone, fold=1)), at
        offset = self._local(late).utcoffset()
        while late - early > 1:
            middle = (early + late) // 2
            early, late = (early, middle) if self._local(middle).utcoffset() == offset else (middle, late)
        return late

    def _check(self) -> None:
        weekdays = sum(map(bool, self._week))
        if weekdays >= _SURELY_OPEN_WEEKDAYS and len(self.closed) < _SURELY_OPEN_DATES:
            return
        for first in sorted({_CHECKED_FROM, *(day.year for day in self.closed)}):
            if not weekdays or not any(self._year(first + n).total for n in range(_CLOSED_AT_MOST)):
                raise ValueError(
                    f"the calendar {self.name} is never open in the {_CLOSED_AT_MOST} years from {first} on; "
                    "give it hours, or fewer closed dates"
                )


def _done(year: _Year, at: int) -> int:
    """How much of the year's open time is over at `at`."""
    place = bisect_right(year.starts, at)
    if not place:
        return 0
    return year.before[place - 1] + min(at, year.ends[place - 1]) - year.starts[place - 1]


def _ticks(instant: datetime) -> int:
    return (instant - _EPOCH) // _TICK


def _instant(ticks: int) -> datetime:
    return _EPOCH + timedelta(microseconds=ticks)


ALWAYS = Calendar("always", "UTC", [Span(day, 0, 24 * 60) for day in range(7)])
