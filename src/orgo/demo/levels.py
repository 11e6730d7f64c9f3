"""Which levels of a task had to fire, and which did: by its policy and what was done, never by its timers (pure)."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from orgo.escalation.calendar import Calendar
from orgo.escalation.plan import foresee
from orgo.escalation.policy import Policy
from orgo.task.state import apply
from orgo.task.values import Event, TaskState


class Firing(NamedTuple):
    """A level of a round, and the instant at which it fires."""

    round: int
    level: int
    at: datetime


class Found(NamedTuple):
    """What came of a task's levels: the words for what is wrong, and how many fired as they had to."""

    wrong: list[str]
    fired: int


def compare(events: Sequence[Event], calendars: Callable[[str], Calendar], until: datetime) -> Found:
    """Compare the levels that fired with those that had to by `until`; `events` are those of one task in their order.

    A level had to fire at its due time, unless the task was closed, sent elsewhere or (where the level says so)
    acknowledged by then. `calendars` gives the calendar of a name.
    """
    states = list(_states(events))
    due, fired = Counter(_due(states, calendars, until)), Counter(_fired(events, states))
    of = f"of task {states[-1].reference}"
    wrong = [f"level {one.level} {of}, due {one.at:%a %H:%M}, did not fire" for one in due - fired]
    wrong += [f"level {one.level} {of} fired {one.at:%a %H:%M}, when it was not due" for one in fired - due]
    return Found(wrong, (due & fired).total())


def _states(events: Iterable[Event]) -> Iterator[TaskState]:
    """The task as it was after each event."""
    state: TaskState | None = None
    for event in events:
        state = apply(state, event)
        yield state


def _fired(events: Iterable[Event], states: Iterable[TaskState]) -> Iterator[Firing]:
    for event, state in zip(events, states, strict=True):
        if event.type == "task.escalated":
            yield Firing(state.round, event.data["level"], event.at)


def _due(
    states: Sequence[TaskState], calendars: Callable[[str], Calendar], until: datetime
) -> Iterator[Firing]:
    """The levels of each round, of which the last state says how it ended."""
    last_of = {state.round: state for state in states}
    for number, state in last_of.items():
        following = last_of.get(number + 1)
        over = [at for at in (state.closed_at, following.round_at if following else None) if at is not None]
        policy = msgspec.convert(state.policy, Policy)
        for step in foresee(policy, calendars(state.calendar), state.round_at, state.pauses):
            seen = [state.acknowledged_at] if step.level.until == "acknowledged" else []
            ends = [*over, *filter(None, seen)]
            if step.due <= until and all(step.due < end for end in ends):
                yield Firing(number, step.number, step.due)
