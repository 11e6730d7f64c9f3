"""The plan: what fires next for a task on which nobody acts, and when (pure).

`after` of each level counts from the opening of the round, in the open time of the calendar, and stands still while
the task waits. Reopening and "not mine" begin a new round: the caller then gives that round's own history.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import msgspec
from msgspec.structs import replace

from orgo.escalation.calendar import Calendar
from orgo.escalation.policy import Level, Policy
from orgo.lib.durations import Duration

Pause = tuple[datetime, datetime | None]


class History(msgspec.Struct, frozen=True, kw_only=True):
    """What has happened in a task's round. All instants are aware.

    `opened_at` is when the round began, `pauses` when the task waited (from, to; None where it still does), `fired`
    the numbers of the levels that fired.
    """

    opened_at: datetime
    pauses: tuple[Pause, ...] = ()
    fired: tuple[int, ...] = ()
    acknowledged_at: datetime | None = None
    closed_at: datetime | None = None


class Step(msgspec.Struct, frozen=True):
    """A level that will fire: its number (from 1), the instant it is due (UTC), and what it says."""

    number: int
    due: datetime
    level: Level


def next_step(
    policy: Policy, calendar: Calendar, history: History, now: datetime, *, hurry: bool = False
) -> Step | None:
    """The next level to fire, or None where none will.

    Its `due` may be past: then it fires at once. `hurry` says that all letters of the last level failed: the next one
    is due at `now`, unless it is already. While the task waits, only what was due before is given.
    """
    if history.closed_at is not None:
        return None
    step = min(_steps(policy, calendar, history), key=_order, default=None)
    return replace(step, due=min(step.due, now.astimezone(UTC))) if step and hurry else step


def foresee(
    policy: Policy, calendar: Calendar, opened_at: datetime, pauses: tuple[Pause, ...] = ()
) -> list[Step]:
    """Who hears when, in the order of time, of a task opened at `opened_at` on which nobody acts.

    With `pauses`, of one that waited then, and on which nobody acted otherwise.
    """
    history = History(opened_at=opened_at, pauses=pauses)
    return sorted(_steps(policy, calendar, history), key=_order)


def reminders(policy: Policy, calendar: Calendar, due_at: datetime) -> tuple[datetime, ...]:
    """When to remind of the deadline `due_at`, in the order of the policy (the first one is reminder number 1)."""
    return tuple(calendar.subtract(due_at, before) for before in policy.remind_before)


def due_at(opened_at: datetime, due: Duration | None, calendar: Calendar) -> datetime | None:
    """The deadline of a task opened at `opened_at` that has `due` of the calendar's time, or None for no deadline."""
    return calendar.add(opened_at, due) if due is not None else None


def _order(step: Step) -> tuple[datetime, int]:
    return step.due, step.number


def _steps(policy: Policy, calendar: Calendar, history: History) -> Iterator[Step]:
    """The levels that have not fired, that nothing ended, and whose time does not stand still."""
    pauses = _merged(history.pauses, history.opened_at)
    for number, level in enumerate(policy.levels, 1):
        over = level.until == "acknowledged" and history.acknowledged_at is not None
        if number in history.fired or over:
            continue
        due = _due(calendar, calendar.add(history.opened_at, level.after), pauses)
        if due is not None:
            yield Step(number, due, level)


def _due(calendar: Calendar, due: datetime, pauses: list[Pause]) -> datetime | None:
    """`due` put off by the open time of each pause that began before it; None while the last of them lasts."""
    for start, end in pauses:
        if start >= due:
            break
        if end is None:
            return None
        due = calendar.shift(due, calendar.worked(start, end))
    return due


def _merged(pauses: Iterable[Pause], opened_at: datetime) -> list[Pause]:
    """The pauses in order, those that touch joined, without what was before the round."""
    merged: list[Pause] = []
    for start, end in sorted(map(_in_utc, pauses), key=_start):
        start = max(start, opened_at.astimezone(UTC))
        if end is not None and end <= start:
            continue
        if merged and _reaches(merged[-1], start):
            merged[-1] = (merged[-1][0], _later(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def _in_utc(pause: Pause) -> Pause:
    """Instants of one local zone would compare by what clocks show, also where they are set back."""
    start, end = pause
    return start.astimezone(UTC), end.astimezone(UTC) if end is not None else None


def _start(pause: Pause) -> datetime:
    return pause[0]


def _reaches(pause: Pause, at: datetime) -> bool:
    return pause[1] is None or pause[1] >= at


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return None if one is None or other is None else max(one, other)
