"""The clock's sweep: a batch in one transaction, each by itself where that fails, and several clocks side by side."""

import threading
from collections import Counter
from typing import Any

import pytest

from tests.office import Office
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


def test_a_task_that_raises_is_put_off_and_stops_no_other(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orgo.audit.models import Event
    from orgo.flow.joining import heard_by as heard
    from orgo.pipeline import sweep

    tasks = open_tasks(5)
    office.clock.advance(days=1)

    def broken(state: Any, *rest: Any) -> Any:
        if state.id == tasks[2]:
            raise RuntimeError("a policy that can't be")
        return heard(state, *rest)

    monkeypatch.setattr("orgo.flow.due.heard_by", broken)
    assert (sweep(), sweep()) == (5, 0)
    assert _escalated() == {task: 1 for task in tasks if task != tasks[2]}
    assert Event.objects.get(type="clock.failed").data["task"] == tasks[2]

    monkeypatch.setattr("orgo.flow.due.heard_by", heard)
    office.clock.advance(hours=1)
    sweep()
    assert _escalated() == dict.fromkeys(tasks, 1)


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
