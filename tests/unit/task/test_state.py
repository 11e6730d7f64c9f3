"""The task's state machine: what every command comes to, and what holds for any sequence of them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from orgo.task import commands as c
from orgo.task.state import PERSONAL, UnknownTask, apply, decide, fold
from orgo.task.values import CLOCK, Actor, Event, Outcome, TaskState, Timer

START = datetime(2026, 9, 4, 14, 50, tzinfo=UTC)
ANNA = Actor("user", "anna@city.example")
BEN = Actor("mail", "ben@city.example")
CLARA = Actor("mail", "clara@people.example")


def hurrying(at: datetime, recipient: str) -> c.LetterFailed:
    """The letter about a level did not arrive."""
    return c.LetterFailed(
        task=1, actor=CLOCK, at=at, letter=9, recipient=recipient, status="550", kind="escalated", hurry=True
    )


def planner(state: TaskState, now: datetime) -> Timer | None:
    """Three levels, an hour apart, from the beginning of the round; nothing while it waits or is closed."""
    if state.is_closed or state.state == "waiting":
        return None
    number = next((n for n in (1, 2, 3) if n not in state.fired), None)
    return Timer("level", state.round_at + timedelta(hours=number), number) if number else None


def do(state: TaskState | None, command: c.Command) -> Outcome:
    return decide(state, command, planner)


def opened(**facts: object) -> TaskState:
    given = {
        "reference": "7QK3MD",
        "title": "Water leak",
        "team": "works@city.example",
        "requester": CLARA.address,
    }
    after = do(None, c.Open(task=1, actor=CLOCK, at=START, facts={**given, **facts})).after
    assert after is not None
    return after


def after(state: TaskState, *commands: c.Command) -> TaskState:
    for command in commands:
        outcome = do(state, command)
        assert not outcome.refused, outcome.refused
        assert outcome.after is not None
        state = outcome.after
    return state


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def test_opening_tells_the_team_and_sets_the_first_timer() -> None:
    outcome = do(
        None,
        c.Open(
            task=1, actor=CLOCK, at=START, facts={"reference": "7QK3MD", "title": "x", "team": "w@x.example"}
        ),
    )

    assert [event.type for event in outcome.events] == ["task.opened"]
    assert [(n.kind, n.to) for n in outcome.notices] == [("opened", ("team",))]
    assert outcome.after is not None and outcome.after.next_level_at == at(1)


@pytest.mark.parametrize("state", ["pending", "waiting"])
def test_a_time_of_more_than_ten_years_ahead_is_refused(state: str) -> None:
    """No calendar reaches that far, and then nothing could be done to the task any more."""
    task = (
        opened() if state == "pending" else after(opened(), c.Wait(task=1, actor=ANNA, at=START, until=at(9)))
    )
    last = datetime(9999, 12, 31, 23, 59, tzinfo=timezone(timedelta(hours=-5)))
    for wanted, refused in (
        (START + timedelta(days=3650), False),
        (START + timedelta(days=3670), True),
        (last, True),
    ):
        for command in (
            c.Wait(task=1, actor=ANNA, at=START, until=wanted),
            c.Eta(task=1, actor=ANNA, at=START, until=wanted),
            c.Change(task=1, actor=ANNA, at=START, values={"due_at": wanted}),
        ):
            said = do(task, command).refused
            assert said == ("that time is more than ten years ahead" if refused else "")


def test_what_nobody_has_waits_only_until_a_time() -> None:
    """Else its clock would stand still for ever, and nobody would be told of it any more."""
    wish = c.Wait(task=1, actor=ANNA, at=at(0.2))
    assert "take it first" in do(opened(), wish).refused
    assert "take it first" in do(after(opened(), replace(wish, until=at(9))), wish).refused
    assert after(opened(), replace(wish, until=at(9))).state == "waiting"
    assert after(opened(), c.Take(task=1, actor=ANNA, at=at(0.1)), wish).state == "waiting"


def test_a_wait_that_somebody_else_asked_for_is_no_taking() -> None:
    """The levels that end when somebody has it go on afterwards."""
    wait = c.Wait(task=1, actor=ANNA, at=at(0.2), until=at(9))
    rested = after(opened(), wait, c.Resume(task=1, actor=ANNA, at=at(0.5)))
    assert (rested.assignee, rested.acknowledged_at) == ("", None)
    assert after(opened(), c.Take(task=1, actor=ANNA, at=at(0.1)), wait).acknowledged_at == at(0.1)


def test_what_rests_goes_on_when_nobody_has_it_any_more() -> None:
    take = do(opened(), c.Take(task=1, actor=ANNA, at=at(0.1)))
    assert take.after is not None
    resting = after(take.after, c.Wait(task=1, actor=BEN, at=at(0.2)))
    given_back = after(resting, c.Assign(task=1, actor=ANNA, at=at(0.3), to=""))
    undone = after(
        resting, c.Undo(task=1, actor=ANNA, at=at(0.3), event=take.events[0], before={"assignee": ""})
    )

    for state in (given_back, undone):
        assert (state.state, state.pauses) == ("in_progress", ((at(0.2), at(0.3)),))
        assert state.timer is not None
    until = after(resting, c.Wait(task=1, actor=BEN, at=at(0.25), until=at(9)))
    assert after(until, c.Assign(task=1, actor=ANNA, at=at(0.3), to="")).state == "waiting"


def test_who_was_told_last_is_not_told_again_by_a_person() -> None:
    """But where none of the letters arrived."""
    wish = c.Escalate(task=1, actor=ANNA, at=at(0.5), number=3, to=("s@x.example",), by_person=True)
    state = after(opened(), wish)
    assert do(state, wish).refused == "everybody has been told already" and state.timer is not None
    assert after(state, hurrying(at(0.6), "s@x.example"), wish).level == 3


def test_a_deadline_may_be_taken_away() -> None:
    task = opened(due_at=at(9))
    assert after(task, c.Change(task=1, actor=ANNA, at=START, values={"due_at": None})).due_at is None


def switch(on: bool, by: Actor = ANNA) -> c.Change:
    return c.Change(task=1, actor=by, at=at(1), values={"visibility": "private", "anonymize": on})


def test_a_change_can_leave_the_sender_out_and_the_fold_knows_it() -> None:
    first = do(
        None, c.Open(task=1, actor=CLOCK, at=START, facts={"reference": "A", "title": "", "team": "t@x"})
    )
    change = do(first.after, switch(True))

    assert change.events[0].data["set"] | {"timer": None} == {
        "visibility": "private",
        "anonymize": True,
        "timer": None,
    }
    assert change.events[0].data["fields"] == ["anonymize", "visibility"]
    assert fold([*first.events, *change.events]) == change.after
    assert change.after is not None and change.after.anonymize


def test_no_change_names_a_sender_again_who_is_left_out() -> None:
    task = opened(anonymize=True, visibility="private")
    assert not do(task, switch(False)).events
    assert not do(task, switch(True)).events


def test_no_undo_names_a_sender_again_who_is_left_out() -> None:
    change = do(opened(), switch(True))
    assert change.after is not None
    before = {"anonymize": False, "visibility": "team"}
    undone = after(
        change.after, c.Undo(task=1, actor=ANNA, at=at(1.1), event=change.events[0], before=before)
    )
    assert undone.anonymize


def test_a_comment_whose_sender_is_to_stay_unnamed_says_so() -> None:
    for unnamed in (True, False):
        outcome = do(opened(), c.Comment(task=1, actor=BEN, at=at(1), mail=5, unnamed=unnamed))
        assert outcome.events[0].data.get("unnamed", False) is unnamed
        assert outcome.notices[0].data.get("unnamed", False) is unnamed


def test_a_task_can_not_be_opened_twice() -> None:
    assert do(opened(), c.Open(task=1, actor=CLOCK, at=START, facts={})).refused


def test_taking_assigns_and_acknowledges() -> None:
    state = after(opened(), c.Take(task=1, actor=ANNA, at=at(0.1)))

    assert (state.assignee, state.state, state.acknowledged_at) == (ANNA.address, "in_progress", at(0.1))


def test_who_answers_what_nobody_has_has_it() -> None:
    """Else it would count as known of, its levels would end, and it would be nobody's."""
    state = after(opened(), c.Answer(task=1, actor=ANNA, at=at(0.1), note=1))
    assert (state.assignee, state.state, state.acknowledged_at) == (ANNA.address, "in_progress", at(0.1))

    again = after(state, c.Answer(task=1, actor=BEN, at=at(0.2), note=1))
    assert (again.assignee, again.acknowledged_at) == (ANNA.address, at(0.1))


def test_an_answer_to_oneself_or_to_what_is_closed_takes_nothing() -> None:
    own = after(opened(requester=ANNA.address), c.Answer(task=1, actor=ANNA, at=at(0.1), note=1))
    assert (own.assignee, own.state, own.acknowledged_at) == ("", "pending", None)

    closed = after(opened(), c.Cancel(task=1, actor=BEN, at=at(0.1), reason="spam"))
    assert after(closed, c.Answer(task=1, actor=ANNA, at=at(0.2), note=1)).assignee == ""


def test_assigning_to_another_does_not_acknowledge_for_the_other() -> None:
    outcome = do(opened(), c.Assign(task=1, actor=ANNA, at=at(0.1), to=BEN.address))

    assert outcome.after is not None and outcome.after.acknowledged_at is None
    assert [(n.kind, n.to) for n in outcome.notices] == [("assigned", ("assignee",))]


def test_each_level_fires_once_and_only_when_due() -> None:
    early = c.Escalate(task=1, actor=CLOCK, at=at(0.9), number=1, to=("s@x.example",))
    assert do(opened(), early).refused
    state = after(opened(), c.Escalate(task=1, actor=CLOCK, at=at(1), number=1, to=("s@x.example",)))

    again = do(state, c.Escalate(task=1, actor=CLOCK, at=at(1), number=1, to=("s@x.example",)))

    assert state.level == 1 and again.refused == "level 1 has fired"


def test_nothing_escalates_after_the_close() -> None:
    state = after(opened(), c.Complete(task=1, actor=ANNA, at=at(0.5)))

    assert do(state, c.Escalate(task=1, actor=CLOCK, at=at(2), number=1)).refused == "it is completed"
    assert state.timer is None


def test_waiting_stops_the_clock_and_an_answer_of_the_requester_starts_it_again() -> None:
    taken = after(opened(), c.Take(task=1, actor=ANNA, at=at(0.1)))
    waiting = after(taken, c.Wait(task=1, actor=ANNA, at=at(0.2)))
    assert waiting.timer is None

    resumed = after(waiting, c.Comment(task=1, actor=CLARA, at=at(5), mail=2, by_requester=True))

    assert resumed.state == "in_progress"
    assert resumed.pauses == ((at(0.2), at(5)),)


def test_the_requesters_words_reopen_a_closed_task_in_a_new_round() -> None:
    closed = after(opened(), c.Take(task=1, actor=ANNA, at=at(0.1)), c.Complete(task=1, actor=ANNA, at=at(3)))

    outcome = do(closed, c.Comment(task=1, actor=CLARA, at=at(30), mail=2, by_requester=True, reopen=True))

    assert outcome.after is not None
    assert (outcome.after.state, outcome.after.round, outcome.after.level) == ("in_progress", 1, 0)
    assert outcome.after.next_level_at == at(31)
    assert "reopened" in [notice.kind for notice in outcome.notices]


def test_thanks_do_not_reopen() -> None:
    closed = after(opened(), c.Complete(task=1, actor=ANNA, at=at(3)))

    assert (
        after(closed, c.Comment(task=1, actor=CLARA, at=at(4), mail=2, by_requester=True)).state
        == "completed"
    )


def test_not_mine_begins_a_new_round_with_the_other_team() -> None:
    state = after(
        opened(),
        c.Take(task=1, actor=ANNA, at=at(0.1)),
        c.Escalate(task=1, actor=CLOCK, at=at(1), number=1),
        c.Route(task=1, actor=ANNA, at=at(2), team="IT@city.example"),
    )

    assert (state.team, state.assignee, state.level, state.round, state.fired) == (
        "it@city.example",
        "",
        0,
        1,
        (),
    )


def test_done_by_the_requester_assigns_nobody() -> None:
    state = after(opened(), c.Complete(task=1, actor=CLARA, at=at(1)))

    assert (state.state, state.assignee) == ("completed", "")


def test_a_failed_escalation_letter_hurries_the_next_level_and_tells_a_person() -> None:
    state = after(opened(), c.Escalate(task=1, actor=CLOCK, at=at(1), number=1, to=("gone@x.example",)))
    command = hurrying(at(1.1), "gone@x.example")

    outcome = do(state, command)

    assert outcome.after is not None and outcome.after.hurry
    assert [(n.kind, n.to) for n in outcome.notices] == [("undelivered", ("caretaker",))]


def test_a_failed_failure_letter_tells_nobody_again() -> None:
    command = c.LetterFailed(
        task=1, actor=CLOCK, at=at(1), letter=9, recipient="gone@x.example", status="550", kind="undelivered"
    )

    assert do(opened(), command).notices == ()


def test_undo_takes_back_only_ones_own_within_a_day() -> None:
    outcome = do(opened(), c.Take(task=1, actor=ANNA, at=at(1)))
    assert outcome.after is not None
    before = {"assignee": "", "state": "pending", "acknowledged_at": None}

    def undo(actor: Actor, hours: float) -> Outcome:
        return do(
            outcome.after, c.Undo(task=1, actor=actor, at=at(hours), event=outcome.events[0], before=before)
        )

    taken_back = undo(ANNA, 2).after
    assert taken_back is not None and (taken_back.assignee, taken_back.state) == ("", "pending")
    assert undo(Actor("user", "other@x.example"), 2).refused
    assert undo(ANNA, 26).refused


def test_no_text_about_persons_stands_in_an_event() -> None:
    state = opened(requester_name="Clara Canary", fields={"room": "canary-102"})
    outcome = do(
        state, c.Change(task=1, actor=ANNA, at=at(1), values={"title": "Canary title", "priority": "high"})
    )

    written = msgspec.json.encode(outcome.events).lower()
    first = do(
        None,
        c.Open(
            task=1, actor=CLOCK, at=START, facts={"reference": "7QK3MD", "title": "canary", "team": "t@x"}
        ),
    )

    assert outcome.after is not None and outcome.after.title == "Canary title"
    assert b"canary" not in written + msgspec.json.encode(first.events).lower()


def test_a_trail_with_a_hole_is_not_folded() -> None:
    with pytest.raises(UnknownTask):
        fold([Event("task.assigned", START, ANNA, {"set": {"assignee": "x"}}, 2)])


@dataclass
class Run:
    """A task's life under random commands."""

    state: TaskState
    events: list[Event]
    levels: list[tuple[int, int]]


_MAKERS = [
    lambda t, who: c.Take(task=1, actor=who, at=t),
    lambda t, who: c.Assign(task=1, actor=who, at=t, to=BEN.address),
    lambda t, who: c.Assign(task=1, actor=who, at=t, to=""),
    lambda t, who: c.Eta(task=1, actor=who, at=t, until=t + timedelta(hours=1)),
    lambda t, who: c.Wait(task=1, actor=who, at=t),
    lambda t, who: c.Wait(task=1, actor=who, at=t, until=t + timedelta(hours=2)),
    lambda t, who: c.Resume(task=1, actor=who, at=t),
    lambda t, who: c.Answer(task=1, actor=who, at=t, note=1),
    lambda t, who: c.Complete(task=1, actor=who, at=t),
    lambda t, who: c.Cancel(task=1, actor=who, at=t),
    lambda t, who: c.Reopen(task=1, actor=who, at=t),
    lambda t, who: c.Route(task=1, actor=who, at=t, team="it@city.example"),
    lambda t, who: c.Comment(task=1, actor=who, at=t, mail=5, by_requester=True, reopen=True),
    lambda t, who: c.Watch(task=1, actor=who, at=t, watcher=who.address),
    lambda t, who: c.Change(task=1, actor=who, at=t, values={"priority": "high", "title": f"at {t}"}),
    lambda t, who: c.Escalate(task=1, actor=CLOCK, at=t, number=1),
    lambda t, who: c.Escalate(task=1, actor=CLOCK, at=t, number=2),
    lambda t, who: c.Escalate(task=1, actor=who, at=t, number=3, by_person=True),
]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 90), st.sampled_from(_MAKERS), st.sampled_from([ANNA, BEN, CLARA])),
        max_size=25,
    )
)
def test_whatever_happens_the_row_is_the_fold_of_its_events(steps: list) -> None:
    first = do(
        None,
        c.Open(
            task=1, actor=CLOCK, at=START, facts={"reference": "7QK3MD", "title": "x", "team": "w@x.example"}
        ),
    )
    assert first.after is not None
    run = Run(first.after, list(first.events), [])
    now = START
    for minutes, make, who in steps:
        now += timedelta(minutes=minutes)
        outcome = do(run.state, make(now, who))
        if outcome.events:
            assert outcome.after is not None
            run.state = outcome.after
            run.events += outcome.events
            run.levels += [
                (run.state.round, e.data["level"])
                for e in outcome.events
                if e.type == "task.escalated" and e.actor == CLOCK
            ]

    folded = fold(msgspec.json.decode(msgspec.json.encode(run.events), type=list[Event]))

    assert folded is not None
    for name in TaskState.__struct_fields__:
        if name not in PERSONAL:
            assert getattr(folded, name) == getattr(run.state, name), name
    assert [event.seq for event in run.events] == list(range(1, len(run.events) + 1))
    assert len(run.levels) == len(set(run.levels))
    assert not (run.state.is_closed and run.state.timer)
    if not run.state.assignee and not run.state.is_closed:
        assert run.state.state != "waiting" or run.state.waiting_until, "it would rest for ever"
        given_back = any(e.data.get("set", {}).get("assignee") == "" for e in run.events)
        assert run.state.acknowledged_at is None or given_back, (
            "its levels would end, and it would be nobody's"
        )
    assert (run.state.closed_at is not None) == run.state.is_closed


def test_an_event_that_sets_an_unknown_field_is_still_understood() -> None:
    state = opened()

    assert (
        apply(
            state, Event("task.later", at(1), ANNA, {"set": {"priority": "high", "from_the_future": 1}}, 2)
        ).priority
        == "high"
    )
