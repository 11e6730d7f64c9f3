"""Which levels had to fire is worked out without the task's timers: what was never planned is found too."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from orgo.demo.levels import compare
from orgo.escalation.calendar import ALWAYS
from orgo.escalation.policy import Level, Policy
from orgo.lib.durations import Duration
from orgo.task.values import CLOCK, Event

OPENED = datetime(2026, 9, 7, 8, 0, tzinfo=UTC)
POLICY = Policy(levels=(Level(Duration(0, 3600), until="acknowledged"), Level(Duration(0, 7200))))


def trail(*later: tuple[str, float, dict[str, Any]]) -> list[Event]:
    """The events of a task with two levels, after one and two hours; `later` are (type, hours after opening, fields)."""
    facts = {"id": 1, "reference": "7H2KQM", "team": "it@city.example", "policy": msgspec.to_builtins(POLICY)}
    events = [Event("task.opened", OPENED, CLOCK, {"set": facts}, 1)]
    for kind, hours, fields in later:
        level = {"level": fields.pop("level")} if "level" in fields else {}
        at = OPENED + timedelta(hours=hours)
        events.append(Event(f"task.{kind}", at, CLOCK, {"set": fields, **level}, len(events) + 1))
    return events


def at(hours: float) -> str:
    return (OPENED + timedelta(hours=hours)).isoformat()


def fired(level: int, hours: float) -> tuple[str, float, dict[str, Any]]:
    return ("escalated", hours, {"level": level})


ELSEWHERE = ("routed", 1.5, {"round": 1, "round_at": at(1.5), "pauses": [], "acknowledged_at": None})
RIGHT = {
    "both": [fired(1, 1), fired(2, 2)],
    "acknowledged": [("acknowledged", 0.5, {"acknowledged_at": at(0.5)}), fired(2, 2)],
    "closed": [fired(1, 1), ("completed", 1.5, {"closed_at": at(1.5)})],
    "closed at that very instant": [fired(1, 1), ("completed", 2, {"closed_at": at(2)})],
    "it waited": [("resumed", 0.9, {"pauses": [[at(0.5), at(0.9)]]}), fired(1, 1.4), fired(2, 2.4)],
    "sent elsewhere": [fired(1, 1), ELSEWHERE, fired(1, 2.5), fired(2, 3.5)],
}
WRONG = {
    "never planned": ([fired(1, 1)], ["level 2 of task 7H2KQM, due Mon 10:00, did not fire"]),
    "twice": (
        [fired(1, 1), fired(1, 1), fired(2, 2)],
        ["level 1 of task 7H2KQM fired Mon 09:00, when it was not due"],
    ),
    "after the end": (
        [fired(1, 1), ("completed", 1.5, {"closed_at": at(1.5)}), fired(2, 2)],
        ["level 2 of task 7H2KQM fired Mon 10:00, when it was not due"],
    ),
    "early": (
        [fired(1, 0.5), fired(2, 2)],
        [
            "level 1 of task 7H2KQM, due Mon 09:00, did not fire",
            "level 1 of task 7H2KQM fired Mon 08:30, when it was not due",
        ],
    ),
}


@pytest.mark.parametrize("name", list(RIGHT))
def test_what_fired_as_it_had_to(name: str) -> None:
    later = [(kind, hours, dict(fields)) for kind, hours, fields in RIGHT[name]]
    found = compare(trail(*later), lambda _: ALWAYS, OPENED + timedelta(days=7))

    assert found.wrong == []
    assert found.fired == sum(kind == "escalated" for kind, _, _ in RIGHT[name])


@pytest.mark.parametrize("name", list(WRONG))
def test_what_did_not_fire_or_should_not_have(name: str) -> None:
    later, words = WRONG[name]
    events = trail(*((kind, hours, dict(fields)) for kind, hours, fields in later))

    assert compare(events, lambda _: ALWAYS, OPENED + timedelta(days=7)).wrong == words


def test_what_is_due_later_need_not_have_fired_yet() -> None:
    assert compare(trail(fired(1, 1)), lambda _: ALWAYS, OPENED + timedelta(hours=1.5)).wrong == []
