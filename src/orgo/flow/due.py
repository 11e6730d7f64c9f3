"""What is due on tasks is done, a batch in one transaction: a level fires, a reminder leaves, a rest ends."""

import logging
from datetime import timedelta

from django.db import transaction

from orgo.audit.models import record
from orgo.conf.logging import within
from orgo.flow.house import House
from orgo.flow.joining import heard_by
from orgo.flow.unit import Overtaken, Unit
from orgo.lib import clock
from orgo.lib.crash import crashpoint
from orgo.task import commands as c
from orgo.task.actions import handle
from orgo.task.models import Task
from orgo.task.values import CLOCK, TaskState, Timer

log = logging.getLogger("orgo.clock")
AFTER_AN_ERROR = timedelta(hours=1)


def fire_due(house: House, limit: int) -> int:
    """Do what is due by now on up to `limit` tasks; returns how many. Where they fail together, each goes by itself."""
    due: list[TaskState] = []
    try:
        with Unit(house) as unit:
            due = unit.claim_due(limit)
            _fire_all(due, unit)
    except Exception as error:
        if not isinstance(error, Overtaken):
            log.warning(
                "what was due on %s tasks failed (%s): each by itself", len(due), type(error).__name__
            )
        if not due:
            raise
        for state in due:
            fire(state.id, house)
    if due:
        crashpoint("H9.after_fire")
    return len(due)


def _fire_all(due: list[TaskState], unit: Unit) -> None:
    if due:
        crashpoint("H9.before_fire")
    for state in due:
        with within(task=state.id):
            _do(state, unit)
    if due:
        crashpoint("H9.locked")


def fire(task: int, house: House) -> None:
    """Do what is due on this task. A task that raises is put off by an hour and recorded, so that it can't stop the clock."""
    try:
        with within(task=task), Unit(house) as unit:
            state = unit.state(task)
            if state is not None and state.timer is not None and state.timer.at <= unit.now:
                _do(state, unit)
    except Overtaken:
        return
    except Exception as error:
        log.exception("what was due on task %s failed", task)
        _put_off(task, error)


def _do(state: TaskState, unit: Unit) -> None:
    if state.timer is not None:
        with unit.caused_at(state.timer.at):
            handle([_command(state, state.timer, unit)], unit)


def _command(state: TaskState, timer: Timer, unit: Unit) -> c.Command:
    if timer.kind == "wake":
        return c.Wake(task=state.id, actor=CLOCK, at=unit.now)
    if timer.kind == "reminder":
        return c.Remind(task=state.id, actor=CLOCK, at=unit.now, number=timer.number)
    heard = heard_by(state, timer.number, unit)
    return c.Escalate(
        task=state.id, actor=CLOCK, at=unit.now, number=timer.number, due=timer.at, **heard._asdict()
    )


def _put_off(task: int, error: Exception) -> None:
    with transaction.atomic():
        Task.objects.filter(pk=task).update(next_level_at=clock.now() + AFTER_AN_ERROR)
        record("clock.failed", actor="", actor_kind="clock", task=task, error=f"{type(error).__name__}"[:200])
