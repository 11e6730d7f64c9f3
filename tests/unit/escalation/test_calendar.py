"""Working time: what a calendar counts, when a working day is over, and what happens when the clocks change."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orgo.escalation.calendar import ALWAYS, Calendar
from orgo.lib.durations import Duration
from orgo.lib.hours import parse_hours

PARIS = ZoneInfo("Europe/Paris")
OFFICE = Calendar("office", "Europe/Paris", parse_hours("Mon-Fri 08:00-12:00, 13:00-17:00"), country="FR")
NIGHT = Calendar("night", "Europe/Paris", parse_hours("Mon-Fri 22:00-06:00"))
ROUND_THE_CLOCK = Calendar("paris", "Europe/Paris", parse_hours("daily 00:00-24:00"))
ODD = Calendar("odd", "America/New_York", parse_hours("Mon,Wed 09:15-11:40; Sat 01:30-04:00"), country="US")
CALENDARS = st.sampled_from([OFFICE, NIGHT, ROUND_THE_CLOCK, ODD, ALWAYS])
INSTANTS = st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))
SECONDS = st.integers(1, 60 * 86_400)
DAYS = st.integers(1, 300)


def paris(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=PARIS)


def hours(number: float) -> Duration:
    return Duration(0, int(number * 3600))


# ---------------------------------------------------------------- what an office does


@pytest.mark.parametrize(
    ("start", "duration", "end"),
    [
        ("2026-09-07T09:00", hours(2), "2026-09-07T11:00"),
        ("2026-09-07T11:00", hours(2), "2026-09-07T14:00"),  # over lunch
        ("2026-09-04T16:50", hours(2), "2026-09-07T09:50"),  # over the weekend
        ("2026-09-05T12:00", hours(1), "2026-09-07T09:00"),  # opened on a Saturday
        ("2026-09-07T15:00", hours(2), "2026-09-07T17:00"),  # at closing, not at the next opening
        ("2026-12-24T16:00", hours(2), "2026-12-28T09:00"),  # over Christmas
        ("2026-09-04T16:50", Duration(1, 0), "2026-09-07T16:50"),
        ("2026-09-05T12:00", Duration(1, 0), "2026-09-08T08:00"),  # Saturday: counted from Monday's opening
        ("2026-09-07T12:30", Duration(1, 0), "2026-09-08T13:00"),  # lunch: counted from its end
        ("2026-04-30T16:00", Duration(1, 0), "2026-05-04T16:00"),  # 1 May is a holiday, a Friday
        ("2026-09-07T16:00", Duration(1, 4 * 3600), "2026-09-09T11:00"),  # days first, then hours
        ("2026-12-31T16:00", Duration(2, 0), "2027-01-05T16:00"),  # over the year's end
    ],
)
def test_an_office_counts_only_its_open_time(start: str, duration: Duration, end: str) -> None:
    """Hours pass while the office is open; a day is the same clock time on its next open day."""
    assert OFFICE.add(paris(start), duration) == paris(end)


def test_a_day_whose_clock_time_is_closed_ends_at_the_next_opening() -> None:
    """With a short Friday, one day after Thursday afternoon is Monday morning: never early."""
    short = Calendar("short", "Europe/Paris", parse_hours("Mon-Thu 08:00-17:00; Fri 08:00-12:00"))

    assert short.add(paris("2026-09-10T15:00"), Duration(1, 0)) == paris("2026-09-14T08:00")


@pytest.mark.parametrize(
    ("end", "duration", "start"),
    [
        ("2026-09-07T10:00", hours(2), "2026-09-07T08:00"),  # at the opening, not at the closing before
        ("2026-09-07T09:00", hours(2), "2026-09-04T16:00"),
        ("2026-09-07T16:50", Duration(1, 0), "2026-09-04T16:50"),
        ("2026-09-08T08:00", Duration(1, 0), "2026-09-07T08:00"),
        ("2026-09-06T12:00", Duration(1, 0), "2026-09-03T17:00"),  # a Sunday: counted from Friday's closing
        ("2027-01-05T16:00", Duration(2, 0), "2026-12-31T16:00"),
    ],
)
def test_counting_back_mirrors_counting_on(end: str, duration: Duration, start: str) -> None:
    """A reminder before a deadline falls into open time too, as late as it may."""
    assert OFFICE.subtract(paris(end), duration) == paris(start)


def test_an_office_is_open_from_its_opening_to_just_before_its_closing() -> None:
    """The opening counts as open, the closing does not."""
    times = ["07:59:59", "08:00", "11:59:59", "12:00", "13:00", "16:59:59", "17:00"]

    assert [OFFICE.is_open(paris(f"2026-09-07T{time}")) for time in times] == [
        False, True, True, False, True, True, False,
    ]  # fmt: skip
    assert not OFFICE.is_open(paris("2026-09-06T10:00"))
    assert not OFFICE.is_open(paris("2026-07-14T10:00"))


def test_the_next_opening_is_the_instant_itself_while_it_is_open() -> None:
    """In open time there is nothing to wait for; after closing it is the next open day's first hour."""
    assert OFFICE.next_open(paris("2026-09-07T10:30")) == paris("2026-09-07T10:30")
    assert OFFICE.next_open(paris("2026-07-13T17:00")) == paris("2026-07-15T08:00")


# ---------------------------------------------------------------- single dates


def test_closed_dates_are_closed_and_open_dates_are_open_though_they_are_holidays() -> None:
    """14 July may be worked and a bridge day may be free; a date that is named as both is closed."""
    calendar = Calendar(
        "own", "Europe/Paris", parse_hours("Mon-Fri 08:00-12:00"), country="FR",
        closed={date(2026, 7, 13), date(2026, 7, 15)}, open={date(2026, 7, 14), date(2026, 7, 15)},
    )  # fmt: skip

    assert [calendar.is_open(paris(f"2026-07-{day}T09:00")) for day in (13, 14, 15, 16)] == [
        False, True, False, True,
    ]  # fmt: skip


def test_an_open_date_on_a_free_weekday_has_the_hours_of_the_first_working_day() -> None:
    """A Saturday that is worked for once is worked as a Monday."""
    calendar = Calendar("own", "Europe/Paris", parse_hours("Mon-Fri 08:00-12:00"), open={date(2026, 9, 5)})

    assert calendar.worked(paris("2026-09-05T00:00"), paris("2026-09-06T00:00")) == timedelta(hours=4)


def test_holidays_follow_the_part_of_the_country() -> None:
    """Good Friday is worked in France, but not in its Moselle."""
    week = parse_hours("Mon-Fri 08:00-12:00")

    assert OFFICE.is_open(paris("2026-04-03T09:00"))
    moselle = Calendar("metz", "Europe/Paris", week, country="FR", subdivision="57")
    assert not moselle.is_open(paris("2026-04-03T09:00"))


# ---------------------------------------------------------------- clocks that change


def test_hours_are_real_hours_when_the_clocks_go_forward() -> None:
    """Two hours from 01:30 on 29 March 2026 is 04:30 on the wall: 02:00 to 03:00 was never there."""
    assert ROUND_THE_CLOCK.add(paris("2026-03-29T01:30"), hours(2)) == paris("2026-03-29T04:30")
    assert ROUND_THE_CLOCK.worked(paris("2026-03-29T00:00"), paris("2026-03-30T00:00")) == timedelta(hours=23)


def test_hours_are_real_hours_when_the_clocks_go_back() -> None:
    """25 October 2026 has 25 hours, and two hours from 01:30 is 02:30 the second time."""
    assert ROUND_THE_CLOCK.add(paris("2026-10-25T01:30"), hours(2)) == datetime(
        2026, 10, 25, 1, 30, tzinfo=UTC
    )
    assert ROUND_THE_CLOCK.worked(paris("2026-10-25T00:00"), paris("2026-10-26T00:00")) == timedelta(hours=25)


def test_a_day_keeps_its_clock_time_over_a_change_of_clocks() -> None:
    """From Saturday 10:00 to Sunday 10:00 is one day, be it of 23 hours or of 25."""
    for start, end in (("2026-03-28T10:00", "2026-03-29T10:00"), ("2026-10-24T10:00", "2026-10-25T10:00")):
        assert ROUND_THE_CLOCK.add(paris(start), Duration(1, 0)) == paris(end)


def test_a_clock_time_that_does_not_exist_is_the_moment_of_the_change() -> None:
    """02:30 is skipped on 29 March 2026: a day after Saturday 02:30 is over at 03:00 summer time."""
    assert ROUND_THE_CLOCK.add(paris("2026-03-28T02:30"), Duration(1, 0)) == paris("2026-03-29T03:00")


def test_a_clock_time_that_exists_twice_is_the_first_of_the_two() -> None:
    """A day after Saturday 02:30 is over the first time Sunday's clocks show 02:30."""
    end = ROUND_THE_CLOCK.add(paris("2026-10-24T02:30"), Duration(1, 0))

    assert end == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_hours_at_the_change_of_clocks_neither_overlap_nor_leave_a_gap() -> None:
    """Two shifts that meet at 02:30 are a whole Sunday together, also where 02:30 is missing or comes twice."""
    early = Calendar("early", "Europe/Paris", parse_hours("Sun 00:00-02:30"))
    late = Calendar("late", "Europe/Paris", parse_hours("Sun 02:30-24:00"))

    for first, second, length in (("2026-03-29", "2026-03-30", 23), ("2026-10-25", "2026-10-26", 25)):
        parts = [c.worked(paris(first), paris(second)) for c in (early, late)]
        assert sum(parts, timedelta()) == timedelta(hours=length)


def test_hours_that_do_not_exist_on_a_day_are_not_worked() -> None:
    """A shift from 02:15 to 02:45 does not take place on the day without these times."""
    calendar = Calendar("odd", "Europe/Paris", parse_hours("Sun 02:15-02:45"))

    assert calendar.worked(paris("2026-03-29T00:00"), paris("2026-03-30T00:00")) == timedelta(0)
    assert calendar.next_open(paris("2026-03-29T00:00")) == paris("2026-04-05T02:15")


def test_hours_over_midnight_belong_to_both_dates() -> None:
    """Two hours from Monday 23:00 is Tuesday 01:00; a free date is free from midnight to midnight."""
    assert NIGHT.add(paris("2026-09-07T23:00"), hours(2)) == paris("2026-09-08T01:00")
    free = Calendar("night", "Europe/Paris", parse_hours("Mon-Fri 22:00-06:00"), closed={date(2026, 9, 8)})
    assert free.add(paris("2026-09-07T23:00"), hours(2)) == paris("2026-09-09T01:00")


# ---------------------------------------------------------------- calendars that can't be


def test_a_calendar_without_any_hours_is_refused() -> None:
    """Nobody may wait for ever."""
    with pytest.raises(ValueError, match="never is never open"):
        Calendar("never", "Europe/Paris", ())


def test_a_calendar_whose_closed_dates_leave_nothing_for_ten_years_is_refused() -> None:
    """Mondays only, and all Mondays of ten years closed: that is said at once, not in the middle of an escalation."""
    mondays = [date(2030, 1, 7) + timedelta(weeks=week) for week in range(530)]

    with pytest.raises(ValueError, match="never open in the 10 years from 2030"):
        Calendar("mondays", "Europe/Paris", parse_hours("Mon 08:00-12:00"), closed=mondays)
    assert Calendar("mondays", "Europe/Paris", parse_hours("Mon 08:00-12:00"), closed=mondays[:500])


def test_holidays_of_an_unknown_country_are_said_in_words() -> None:
    """The error names the calendar and the country."""
    calendar = Calendar("far", "Europe/Paris", parse_hours("Mon-Fri 08:00-12:00"), country="XX")

    with pytest.raises(ValueError, match="calendar far .*XX"):
        calendar.next_open(paris("2026-09-07T10:30"))


def test_what_is_more_than_a_hundred_years_away_is_refused() -> None:
    """A delay that nobody lives to see is a mistake."""
    for duration in (Duration(40_000, 0), hours(400_000)):
        with pytest.raises(ValueError, match="more than 100 years away"):
            OFFICE.add(paris("2026-09-07T10:30"), duration)


# ---------------------------------------------------------------- what always holds


@given(CALENDARS, INSTANTS, SECONDS)
def test_adding_hours_gives_exactly_that_much_worked_time_and_the_earliest_such_instant(
    calendar: Calendar, start: datetime, seconds: int
) -> None:
    """Never early by a microsecond, never later than needed."""
    end = calendar.add(start, Duration(0, seconds))

    assert calendar.worked(start, end) == timedelta(seconds=seconds)
    assert calendar.worked(start, end - timedelta(microseconds=1)) < timedelta(seconds=seconds)


@given(CALENDARS, INSTANTS, SECONDS)
def test_subtracting_hours_gives_exactly_that_much_worked_time_and_the_latest_such_instant(
    calendar: Calendar, end: datetime, seconds: int
) -> None:
    """The mirror of adding."""
    start = calendar.subtract(end, Duration(0, seconds))

    assert calendar.worked(start, end) == timedelta(seconds=seconds)
    assert calendar.worked(start + timedelta(microseconds=1), end) < timedelta(seconds=seconds)


@given(CALENDARS, INSTANTS, INSTANTS, INSTANTS)
def test_worked_time_adds_up(calendar: Calendar, a: datetime, b: datetime, c: datetime) -> None:
    """From a to c by b is from a to c, in whatever order the three lie; it is never more than real time."""
    assert calendar.worked(a, b) + calendar.worked(b, c) == calendar.worked(a, c)
    assert timedelta(0) <= calendar.worked(min(a, b), max(a, b)) <= abs(b - a)


@given(CALENDARS, INSTANTS, INSTANTS, SECONDS)
def test_what_starts_later_never_ends_earlier(
    calendar: Calendar, one: datetime, other: datetime, seconds: int
) -> None:
    """Adding keeps the order of starts."""
    first, second = sorted((one, other))

    assert calendar.add(first, Duration(0, seconds)) <= calendar.add(second, Duration(0, seconds))


@given(CALENDARS, INSTANTS, DAYS, st.integers(0, 86_400))
def test_a_longer_delay_never_ends_earlier(
    calendar: Calendar, start: datetime, days: int, seconds: int
) -> None:
    """One more day, or some more seconds, never come to less."""
    end = calendar.add(start, Duration(days, 0))

    assert calendar.add(start, Duration(days, seconds)) >= end >= calendar.next_open(start)
    assert calendar.add(start, Duration(days + 1, 0)) >= end


@given(st.sampled_from([OFFICE, ODD]), INSTANTS, DAYS)
def test_days_end_in_open_time_after_as_many_open_dates(
    calendar: Calendar, start: datetime, days: int
) -> None:
    """The end lies in open time, not before the same clock time on the date that many open dates later."""
    begin = calendar.next_open(start).astimezone(calendar.zone)
    end = calendar.add(start, Duration(days, 0)).astimezone(calendar.zone)
    between = [begin.date() + timedelta(days=n + 1) for n in range((end.date() - begin.date()).days)]
    passed = sum(_is_worked(calendar, day) for day in between)

    assert calendar.is_open(end)
    assert (passed == days and end.time() >= begin.time()) or passed == days + 1


def _is_worked(calendar: Calendar, day: date) -> bool:
    midnight = datetime.combine(day, datetime.min.time(), calendar.zone)
    return calendar.worked(midnight, midnight + timedelta(days=1)) > timedelta(0)


@given(
    st.datetimes(datetime(2026, 3, 20), datetime(2026, 4, 5))
    | st.datetimes(datetime(2026, 10, 15), datetime(2026, 11, 5)),
    st.integers(0, 4 * 24 * 60),
)
def test_worked_time_is_what_a_person_with_a_wall_clock_counts(start: datetime, minutes: int) -> None:
    """Looking at the clock once a minute comes to the same (hours that no change of clocks touches)."""
    begin = start.replace(second=0, microsecond=0, tzinfo=UTC)
    instants = [(begin + timedelta(minutes=n)).astimezone(PARIS) for n in range(minutes)]
    holiday = {date(2026, 4, 6), date(2026, 11, 11)}
    seen = sum(
        t.weekday() < 5 and t.hour in (8, 9, 10, 11, 13, 14, 15, 16) and t.date() not in holiday
        for t in instants
    )

    assert OFFICE.worked(begin, begin + timedelta(minutes=minutes)) == timedelta(minutes=seen)


@given(INSTANTS, DAYS, SECONDS)
def test_day_and_night_is_plain_time(start: datetime, days: int, seconds: int) -> None:
    """Without hours, days are of 24 hours and all time counts."""
    assert ALWAYS.add(start, Duration(days, seconds)) == start + timedelta(days=days, seconds=seconds)
    assert ALWAYS.is_open(start)


@given(CALENDARS, INSTANTS)
def test_being_open_agrees_with_time_passing(calendar: Calendar, at: datetime) -> None:
    """It is open exactly when the very next moment counts as worked."""
    moment = timedelta(microseconds=1)

    assert calendar.is_open(at) == (calendar.worked(at, at + moment) == moment)


@pytest.mark.parametrize(
    "zone", ["America/Havana", "Africa/Cairo", "Pacific/Apia", "Australia/Lord_Howe", "America/Sao_Paulo"]
)
@pytest.mark.parametrize("year", [2011, 2017, 2024])
def test_a_whole_year_is_worked_whole_wherever_clocks_change(zone: str, year: int) -> None:
    """Also where midnight is skipped, comes twice, or a whole date is missing."""
    calendar = Calendar("all", zone, parse_hours("daily 00:00-12:00, 12:00-24:00"))
    start, end = (datetime(y, 6, 1, tzinfo=ZoneInfo(zone)) for y in (year, year + 1))

    assert calendar.worked(start, end) == end.astimezone(UTC) - start.astimezone(UTC)


def test_hours_written_as_24x7_never_close() -> None:
    """The short form that people know means every minute of the week."""
    calendar = Calendar("always", "UTC", parse_hours("24x7"))

    assert calendar.worked(paris("2026-09-04T00:00"), paris("2026-09-11T00:00")) == timedelta(days=7)
