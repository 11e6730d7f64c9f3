"""What undo takes back, and what of it stays because others have changed it since."""

from datetime import UTC, datetime, timedelta

from orgo.task import commands as c
from orgo.task.state import decide
from orgo.task.undo import last_step, taken_back
from orgo.task.values import CLOCK, Actor, Event, TaskState, Timer

START = datetime(2026, 9, 4, 8, 0, tzinfo=UTC)
ANNA, BEN = Actor("mail", "anna@city.example"), Actor("user", "ben@city.example")


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def events_of(*commands: c.Command) -> list[Event]:
    """The events that a fresh task and these commands come to."""
    facts = {"reference": "7QK3MD", "team": "works@city.example", "title": ""}
    state: TaskState | None = None
    events: list[Event] = []
    for command in (c.Open(task=1, actor=Actor("rule"), at=START, facts=facts), *commands):
        outcome = decide(state, command, lambda state, now: Timer("level", at(120), 1))
        assert not outcome.refused
        events += outcome.events
        state = outcome.after
    return events


def take(who: Actor, minutes: float) -> c.Command:
    return c.Take(task=1, actor=who, at=at(minutes))


def test_a_step_is_all_that_its_author_did_at_that_instant() -> None:
    events = events_of(take(ANNA, 1), c.Eta(task=1, actor=ANNA, at=at(5), until=at(60)))
    step = last_step(events, ANNA.address, at(10))
    assert [event.type for event in step] == ["task.eta_given"]
    assert taken_back(events, step) == ({"eta_at": None}, ())


def test_what_an_answer_took_can_be_given_back_and_the_answer_stays() -> None:
    events = events_of(c.Answer(task=1, actor=BEN, at=at(1), note=1))
    step = last_step(events, BEN.address, at(2))
    assert [event.type for event in step] == ["task.assigned", "task.acknowledged"]
    assert taken_back(events, step) == ({"acknowledged_at": None, "assignee": "", "state": "pending"}, ())


def test_what_somebody_else_changed_since_stays() -> None:
    events = events_of(take(ANNA, 1), take(BEN, 2))
    before, left = taken_back(events, last_step(events, ANNA.address, at(3)))
    assert left == ("assignee",)
    assert before == {"acknowledged_at": None, "state": "pending"}


def test_what_the_clock_did_since_stays() -> None:
    route = c.Route(task=1, actor=ANNA, at=at(1), team="it@city.example")
    fires = c.Escalate(task=1, actor=CLOCK, at=at(121), number=1, due=at(120), to=("chief@city.example",))
    events = events_of(route, fires)
    before, left = taken_back(events, last_step(events, ANNA.address, at(130)))
    assert {"fired", "level", "called"} <= set(left)
    assert before["team"] == "works@city.example"


def test_nothing_of_the_author_is_left_when_others_have_changed_all_of_it() -> None:
    events = events_of(
        c.Watch(task=1, actor=ANNA, at=at(1), watcher=ANNA.address),
        c.Watch(task=1, actor=BEN, at=at(2), watcher=BEN.address),
    )
    assert taken_back(events, last_step(events, ANNA.address, at(3))) == ({}, ("watchers",))


def test_a_step_is_taken_back_once_and_whole_and_within_a_day() -> None:
    events = events_of(c.Eta(task=1, actor=ANNA, at=at(1), until=at(60)))
    step = last_step(events, ANNA.address, at(2))
    assert [event.type for event in step] == ["task.assigned", "task.acknowledged", "task.eta_given"]
    undone = Event("task.undone", at(2), ANNA, {"set": {}, "of": step[0].seq}, events[-1].seq + 1)
    assert last_step([*events, undone], ANNA.address, at(3)) == []
    assert last_step(events, ANNA.address, at(24 * 60 + 2)) == []
