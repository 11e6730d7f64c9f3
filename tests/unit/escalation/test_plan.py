"""The promise: each level of a task fires once, never early, not while it waits, never after it is closed."""

from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from orgo.escalation.calendar import ALWAYS, Calendar
from orgo.escalation.plan import History, Pause, Step, due_at, foresee, next_step, reminders
from orgo.escalation.policy import Level, Policy
from orgo.lib.durations import Duration
from orgo.lib.hours import parse_hours

PARIS = ZoneInfo("Europe/Paris")
OFFICE = Calendar("office", "Europe/Paris", parse_hours("Mon-Fri 08:00-12:00, 13:00-17:00"), country="FR")
NIGHT = Calendar("night", "Europe/Paris", parse_hours("daily 22:00-06:00"))
CALENDARS = st.sampled_from([OFFICE, NIGHT, ALWAYS])
INSTANTS = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))
DELAYS = st.builds(Duration, st.integers(0, 5), st.integers(1, 2 * 86_400))
LEVELS = st.builds(Level, after=DELAYS, until=st.sampled_from(["acknowledged", "completed"]))
POLICIES = st.builds(Policy, levels=st.lists(LEVELS, min_size=1, max_size=5).map(tuple))
GAPS = st.lists(st.tuples(st.integers(0, 400_000), st.integers(0, 400_000)), max_size=5)
TWO_LEVELS = Policy(levels=(Level(Duration(0, 7200), "supervisor"), Level(Duration(0, 14_400), "director")))


def paris(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=PARIS)


def told(policy: Policy, calendar: Calendar, history: History, now: datetime) -> tuple[int, datetime] | None:
    step = next_step(policy, calendar, history, now)
    return (step.number, step.due) if step else None


def pauses_from(opened: datetime, gaps: list[tuple[int, int]]) -> tuple[Pause, ...]:
    """Pauses after `opened`, from pairs of (seconds until it begins, seconds it lasts)."""
    pauses: list[Pause] = []
    at = opened
    for wait, length in gaps:
        start = at + timedelta(seconds=wait)
        at = start + timedelta(seconds=length)
        pauses.append((start, at))
    return tuple(pauses)


# ---------------------------------------------------------------- what a team sees


def test_a_task_of_friday_evening_escalates_on_monday() -> None:
    """Opened Friday 16:50, nobody acts: the supervisor hears on Monday 09:50, the director at 11:50."""
    steps = foresee(TWO_LEVELS, OFFICE, paris("2026-09-04T16:50"))

    assert [(s.number, s.level.to, s.due) for s in steps] == [
        (1, "supervisor", paris("2026-09-07T09:50")),
        (2, "director", paris("2026-09-07T11:50")),
    ]


def test_a_level_that_fired_is_followed_by_the_next_one() -> None:
    """Each level once, then nothing."""
    opened = paris("2026-09-07T08:00")
    history = History(opened_at=opened, fired=(1,))

    assert told(TWO_LEVELS, OFFICE, history, opened) == (2, paris("2026-09-07T12:00"))
    assert told(TWO_LEVELS, OFFICE, msgspec.structs.replace(history, fired=(1, 2)), opened) is None


def test_taking_a_task_ends_the_levels_that_wait_for_somebody_to_take_it() -> None:
    """The level until acknowledged is skipped, the one until completed still comes."""
    policy = Policy(levels=(Level(Duration(0, 3600), until="acknowledged"), Level(Duration(0, 7200))))
    opened = paris("2026-09-07T08:00")
    history = History(opened_at=opened, acknowledged_at=opened + timedelta(minutes=5))

    assert told(policy, OFFICE, history, opened) == (2, paris("2026-09-07T10:00"))


def test_a_task_that_waits_is_left_alone() -> None:
    """Nothing becomes due while it waits, however late it is; what was due before is still due."""
    opened = paris("2026-09-07T08:00")
    waiting = History(opened_at=opened, pauses=((paris("2026-09-07T10:30"), None),))

    assert told(TWO_LEVELS, OFFICE, waiting, paris("2027-01-01T00:00")) == (1, paris("2026-09-07T10:00"))
    assert (
        told(TWO_LEVELS, OFFICE, msgspec.structs.replace(waiting, fired=(1,)), paris("2027-01-01T00:00"))
        is None
    )


def test_after_waiting_the_rest_of_the_time_remains() -> None:
    """One of the two hours was over at 09:00; the other begins when the task goes on, the next day at 10:00."""
    opened = paris("2026-09-07T08:00")
    history = History(opened_at=opened, pauses=((paris("2026-09-07T09:00"), paris("2026-09-08T10:00")),))

    assert told(TWO_LEVELS, OFFICE, history, opened) == (1, paris("2026-09-08T11:00"))


def test_waiting_before_the_round_does_not_count() -> None:
    """A task that is reopened while an old pause still runs over is counted from its reopening."""
    opened = paris("2026-09-07T10:00")
    history = History(opened_at=opened, pauses=((paris("2026-09-01T08:00"), paris("2026-09-07T10:30")),))

    assert told(TWO_LEVELS, OFFICE, history, opened) == (1, paris("2026-09-07T13:30"))


def test_a_level_whose_letters_all_failed_fires_the_next_one_at_once() -> None:
    """Nobody was told, so the next one is told now; a level that was due before keeps its instant."""
    opened = paris("2026-09-07T08:00")
    history = History(opened_at=opened, fired=(1,))
    now = paris("2026-09-07T10:05")

    assert next_step(TWO_LEVELS, OFFICE, history, now, hurry=True) == Step(2, now, TWO_LEVELS.levels[1])
    late = next_step(TWO_LEVELS, OFFICE, history, paris("2026-09-09T08:00"), hurry=True)
    assert late is not None and late.due == paris("2026-09-07T12:00")


def test_hurry_with_nothing_left_is_nothing() -> None:
    """After the last level there is no next one to fire."""
    history = History(opened_at=paris("2026-09-07T08:00"), fired=(1, 2))

    assert next_step(TWO_LEVELS, OFFICE, history, paris("2026-09-07T12:00"), hurry=True) is None


def test_levels_that_are_not_written_in_order_fire_in_the_order_of_time() -> None:
    """A later line with a shorter delay comes first."""
    policy = Policy(levels=(Level(Duration(1, 0)), Level(Duration(0, 3600))))

    assert [s.number for s in foresee(policy, OFFICE, paris("2026-09-07T08:00"))] == [2, 1]


def test_reminders_count_back_from_the_deadline_in_open_time() -> None:
    """One day and two hours before Monday 09:00 are Friday 09:00 and Friday 16:00."""
    policy = Policy(remind_before=(Duration(1, 0), Duration(0, 7200)))

    assert reminders(policy, OFFICE, paris("2026-09-07T09:00")) == (
        paris("2026-09-04T09:00"),
        paris("2026-09-04T16:00"),
    )


def test_a_deadline_counts_on_the_calendar_and_is_none_without_a_duration() -> None:
    """Three working days from Friday are Wednesday."""
    assert due_at(paris("2026-09-04T10:00"), Duration(3, 0), OFFICE) == paris("2026-09-09T10:00")
    assert due_at(paris("2026-09-04T10:00"), None, OFFICE) is None


def test_a_policy_survives_its_way_through_json() -> None:
    """What is frozen into a task is read back as it was."""
    policy = Policy(
        (Level(Duration(1, 60), "a@b.example", ("c@d.example",), "acknowledged"),),
        "office",
        (Duration(0, 5),),
    )

    assert msgspec.json.decode(msgspec.json.encode(policy), type=Policy) == policy
    assert msgspec.convert(msgspec.to_builtins(policy), Policy) == policy


# ---------------------------------------------------------------- what always holds


@given(POLICIES, CALENDARS, INSTANTS, GAPS)
def test_no_level_is_early(
    policy: Policy, calendar: Calendar, opened: datetime, gaps: list[tuple[int, int]]
) -> None:
    """At its due instant at least the level's own time has been worked, pauses not counted."""
    pauses = pauses_from(opened, gaps)
    step = next_step(policy, calendar, History(opened_at=opened, pauses=pauses), opened)

    assert step is not None
    rested = sum((_overlap(calendar, pause, step.due) for pause in pauses), timedelta())
    assert calendar.worked(opened, step.due) - rested >= timedelta(seconds=step.level.after.seconds)


def _overlap(calendar: Calendar, pause: Pause, until: datetime) -> timedelta:
    start, end = pause
    assert end is not None
    return calendar.worked(start, min(end, until)) if start < until else timedelta(0)


@given(POLICIES, CALENDARS, INSTANTS, st.integers(0, 400_000), st.integers(0, 2_000_000))
def test_a_pause_puts_off_the_rest_by_exactly_its_worked_time(
    policy: Policy, calendar: Calendar, opened: datetime, wait: int, length: int
) -> None:
    """What was due before the pause stays; what was due after it comes later by the open time that it lasted."""
    start = opened + timedelta(seconds=wait)
    end = start + timedelta(seconds=length)
    paused = History(opened_at=opened, pauses=((start, end),))

    for number in range(1, len(policy.levels) + 1):
        others = tuple(n for n in range(1, len(policy.levels) + 1) if n != number)
        plain = next_step(policy, calendar, History(opened_at=opened, fired=others), opened)
        moved = next_step(policy, calendar, msgspec.structs.replace(paused, fired=others), opened)
        assert plain is not None and moved is not None
        shift = calendar.worked(start, end) if start < plain.due else timedelta(0)
        assert calendar.worked(plain.due, moved.due) == shift


@given(POLICIES, CALENDARS, INSTANTS, GAPS, st.randoms())
def test_the_order_of_pauses_does_not_matter(
    policy: Policy, calendar: Calendar, opened: datetime, gaps: list[tuple[int, int]], random: Random
) -> None:
    """Nor does it matter whether one is told twice, or in two halves."""
    pauses = pauses_from(opened, gaps)
    told_otherwise = [part for pause in pauses for part in _halves(pause)] + list(pauses)
    random.shuffle(told_otherwise)

    one = next_step(policy, calendar, History(opened_at=opened, pauses=pauses), opened)
    other = next_step(policy, calendar, History(opened_at=opened, pauses=tuple(told_otherwise)), opened)

    assert one == other


def _halves(pause: Pause) -> list[Pause]:
    start, end = pause
    assert end is not None
    middle = start + (end - start) / 2
    return [(start, middle), (middle, end)]


@given(POLICIES, CALENDARS, INSTANTS, st.booleans(), st.sets(st.integers(1, 5)))
def test_nothing_fires_after_closing(
    policy: Policy, calendar: Calendar, opened: datetime, hurry: bool, fired: set[int]
) -> None:
    """Closing ends it, whatever else is true."""
    history = History(opened_at=opened, fired=tuple(fired), closed_at=opened + timedelta(seconds=1))

    assert next_step(policy, calendar, history, opened + timedelta(days=9), hurry=hurry) is None


@given(POLICIES, CALENDARS, INSTANTS, GAPS, INSTANTS, INSTANTS)
def test_the_next_step_does_not_depend_on_when_it_is_asked(
    policy: Policy,
    calendar: Calendar,
    opened: datetime,
    gaps: list[tuple[int, int]],
    one: datetime,
    other: datetime,
) -> None:
    """The same history gives the same step: a late sweep neither skips nor moves a level."""
    history = History(opened_at=opened, pauses=pauses_from(opened, gaps))

    assert next_step(policy, calendar, history, one) == next_step(policy, calendar, history, other)


@settings(max_examples=20)
@given(POLICIES, st.sampled_from([OFFICE, NIGHT]), st.integers(1, 40))
def test_a_year_of_sweeps_fires_every_level_of_every_task_once(
    policy: Policy, calendar: Calendar, hours: int
) -> None:
    """366 days with both changes of clocks: each level fires in order, at its instant or the first sweep after."""
    sweep = timedelta(hours=hours)
    for month in range(1, 13):
        opened = now = datetime(2026, month, 28, 23, 17, tzinfo=UTC)
        fired: list[tuple[int, datetime]] = []
        while now < opened + timedelta(days=366) and len(fired) <= len(policy.levels):
            step = next_step(
                policy, calendar, History(opened_at=opened, fired=tuple(n for n, _ in fired)), now
            )
            if step is None:
                break
            if step.due <= now:
                assert now - step.due < sweep or fired
                fired.append((step.number, step.due))
            else:
                now += max(sweep, (step.due - now) // sweep * sweep)

        assert fired == [(s.number, s.due) for s in foresee(policy, calendar, opened)]
        assert sorted(n for n, _ in fired) == list(range(1, len(policy.levels) + 1))
        assert [due for _, due in fired] == sorted(due for _, due in fired)
