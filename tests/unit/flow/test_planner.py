"""What the clock does next: a reminder before the deadline is sent once, also where its time went by unseen."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from orgo.escalation.calendar import ALWAYS
from orgo.escalation.policy import Policy
from orgo.flow.planner import plan_with
from orgo.lib.durations import parse_duration
from orgo.task import commands as c
from orgo.task.state import decide
from orgo.task.values import CLOCK, Actor, Planner, TaskState, Timer

ANNA = Actor("user", "anna@city.example")


def at(hour: float, second: int = 0) -> datetime:
    return datetime(2026, 9, 7, tzinfo=UTC) + timedelta(hours=hour, seconds=second)


def planner(*before: str) -> Planner:
    """With a reminder so long before each deadline, and no levels."""
    policy = Policy(remind_before=tuple(map(parse_duration, before)))
    house: Any = SimpleNamespace(policy=lambda state: policy, calendar=lambda name: ALWAYS)
    return plan_with(house)


def after(plan: Planner, *wished: c.Command) -> TaskState:
    """The task after these commands; its deadline is 17:00, and it was opened at nine."""
    facts = {"reference": "7QK3MD", "title": "x", "team": "works@city.example", "due_at": at(17)}
    state: TaskState | None = None
    for command in (c.Open(task=1, actor=CLOCK, at=at(9), facts=facts), *wished):
        outcome = decide(state, command, plan)
        assert not outcome.refused, outcome.refused
        state = outcome.after
    return cast("TaskState", state)


def comment(moment: datetime) -> c.Command:
    return c.Comment(task=1, actor=ANNA, at=moment)


def deadline(moment: datetime, due: datetime) -> c.Command:
    return c.Change(task=1, actor=ANNA, at=moment, values={"due_at": due})


def remind(moment: datetime, number: int = 1) -> c.Command:
    return c.Remind(task=1, actor=CLOCK, at=moment, number=number)


def test_a_comment_between_a_reminders_time_and_the_sweep_does_not_take_it_away() -> None:
    assert after(planner("1 hour"), comment(at(16, 1))).timer == Timer("reminder", at(16), 1)


def test_a_reminder_whose_time_fell_into_a_rest_is_sent_after_it() -> None:
    rest = c.Wait(task=1, actor=ANNA, at=at(15), until=at(16.5))
    take = c.Take(task=1, actor=ANNA, at=at(10))
    woken = (take, rest, c.Wake(task=1, actor=CLOCK, at=at(16.5)))
    assert after(planner("1 hour"), *woken).timer == Timer("reminder", at(16), 1)
    assert after(planner("1 hour"), *woken, remind(at(16.5, 1))).timer is None


def test_a_reminder_is_not_sent_when_the_deadline_is_over_too() -> None:
    rest = c.Wait(task=1, actor=ANNA, at=at(15), until=at(17))
    take = c.Take(task=1, actor=ANNA, at=at(10))
    assert after(planner("1 hour"), take, rest, c.Wake(task=1, actor=CLOCK, at=at(17))).timer is None


def test_a_reminder_whose_time_was_over_when_the_task_was_opened_is_not_sent() -> None:
    assert after(planner("1 day"), comment(at(10))).timer is None


def test_a_reminder_whose_time_was_over_when_the_deadline_was_set_is_not_sent() -> None:
    moved = deadline(at(12), at(12.5))
    assert after(planner("1 hour"), moved).timer is None
    assert after(planner("1 hour"), moved, comment(at(12, 1))).timer is None


def test_a_new_deadline_is_reminded_of_again() -> None:
    moved = (remind(at(16)), deadline(at(16.5), at(20)), comment(at(19, 1)))
    assert after(planner("1 hour"), *moved).timer == Timer("reminder", at(19), 1)


def test_a_reminder_whose_time_was_over_when_a_round_began_is_not_sent() -> None:
    again = (
        remind(at(16)),
        c.Complete(task=1, actor=ANNA, at=at(16.2)),
        c.Reopen(task=1, actor=ANNA, at=at(16.5)),
    )
    assert after(planner("1 hour"), *again).timer is None


@pytest.mark.parametrize("before", [("4 hours", "1 hour"), ("1 hour", "4 hours")])
def test_of_several_reminders_that_were_not_sent_in_time_the_last_is(before: tuple[str, ...]) -> None:
    """Two letters at once that say the same would be one too many."""
    last = before.index("1 hour") + 1
    plan = planner(*before)
    assert after(plan).timer == Timer("reminder", at(13), 3 - last)
    assert after(plan, comment(at(16, 1))).timer == Timer("reminder", at(16), last)
    assert after(plan, comment(at(16, 1)), remind(at(16, 2), last)).timer is None
