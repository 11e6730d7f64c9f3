"""Closing races with escalating: whoever comes first, no level fires on a task that is closed.

ORGO_RACES says how many tasks are raced for (200; 10,000 in `make crash`).
"""

import os
import random
import threading
from collections.abc import Iterator

import pytest

from tests.office import Office
from tests.open_tasks import open_tasks

RACES = int(os.environ.get("ORGO_RACES") or 200)
AT_ONCE = 10


# Who has taken a step before the other begins; "" where both begin at once.
AHEAD = ("sweep", "close", "")


def _close(tasks: list[int]) -> Iterator[None]:
    from orgo.flow.house import open_house
    from orgo.flow.unit import Overtaken, Unit
    from orgo.lib import clock
    from orgo.task.actions import handle
    from orgo.task.commands import Complete
    from orgo.task.values import Actor

    house, left = open_house(), list(tasks)
    while left:
        try:
            with Unit(house) as unit:
                done = Complete(task=left[-1], actor=Actor("user", "anna@city.example"), at=clock.now())
                handle([done], unit)
        except Overtaken:
            continue
        left.pop()
        yield


def _sweep() -> Iterator[None]:
    from orgo.pipeline import sweep

    while sweep(limit=3):
        yield


def _race(office: Office, seed: int) -> list[int]:
    """A batch of tasks is due and closed at the same moment, each side on a thread and connection of its own."""
    from django.db import connection

    tasks = open_tasks(AT_ONCE)
    office.clock.advance(hours=3)
    begin, ahead, first = threading.Barrier(2), threading.Event(), AHEAD[seed % len(AHEAD)]
    order = random.Random(seed).sample(tasks, AT_ONCE)
    errors: list[BaseException] = []

    def side(name: str, steps: Iterator[None]) -> None:
        try:
            begin.wait(60)
            if first not in ("", name):
                ahead.wait(60)
            for _ in steps:
                ahead.set()
        except BaseException as error:
            errors.append(error)
        finally:
            ahead.set()
            connection.close()

    works = {"sweep": _sweep(), "close": _close(order)}
    sides = [threading.Thread(target=side, args=work, daemon=True) for work in works.items()]
    for one in sides:
        one.start()
    for one in sides:
        one.join(120)
    assert errors == [] and not any(one.is_alive() for one in sides)
    return tasks


@pytest.mark.timeout(300 + RACES)
def test_no_level_fires_on_a_task_that_is_closed(office: Office) -> None:
    from orgo.audit.models import Event
    from orgo.outbox.models import Letter
    from orgo.task.models import Task

    tasks = [task for race in range(RACES // AT_ONCE) for task in _race(office, race)]

    assert Task.objects.filter(state="completed", next_level_at=None).count() == len(tasks)
    seqs = Event.objects.filter(type__in=("task.escalated", "task.completed")).order_by("task", "seq")
    events = list(seqs.values_list("task", "type", "id"))
    closed = [task for task, type, _ in events if type == "task.completed"]
    assert len(closed) == len(tasks) and set(closed) == set(tasks)
    last = {task: type for task, type, _ in events}
    assert set(last.values()) == {"task.completed"}
    fired = {id for _, type, id in events if type == "task.escalated"}
    assert 0 < len({task for task, type, _ in events if type == "task.escalated"}) < len(tasks)
    assert {letter.event for letter in Letter.objects.filter(kind="escalated")} == fired
