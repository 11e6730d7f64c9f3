"""What the clock does next to a task: its next level, a reminder, or the end of its rest (wires escalation/plan.py in)."""

from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from orgo.escalation.plan import History, next_step, reminders
from orgo.task.values import Planner, TaskState, Timer

if TYPE_CHECKING:
    from orgo.flow.house import House


def plan_with(house: "House") -> Planner:
    """The planner that the task's state machine asks, with this house's calendars."""

    def plan(state: TaskState, now: datetime) -> Timer | None:
        if state.is_closed:
            return None
        if state.state == "waiting":
            return Timer("wake", state.waiting_until) if state.waiting_until else None
        return _nearest(_reminder(house, state, now), _level(house, state, now))

    return plan


def _nearest(*timers: Timer | None) -> Timer | None:
    return min((timer for timer in timers if timer), key=lambda timer: timer.at, default=None)


# The tasks that a batch opens have one history, and most of them one policy and calendar.
_next_step = lru_cache(256)(next_step)


def _level(house: "House", state: TaskState, now: datetime) -> Timer | None:
    history = History(
        opened_at=state.round_at,
        pauses=state.pauses,
        fired=state.fired,
        acknowledged_at=state.acknowledged_at,
        closed_at=state.closed_at,
    )
    step = _next_step(house.policy(state), house.calendar(state.calendar), history, now, hurry=state.hurry)
    return Timer("level", step.due, step.number) if step else None


def _reminder(house: "House", state: TaskState, now: datetime) -> Timer | None:
    """The next reminder before the deadline; one whose time went by unseen is due while the deadline is ahead.

    Not sent are one whose time was over when the deadline was set or the round began, and one before another that was
    sent: of several whose time is over the last is enough.
    """
    if state.due_at is None or state.due_at <= now:
        return None
    policy, calendar = house.policy(state), house.calendar(state.calendar)
    numbered = list(enumerate(reminders(policy, calendar, state.due_at), 1))
    sent = [at for number, at in numbered if number in state.reminded]
    since = max(state.round_at, state.due_set_at or state.round_at, *sent)
    left = sorted((at, number) for number, at in numbered if at > since)
    over = [one for one in left if one[0] <= now]
    for at, number in over[-1:] or left[:1]:
        return Timer("reminder", at, number)
    return None
