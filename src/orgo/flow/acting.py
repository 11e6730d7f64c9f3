"""The doors' way in: what a signed-in person wants of a task, allowed or refused, carried out by the one door."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import msgspec

from orgo.flow.house import House, open_house
from orgo.flow.joining import escalate_now
from orgo.flow.letters import audience
from orgo.flow.thread import parts_of
from orgo.flow.undoing import undo_of
from orgo.flow.unit import Overtaken, Unit
from orgo.lib import ids
from orgo.people.models import User
from orgo.people.visibility import may_see
from orgo.task import commands as c
from orgo.task.actions import handle
from orgo.task.models import Task
from orgo.task.rights import allowed
from orgo.task.undo import LASTING
from orgo.task.values import PRIORITIES, Actor, TaskState

LONGEST_TEXT = 100_000


class NotFound(Exception):
    """There is no such task, or this person may not see it (both are said the same way)."""


class NotAllowed(Exception):
    """This person sees the task but may not do that to it."""


class Refused(Exception):
    """The task's state does not allow it; the text says why."""


class Done(msgspec.Struct, frozen=True):
    """What came of it: the task afterwards, who is told by a letter, and whether it can be taken back.

    Nothing changed where `changed` is False: it was like that already. `taken`: nobody had it, and who acted has it now.
    """

    state: TaskState
    told: frozenset[str]
    changed: bool
    undoable: bool
    taken: bool


def perform(
    user: User,
    reference: str,
    action: str,
    house: House | None = None,
    *,
    undo_within: timedelta = timedelta(0),
    **values: Any,
) -> Done:
    """Do `action` to a task for `user`.

    `action` is one of ACTIONS; `values` are its own (see the makers below): answer and note take `text`; assign `to`;
    eta, wait and due `until`; route `team`; change `values`; watch `on`. Letters about a step that can be taken back
    leave after `undo_within`, so that a slip of the hand need not be corrected by a second letter. Raises NotFound,
    NotAllowed, Refused, and ValueError for a value that can't be.
    """
    for last in (False, False, True):
        try:
            return _once(user, reference, action, house or open_house(), undo_within, values)
        except Overtaken:
            if last:
                raise Refused("somebody else is changing it just now; try again") from None
    raise AssertionError("the loop ends by itself")


def _once(
    user: User, reference: str, action: str, house: House, undo_within: timedelta, values: dict[str, Any]
) -> Done:
    row = find(user, reference)
    with Unit(house) as unit:
        state = unit.state(row.pk)
        assert state is not None
        command = ACTIONS[action](state, Actor("user", user.address), unit, values)
        if command is None:
            raise Refused("there is nothing to take back")
        parts = parts_of(state, user.address, unit)
        if user.may("act_all") and state.visibility != "private":
            parts |= {"chief"}
        if not allowed(type(command), parts):
            raise NotAllowed(action)
        (outcome,) = handle([command], unit)
        if outcome.refused:
            raise Refused(outcome.refused)
        after = unit.state(row.pk)
        assert after is not None
        undoable = bool(outcome.events) and outcome.events[-1].type not in LASTING
        if undoable:
            unit.leave_at = unit.now + undo_within
        told = frozenset(
            who for notice in outcome.notices for who in audience(house, after, notice, unit.now)
        )
    taken = not state.assignee and after.assignee == user.address
    return Done(after, told, bool(outcome.events), undoable, taken)


def find(user: User, reference: str) -> Task:
    """The task's row, if `user` may see it. Raises NotFound."""
    normal = ids.normal_reference(reference)
    row = Task.objects.filter(reference=normal).first() if normal else None
    if row is None or not may_see(user, row):
        raise NotFound(reference)
    return row


Maker = Callable[[TaskState, Actor, Unit, dict[str, Any]], c.Command | None]


def _text(values: dict[str, Any]) -> str:
    text = str(values.get("text", "")).strip()
    if not text:
        raise ValueError("there is no text")
    if len(text) > LONGEST_TEXT:
        raise ValueError(f"a text has at most {LONGEST_TEXT} characters")
    return text


def _note(state: TaskState, actor: Actor, unit: Unit, values: dict[str, Any]) -> c.Command:
    note = unit.add_note(state.id, "note", actor.address, _text(values))
    return c.Comment(task=state.id, actor=actor, at=unit.now, note=note)


def _answer(state: TaskState, actor: Actor, unit: Unit, values: dict[str, Any]) -> c.Command:
    if not state.requester:
        raise ValueError("there is nobody to answer: the mail has no sender")
    note = unit.add_note(state.id, "answer", actor.address, _text(values))
    return c.Answer(task=state.id, actor=actor, at=unit.now, note=note)


def _assign(state: TaskState, actor: Actor, unit: Unit, values: dict[str, Any]) -> c.Command:
    to = str(values.get("to", "")).strip().lower()
    if to and to not in unit.house.directory.people:
        raise ValueError(f"nobody here has the address {to}")
    return c.Assign(task=state.id, actor=actor, at=unit.now, to=to)


def _route(state: TaskState, actor: Actor, unit: Unit, values: dict[str, Any]) -> c.Command:
    directory = unit.house.directory
    team = directory.named(str(values.get("team", "")))
    if team is None:
        raise ValueError("there is no such team")
    return c.Route(task=state.id, actor=actor, at=unit.now, team=team.address, organization=team.organization)


def _change(state: TaskState, actor: Actor, unit: Unit, values: dict[str, Any]) -> c.Command:
    changes = dict(values.get("values", {}))
    if "priority" in changes and changes["priority"] not in PRIORITIES:
        raise ValueError(f"a priority is one of {', '.join(PRIORITIES)}")
    return c.Change(task=state.id, actor=actor, at=unit.now, values=changes)


def _due(state: TaskState, actor: Actor, unit: Unit, values: dict[str, Any]) -> c.Command:
    return c.Change(task=state.id, actor=actor, at=unit.now, values={"due_at": _ahead(values, unit)})


def _eta(state: TaskState, actor: Actor, unit: Unit, values: dict[str, Any]) -> c.Command:
    return c.Eta(task=state.id, actor=actor, at=unit.now, until=_ahead(values, unit))


def _wait(state: TaskState, actor: Actor, unit: Unit, values: dict[str, Any]) -> c.Command:
    until = _ahead(values, unit) if values.get("until") else None
    return c.Wait(task=state.id, actor=actor, at=unit.now, until=until)


def _cancel(state: TaskState, actor: Actor, unit: Unit, values: dict[str, Any]) -> c.Command:
    """The reason is a note, where it can be erased; no text of a person stands in an event."""
    if str(values.get("reason", "")).strip():
        unit.add_note(state.id, "note", actor.address, _text({"text": values["reason"]}))
    return c.Cancel(task=state.id, actor=actor, at=unit.now)


def _ahead(values: dict[str, Any], unit: Unit) -> datetime:
    """The instant that was given. Raises ValueError for one that is over."""
    until: datetime = values["until"]
    if until <= unit.now:
        raise ValueError("that time is over")
    return until


def _plain(kind: type[c.Command], *names: str) -> Maker:
    """A maker for a command whose values are taken as they are."""

    def make(state: TaskState, actor: Actor, unit: Unit, values: dict[str, Any]) -> c.Command:
        given = {name: values[name] for name in names if name in values}
        return kind(task=state.id, actor=actor, at=unit.now, **given)

    return make


ACTIONS: dict[str, Maker] = {
    "take": _plain(c.Take),
    "assign": _assign,
    "note": _note,
    "answer": _answer,
    "eta": _eta,
    "wait": _wait,
    "resume": _plain(c.Resume),
    "due": _due,
    "done": _plain(c.Complete),
    "cancel": _cancel,
    "fail": _plain(c.Fail, "reason"),
    "reopen": _plain(c.Reopen),
    "route": _route,
    "change": _change,
    "watch": lambda s, a, u, v: c.Watch(
        task=s.id, actor=a, at=u.now, watcher=a.address, on=bool(v.get("on", True))
    ),
    "escalate": lambda s, a, u, v: escalate_now(s, a, u),
    "undo": lambda s, a, u, v: undo_of(s, a, u),
}
