"""The clock's sweep: a batch in one transaction, each by itself where that fails, and several clocks side by side."""

import threading
from collections import Counter
from typing import Any

import pytest

from tests.office import Office, text_of
from tests.open_tasks import open_tasks


def _escalated() -> dict[int | None, int]:
    """How often a level fired, by task."""
    from orgo.audit.models import Event

    return Counter(Event.objects.filter(type="task.escalated").values_list("task", flat=True))


def test_all_that_is_due_is_fired_in_one_transaction(office: Office) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from orgo.pipeline import sweep

    few, many = open_tasks(2), open_tasks(50)
    office.clock.advance(days=1)
    with CaptureQueriesContext(connection) as asked_for_two:
        assert sweep(limit=2) == 2
    with CaptureQueriesContext(connection) as asked_for_fifty:
        assert sweep(limit=50) == 50

    assert _escalated() == dict.fromkeys([*few, *many], 1)
    assert len(asked_for_fifty) < len(asked_for_two) + 10  # not a statement more for each task


def _breaking(monkeypatch: pytest.MonkeyPatch, error: Exception, *tasks: int) -> list[int]:
    """Firing a level of one of these tasks raises `error`; returns a list of them as they are tried."""
    from orgo.flow.joining import heard_by as heard

    tried: list[int] = []

    def broken(state: Any, *rest: Any) -> Any:
        if state.id in tasks:
            tried.append(state.id)
            raise error
        return heard(state, *rest)

    monkeypatch.setattr("orgo.flow.due.heard_by", broken)
    return tried


def _mended(monkeypatch: pytest.MonkeyPatch) -> None:
    from orgo.flow.joining import heard_by

    monkeypatch.setattr("orgo.flow.due.heard_by", heard_by)


def test_a_task_that_raises_is_put_off_and_stops_no_other(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orgo.audit.models import Event
    from orgo.pipeline import sweep

    tasks = open_tasks(5)
    office.clock.advance(days=1)
    _breaking(monkeypatch, RuntimeError("a policy that can't be"), tasks[2])
    assert (sweep(), sweep()) == (5, 0)
    assert _escalated() == {task: 1 for task in tasks if task != tasks[2]}
    assert Event.objects.get(type="clock.failed").data["task"] == tasks[2]

    _mended(monkeypatch)
    office.clock.advance(seconds=59)
    assert sweep() == 0
    office.clock.advance(seconds=1)
    sweep()
    assert _escalated() == dict.fromkeys(tasks, 1)


def test_a_task_that_is_put_off_is_still_what_its_events_say_and_counts_as_late(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orgo.flow.rebuild import check_all
    from orgo.ops.status import snapshot
    from orgo.pipeline import sweep

    tasks = open_tasks(2)
    office.clock.advance(days=1)
    _breaking(monkeypatch, RuntimeError("odd data"), tasks[1])
    sweep()

    assert list(check_all()) == []
    assert snapshot(office.config)["tasks"]["late_timers"] == 1


def test_the_time_for_which_a_task_is_put_off_doubles_up_to_an_hour(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orgo.lib import clock
    from orgo.pipeline import sweep
    from orgo.task.queries import next_timer

    (task,) = open_tasks(1)
    office.clock.advance(days=1)
    tried = _breaking(monkeypatch, RuntimeError("odd data"), task)
    pauses = []
    for _ in range(8):
        sweep()
        at = next_timer()
        assert at is not None
        pauses.append((at - clock.now()).total_seconds() / 60)
        office.clock.move_to(at)

    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]
    assert len(tried) == 2 * len(pauses)  # in the batch and by itself


def test_a_task_that_is_put_off_is_tried_at_once_when_it_is_changed(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What made it raise may be mended, and its new level is not to be late."""
    from orgo.flow.house import open_house
    from orgo.flow.unit import Unit
    from orgo.pipeline import sweep
    from orgo.task.actions import handle
    from orgo.task.commands import Change
    from orgo.task.values import Actor

    (task,) = open_tasks(1)
    office.clock.advance(days=1)
    _breaking(monkeypatch, RuntimeError("odd data"), task)
    sweep()
    _mended(monkeypatch)
    with Unit(open_house()) as unit:
        change = Change(
            task=task, actor=Actor("user", "anna@city.example"), at=unit.now, values={"priority": "low"}
        )
        handle([change], unit)

    assert sweep() == 1 and _escalated() == {task: 1}


def test_a_row_that_cannot_be_read_stops_no_other(office: Office) -> None:
    from orgo.pipeline import sweep
    from orgo.task.models import Task

    tasks = open_tasks(3)
    Task.objects.filter(pk=tasks[0]).update(more={"timer": "odd"})
    office.clock.advance(days=1)
    sweep()

    assert _escalated() == dict.fromkeys(tasks[1:], 1)
    assert sweep() == 0


@pytest.mark.parametrize("kind", ["OperationalError", "InterfaceError"])
def test_an_error_of_the_database_puts_no_task_off(
    office: Office, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """The sweep fails and the next one does it; what the database does for other tasks is done meanwhile."""
    import django.db

    from orgo.audit.models import Event
    from orgo.pipeline import sweep

    error: type[Exception] = getattr(django.db, kind)
    tasks = open_tasks(5)
    office.clock.advance(days=1)
    _breaking(monkeypatch, error("a deadlock"), tasks[1])
    with pytest.raises(error):
        sweep()
    assert _escalated() == {task: 1 for task in tasks if task != tasks[1]}
    assert not Event.objects.filter(type="clock.failed").exists()

    _mended(monkeypatch)
    assert sweep() == 1
    assert _escalated() == dict.fromkeys(tasks, 1)


def test_a_database_that_is_away_is_not_asked_for_each_task(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import OperationalError

    from orgo.pipeline import sweep

    tasks = open_tasks(5)
    office.clock.advance(days=1)
    tried = _breaking(monkeypatch, OperationalError("the server closed the connection"), *tasks)
    monkeypatch.setattr("orgo.flow.due._is_away", lambda: True)
    with pytest.raises(OperationalError):
        sweep()

    assert tried == [tasks[0], tasks[0]]  # in the batch, and the first by itself


@pytest.mark.of_postgresql
def test_a_connection_that_breaks_in_the_middle_puts_no_task_off(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import connection

    from orgo.audit.models import Event
    from orgo.flow.joining import heard_by as heard
    from orgo.pipeline import sweep

    tasks = open_tasks(3)
    office.clock.advance(days=1)
    breaks = [True]

    def cut(state: Any, *rest: Any) -> Any:
        if breaks and breaks.pop():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        return heard(state, *rest)

    monkeypatch.setattr("orgo.flow.due.heard_by", cut)
    sweep()

    assert _escalated() == dict.fromkeys(tasks, 1)
    assert not Event.objects.filter(type="clock.failed").exists()


def test_what_was_overtaken_is_done_by_the_next_sweep(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orgo.flow.unit import Overtaken
    from orgo.pipeline import sweep

    tasks = open_tasks(2)
    office.clock.advance(days=1)
    _breaking(monkeypatch, Overtaken(), *tasks)
    sweep()
    _mended(monkeypatch)

    assert sweep() == 2 and _escalated() == dict.fromkeys(tasks, 1)


@pytest.mark.of_postgresql
def test_a_second_clock_takes_what_the_first_is_not_at(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it two clocks would wait for each other at the same first tasks."""
    from django.db import connection

    from orgo.flow.house import open_house
    from orgo.flow.unit import Unit
    from orgo.pipeline import sweep

    tasks = open_tasks(20)
    office.clock.advance(days=1)
    seconds: list[int] = []

    def second() -> None:
        seconds.append(sweep(limit=20))
        connection.close()

    with Unit(open_house()) as first:
        held = {state.id for state in first.claim_due(5)}
        other = threading.Thread(target=second, daemon=True)
        other.start()
        other.join(30)

    assert seconds == [15] and set(_escalated()) == set(tasks) - held


def test_two_clocks_fire_each_level_once(office: Office) -> None:
    from django.db import connection

    from orgo.pipeline import sweep

    tasks = open_tasks(60)
    office.clock.advance(days=1)
    begin = threading.Barrier(2)

    def clock() -> None:
        begin.wait(30)
        while sweep(limit=7):
            pass
        connection.close()

    clocks = [threading.Thread(target=clock, daemon=True) for _ in range(2)]
    for one in clocks:
        one.start()
    for one in clocks:
        one.join(60)
    sweep()

    assert _escalated() == dict.fromkeys(tasks, 1)


def test_a_reminder_is_sent_though_somebody_wrote_just_before_the_sweep(office: Office) -> None:
    from datetime import timedelta

    from orgo.flow.house import open_house
    from orgo.flow.rebuild import check_all
    from orgo.flow.unit import Unit
    from orgo.lib import clock
    from orgo.pipeline import sweep
    from orgo.task.actions import handle
    from orgo.task.commands import Change, Command, Comment
    from orgo.task.values import Actor

    office.mail()  # its policy reminds an hour before a deadline
    anna, task = Actor("user", "anna@city.example"), office.task().pk

    def do(command: type[Command], **more: Any) -> None:
        with Unit(open_house()) as unit:
            handle([command(task=task, actor=anna, at=unit.now, **more)], unit)

    do(Change, values={"due_at": clock.now() + timedelta(minutes=90)})
    office.clock.advance(minutes=30, seconds=1)
    do(Comment)
    office.forget()

    assert (sweep(), sweep()) == (1, 0)
    office.settle()
    reminders = [letter for letter in office.letters() if "A reminder" in text_of(letter)]
    assert sorted(letter["To"] for letter in reminders) == ["anna@city.example", "ben@city.example"]
    assert list(check_all()) == []
