"""What is due on tasks is done, a batch in one transaction: a level fires, a reminder leaves, a rest ends."""

import logging
from datetime import timedelta

from django.db import Error, InterfaceError, OperationalError, transaction

from orgo.audit.models import record
from orgo.conf.logging import within
from orgo.flow.house import House
from orgo.flow.joining import heard_by
from orgo.flow.unit import Overtaken, Unit
from orgo.lib import clock
from orgo.lib.crash import crashpoint
from orgo.task import commands as c
from orgo.task.actions import handle
from orgo.task.models import PutOff
from orgo.task.queries import due_now
from orgo.task.values import CLOCK, TaskState, Timer

log = logging.getLogger("orgo.clock")
# For how long a task that raises is let be: twice as long each time.
FIRST, LONGEST = timedelta(minutes=1), timedelta(hours=1)
FORGOTTEN_AFTER = timedelta(days=1)
# Said by a database that is away, or busy with others: no task's fault.
OF_THE_DATABASE = (OperationalError, InterfaceError)


def fire_due(house: House, limit: int) -> int:
    """Do what is due by now on up to `limit` tasks; returns how many. Where they fail together, each goes by itself.

    Raises what the database raises: the next sweep does what was not done.
    """
    due: list[TaskState] = []
    try:
        with Unit(house) as unit:
            due = unit.claim_due(limit)
            _fire_all(due, unit)
        done = len(due)
    except Exception as error:
        if isinstance(error, OF_THE_DATABASE) and not due:
            raise
        if not isinstance(error, Overtaken):
            log.warning("what was due on tasks failed (%s): each by itself", type(error).__name__)
        done = _fire_each(house, limit)
    if done:
        crashpoint("H9.after_fire")
    return done


def _fire_all(due: list[TaskState], unit: Unit) -> None:
    if due:
        crashpoint("H9.before_fire")
    for state in due:
        with within(task=state.id):
            _do(state, unit)
    if due:
        crashpoint("H9.locked")


def _fire_each(house: House, limit: int) -> int:
    """Do what is due on each task by itself; what the database raises for one is raised when the others are done."""
    failed: Exception | None = None
    due = due_now(clock.now(), limit)
    for task, seq in due:
        try:
            fire(task, seq, house)
        except OF_THE_DATABASE as error:
            if _is_away():
                raise
            failed = failed or error
    if failed is not None:
        raise failed
    return len(due)


def _is_away() -> bool:
    """Whether no transaction can be begun now: then no other task is to wait for it as long."""
    try:
        with transaction.atomic():
            return False
    except Error:
        return True


def fire(task: int, seq: int, house: House) -> None:
    """Do what is due on this task. One that raises is put off as it stands (at `seq`), so that it can't stop the clock."""
    try:
        with within(task=task), Unit(house) as unit:
            state = unit.state(task)
            if state is not None and state.timer is not None and state.timer.at <= unit.now:
                _do(state, unit)
    except Overtaken:
        return
    except OF_THE_DATABASE:
        raise
    except Exception as error:
        log.exception("what was due on task %s failed", task)
        _put_off(task, seq, error)


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


def _put_off(task: int, seq: int, error: Exception) -> None:
    """Let the task be for a while. This stands beside its row, which stays what its events say; a change ends it."""
    now = clock.now()
    with transaction.atomic():
        former = PutOff.objects.select_for_update().filter(task=task, seq=seq).first()
        if former is not None and former.until > now:  # by another clock, which failed at the same time
            return
        times = former.times if former is not None else 0
        pause = min(FIRST * 2 ** min(times, 10), LONGEST)
        values = {"seq": seq, "until": now + pause, "times": times + 1}
        PutOff.objects.update_or_create(task=task, defaults=values)
        PutOff.objects.filter(until__lt=now - FORGOTTEN_AFTER).delete()
        record("clock.failed", actor="", actor_kind="clock", task=task, error=f"{type(error).__name__}"[:200])
