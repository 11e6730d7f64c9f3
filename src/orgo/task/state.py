"""The task's state machine, pure: `apply` folds events into a state, `decide` says which events a command comes to."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, get_type_hints

import msgspec
from msgspec.structs import replace

from orgo.task import commands as c
from orgo.task.values import Event, Notice, Outcome, Planner, TaskState, Timer

UNDO_WITHIN = timedelta(hours=24)
FURTHEST = timedelta(days=3660)  # as lib/durations.py has it; calendars end with the year 9999
NOBODY_HAS_IT = "say until when, or take it first: nobody has this task"
ALL_TOLD = "everybody has been told already"
# Text about persons never stands in an event: it is in the mail, the note and the task's row, where it can be erased.
PERSONAL = frozenset({"title", "requester", "requester_name", "fields"})
_FIELDS = frozenset(TaskState.__struct_fields__)


class UnknownTask(Exception):
    """An event other than `task.opened` for a task that is not open yet: the trail has a hole."""


# ---------------------------------------------------------------- folding


def apply(state: TaskState | None, event: Event) -> TaskState:
    """The state after `event`. Understands every version of every event for ever.

    Every event names the fields it changes and their new values in `data["set"]`, so that a fold never computes
    anything again: what was decided under the rules and calendars of that day stays as it was.
    """
    values = event.data.get("set", {})
    stamps = {"seq": event.seq, "updated_at": event.at}
    if state is not None:
        return replace(state, **(_given(values) | stamps))
    if event.type != "task.opened":
        raise UnknownTask(event.type)
    first = {"title": "", "opened_at": event.at, "round_at": event.at}
    return msgspec.convert({**first, **values, **stamps}, TaskState, strict=True)


def fold(events: Iterable[Event]) -> TaskState | None:
    """The state after all `events` in their order, or None where there is none."""
    state: TaskState | None = None
    for event in events:
        state = apply(state, event)
    return state


_Given = msgspec.defstruct(
    "_Given",
    [(name, type | msgspec.UnsetType, msgspec.UNSET) for name, type in get_type_hints(TaskState).items()],
)


def _given(values: dict[str, Any]) -> dict[str, Any]:
    """The fields that an event gives, as a state holds them; what no state has (any more) is left out."""
    found = msgspec.convert(values, _Given, strict=True)
    return {name: getattr(found, name) for name in values if name in _FIELDS}


# ---------------------------------------------------------------- deciding


class _Draft:
    """The events and notices of one command while they are being decided."""

    def __init__(self, state: TaskState | None, command: c.Command) -> None:
        self.state = state
        self.command = command
        self.events: list[Event] = []
        self.notices: list[Notice] = []

    @property
    def now(self) -> TaskState:
        assert self.state is not None
        return self.state

    def add(self, type: str, set: dict[str, Any] | None = None, **data: Any) -> None:
        """Add an event that gives the fields in `set` their new values; those about persons go to the row only."""
        given = dict(set or ())
        personal = {name: given.pop(name) for name in PERSONAL if name in given}
        seq = (self.state.seq if self.state else 0) + 1
        body = {"set": msgspec.to_builtins(given), **msgspec.to_builtins(data)}
        event = Event(f"task.{type}", self.command.at, self.command.actor, body, seq)
        self.events.append(event)
        self.state = replace(apply(self.state, event), **personal)

    def tell(self, kind: str, to: Iterable[str], *, note: int | None = None, **data: Any) -> None:
        """Wish that `to` be told of the last event."""
        targets = tuple(dict.fromkeys(target for target in to if target))
        if targets:
            self.notices.append(Notice(kind, targets, self.now.seq, note, data, self.command.actor.address))

    def holders(self) -> tuple[str, ...]:
        """Who has the task in hand: the assignee, else the team."""
        return ("assignee",) if self.now.assignee else ("team",)

    def plan(self, planner: Planner) -> None:
        """Put the next timer into the last event, so that the fold has it as a result."""
        timer = planner(self.now, self.command.at)
        if timer == self.now.timer:
            return
        last = self.events[-1]
        set = {**last.data.get("set", {}), "timer": msgspec.to_builtins(timer)}
        self.events[-1] = replace(last, data={**last.data, "set": set})
        self.state = replace(self.now, timer=timer)


def decide(state: TaskState | None, command: c.Command, planner: Planner) -> Outcome:
    """What `command` comes to on a task in `state`.

    `state` is None for `Open` only; `planner` gives the next timer. Returns the events (at least one, unless
    `refused` says why nothing may happen) and the notices. Nothing is written here.
    """
    refused = _refusal(state, command)
    if refused:
        return Outcome(refused=refused)
    draft = _Draft(state, command)
    _DECISIONS[type(command)](draft, command)
    if draft.events:
        draft.plan(planner)
    return Outcome(tuple(draft.events), tuple(draft.notices), draft.state)


_ANY_TIME = (c.Comment, c.Link, c.Answer, c.Reopen, c.Change, c.Watch, c.Undo, c.LetterFailed)


def _refusal(state: TaskState | None, command: c.Command) -> str:
    if isinstance(command, c.Open):
        return "it is open already" if state else ""
    if state is None:
        return "there is no such task"
    if state.is_closed and not isinstance(command, _ANY_TIME):
        return f"it is {state.state}"
    if isinstance(command, c.Reopen) and not state.is_closed:
        return "it is not closed"
    if isinstance(command, c.Resume | c.Wake) and state.state != "waiting":
        return "it is not waiting"
    if isinstance(command, c.Undo):
        return _undo_refusal(state, command)
    if isinstance(command, c.Wait) and command.until is None and not state.assignee:
        return NOBODY_HAS_IT
    if isinstance(command, c.Wait | c.Eta | c.Change):
        return _time_refusal(command)
    return _timer_refusal(state, command)


def _time_refusal(command: c.Wait | c.Eta | c.Change) -> str:
    until = command.values.get("due_at") if isinstance(command, c.Change) else command.until
    return "that time is more than ten years ahead" if until and until - command.at > FURTHEST else ""


def _timer_refusal(state: TaskState, command: c.Command) -> str:
    """The clock's commands are taken only while their timer is the one in force: that makes each fire once."""
    if isinstance(command, c.Escalate) and command.by_person:
        return _escalation_refusal(state, command)
    wanted = {c.Remind: "reminder", c.Wake: "wake"}.get(type(command))
    if isinstance(command, c.Escalate):
        if command.number in state.fired:
            return f"level {command.number} has fired"
        wanted = "level"
    number = getattr(command, "number", 0)
    if wanted and (
        state.timer is None or state.timer.kind != wanted or (number and state.timer.number != number)
    ):
        return "its time was taken away"
    if (
        isinstance(command, c.Remind | c.Wake | c.Escalate)
        and wanted
        and state.timer
        and command.at < state.timer.at
    ):
        return "it is not due yet"
    return ""


def _escalation_refusal(state: TaskState, command: c.Escalate) -> str:
    """A person's wish goes to the next level; the last one is told again only where none of its letters arrived."""
    return ALL_TOLD if command.number in state.fired and not state.hurry else ""


def _undo_refusal(state: TaskState, command: c.Undo) -> str:
    event = command.event
    if event.actor.address != command.actor.address or not event.actor.address:
        return "only its author can take it back"
    if command.at - event.at > UNDO_WITHIN:
        return "it is more than 24 hours ago"
    if event.type in ("task.opened", "task.undone", "task.linked", "task.commented", "task.answered"):
        return "that can't be taken back"
    return ""


def _open(draft: _Draft, command: c.Open) -> None:
    facts = {"id": command.task, "opened_at": command.at, "round_at": command.at, **command.facts}
    draft.add("opened", facts)
    draft.tell("opened", ("team",))
    draft.tell("informed", command.notify)
    if command.acknowledge:
        draft.tell("received", ("requester",), template=command.acknowledge)


def _comment(draft: _Draft, command: c.Comment) -> None:
    asks: dict[str, Any] = {"asks": command.asks} if command.asks else {}
    unnamed: dict[str, Any] = {"unnamed": True} if command.unnamed else {}
    by_requester = command.by_requester
    draft.add("commented", mail=command.mail, copy=command.note, by_requester=by_requester, **asks, **unnamed)
    if command.reopen and draft.now.is_closed:
        _reopen(draft, command)
    elif draft.now.state == "waiting" and command.by_requester:
        _resume(draft, command)
    if not command.quiet:
        hearers = (*draft.holders(), "watchers")
        draft.tell("commented", hearers, note=command.note, mail=command.mail, **unnamed)


def _link(draft: _Draft, command: c.Link) -> None:
    """Who has the task hears of a mail that came again at the 2nd, the 10th, the 100th ..: a storm is few letters."""
    if not command.repeats:
        unnamed: dict[str, Any] = (
            {} if command.unnamed_mail is None else {"unnamed_mail": command.unnamed_mail}
        )
        draft.add("linked", mail=command.mail, **unnamed)
        return
    draft.add("linked", {"repeats": draft.now.repeats + 1}, mail=command.mail)
    times = draft.now.repeats + 1
    if times == 2 or str(times).rstrip("0") == "1":
        draft.tell("repeated", (*draft.holders(), "watchers"), mail=command.mail, times=times)


def _answer(draft: _Draft, command: c.Answer) -> None:
    """Whoever answers has seen the task; where nobody has it that is a step by itself, which can be taken back."""
    changes: dict[str, Any] = {}
    if not draft.now.is_closed and not draft.now.assignee and not _is_requester(draft):
        _has_it_who_acts(draft)
        _acknowledge(draft, command.at)
    elif draft.now.acknowledged_at is None and draft.now.assignee and not draft.now.is_closed:
        state = "in_progress" if draft.now.state == "pending" else draft.now.state
        changes = {"acknowledged_at": command.at, "state": state}
    draft.add("answered", changes, copy=command.note)
    draft.tell("answer", ("requester",), note=command.note)


def _take(draft: _Draft, command: c.Take) -> None:
    _hand_over(draft, command.actor.address, command.at)


def _assign(draft: _Draft, command: c.Assign) -> None:
    if not command.to:
        draft.add("assigned", {"assignee": ""})
        draft.tell("opened", ("team",))
        _go_on_without_anybody(draft)
        return
    _hand_over(draft, command.to.lower(), command.at if command.to == command.actor.address else None)
    draft.tell("assigned", ("assignee",))


def _hand_over(draft: _Draft, to: str, acknowledged: datetime | None) -> None:
    """Set the assignee; taking it oneself also says that it is known of."""
    draft.add("assigned", {"assignee": to})
    if acknowledged is not None:
        _acknowledge(draft, acknowledged)
    if draft.now.state == "waiting":
        _resume(draft, draft.command)


def _has_it_who_acts(draft: _Draft) -> None:
    """What nobody has belongs to whoever works on it, or it would count as known of and be nobody's."""
    actor = draft.command.actor
    if not draft.now.assignee and actor.kind in ("user", "mail"):
        draft.add("assigned", {"assignee": actor.address})


def _is_requester(draft: _Draft) -> bool:
    return draft.command.actor.address == draft.now.requester


def _acknowledge(draft: _Draft, at: datetime) -> None:
    changes: dict[str, Any] = {"state": "in_progress"} if draft.now.state == "pending" else {}
    if draft.now.acknowledged_at is None:
        changes["acknowledged_at"] = at
    if changes:
        draft.add("acknowledged", changes)


def _eta(draft: _Draft, command: c.Eta) -> None:
    _has_it_who_acts(draft)
    _acknowledge(draft, command.at)
    draft.add("eta_given", {"eta_at": command.until})
    if command.until > command.at:  # a mail that was long on its way may name a time that is over
        draft.tell("eta", ("requester",))


def _wait(draft: _Draft, command: c.Wait) -> None:
    if draft.now.state == "waiting":
        draft.add("waiting", {"waiting_until": command.until})
        return
    if draft.now.assignee:  # else nobody has it afterwards, and its levels go on
        _acknowledge(draft, command.at)
    pauses = (*draft.now.pauses, (command.at, None))
    draft.add("waiting", {"state": "waiting", "waiting_until": command.until, "pauses": pauses})


def _resume(draft: _Draft, command: c.Command) -> None:
    draft.add(
        "resumed",
        {"state": "in_progress", "waiting_until": None, "pauses": _ended(draft.now.pauses, command.at)},
    )


def _go_on_without_anybody(draft: _Draft) -> None:
    """A task that rests with no end has to be somebody's, or its clock would stand still for ever."""
    resting = draft.now.state == "waiting" and draft.now.waiting_until is None
    if resting and not draft.now.assignee:
        _resume(draft, draft.command)


def _ended(
    pauses: tuple[tuple[datetime, datetime | None], ...], at: datetime
) -> list[tuple[datetime, datetime | None]]:
    return [(start, end if end is not None else at) for start, end in pauses]


def _wake(draft: _Draft, command: c.Wake) -> None:
    _resume(draft, command)
    draft.tell("woken", draft.holders())


def _close(draft: _Draft, state: str, event: str, **data: Any) -> None:
    at = draft.command.at
    changes = {"state": state, "closed_at": at, "waiting_until": None, "pauses": _ended(draft.now.pauses, at)}
    if draft.now.acknowledged_at is None:
        changes["acknowledged_at"] = at
    draft.add(event, changes, **data)


def _complete(draft: _Draft, command: c.Complete) -> None:
    if not _is_requester(draft):
        _has_it_who_acts(draft)
    _close(draft, "completed", "completed")
    draft.tell("completed", ("requester", "watchers"))


def _cancel(draft: _Draft, command: c.Cancel) -> None:
    _close(draft, "cancelled", "cancelled", reason=command.reason)
    draft.tell("cancelled", ("requester", "watchers"))


def _fail(draft: _Draft, command: c.Fail) -> None:
    _close(draft, "failed", "failed", reason=command.reason)
    draft.tell("cancelled", ("requester", "watchers"))


def _new_round(draft: _Draft, at: datetime) -> dict[str, Any]:
    """Levels begin again at 0: after reopening and after "not mine", and nowhere else."""
    return {
        "round": draft.now.round + 1,
        "round_at": at,
        "level": 0,
        "fired": (),
        "called": (),
        "reminded": (),
        "hurry": False,
        "pauses": (),
        "acknowledged_at": None,
        "eta_at": None,
        "waiting_until": None,
    }


def _reopen(draft: _Draft, command: c.Command) -> None:
    state = "in_progress" if draft.now.assignee else "pending"
    draft.add("reopened", {**_new_round(draft, command.at), "state": state, "closed_at": None})
    draft.tell("reopened", draft.holders())


def _route(draft: _Draft, command: c.Route) -> None:
    changes = {
        "team": command.team.lower(),
        "organization": command.organization,
        "assignee": "",
        "state": "pending",
    }
    draft.add("routed", {**_new_round(draft, command.at), **changes}, **{"from": draft.now.team})
    draft.tell("opened", ("team",))


_CHANGEABLE = frozenset(
    {"title", "priority", "type", "labels", "due_at", "visibility", "anonymize", "fields"}
)


def _change(draft: _Draft, command: c.Change) -> None:
    changes = {k: v for k, v in command.values.items() if k in _CHANGEABLE and v != getattr(draft.now, k)}
    if draft.now.anonymize:  # who wrote in confidence is never named again
        changes.pop("anonymize", None)
    if "due_at" in changes:
        changes |= {"reminded": (), "due_set_at": command.at}
    if changes:
        draft.add("changed", changes, fields=sorted(changes.keys() & _CHANGEABLE))


def _watch(draft: _Draft, command: c.Watch) -> None:
    others = tuple(w for w in draft.now.watchers if w != command.watcher)
    watchers = (*others, command.watcher) if command.on else others
    if watchers != draft.now.watchers:
        draft.add("watched", {"watchers": watchers})


def _escalate(draft: _Draft, command: c.Escalate) -> None:
    number = command.number
    late = (command.at - command.due).total_seconds() if command.due else 0
    changes = {"level": max(number, draft.now.level), "fired": (*draft.now.fired, number), "hurry": False}
    changes["called"] = tuple(dict.fromkeys((*draft.now.called, *command.called)))
    draft.add("escalated", changes, level=number, to=command.to, notify=command.notify, late_by=late)
    draft.tell("escalated", command.to, level=number)
    draft.tell("informed", command.notify, level=number)


def _remind(draft: _Draft, command: c.Remind) -> None:
    draft.add("reminded", {"reminded": (*draft.now.reminded, command.number)})
    draft.tell("reminder", draft.holders())


def _undo(draft: _Draft, command: c.Undo) -> None:
    keep = {
        k: v
        for k, v in command.before.items()
        if k in _FIELDS and k not in PERSONAL and k not in ("seq", "updated_at", "timer", "anonymize")
    }
    more = {name: value for name in ("left", "unsent") if (value := getattr(command, name))}
    draft.add("undone", keep, of=command.event.seq, kind=command.event.type, **more)
    draft.tell("undone", command.told)
    _go_on_without_anybody(draft)


def _letter_failed(draft: _Draft, command: c.LetterFailed) -> None:
    changes = {"hurry": True} if command.hurry and not draft.now.is_closed else {}
    draft.add(
        "letter_failed",
        changes,
        letter=command.letter,
        recipient=command.recipient,
        status=command.status,
        kind=command.kind,
    )
    if command.kind != "undelivered" and not command.quiet:
        draft.tell(
            "undelivered",
            ("caretaker",),
            recipient=command.recipient,
            status=command.status,
            of_kind=command.kind,
        )


_DECISIONS: dict[type[c.Command], Callable[[_Draft, Any], None]] = {
    c.Open: _open,
    c.Comment: _comment,
    c.Link: _link,
    c.Answer: _answer,
    c.Take: _take,
    c.Assign: _assign,
    c.Eta: _eta,
    c.Wait: _wait,
    c.Resume: _resume,
    c.Wake: _wake,
    c.Complete: _complete,
    c.Cancel: _cancel,
    c.Fail: _fail,
    c.Reopen: _reopen,
    c.Route: _route,
    c.Change: _change,
    c.Watch: _watch,
    c.Escalate: _escalate,
    c.Remind: _remind,
    c.Undo: _undo,
    c.LetterFailed: _letter_failed,
}


__all__ = ["Event", "Notice", "Outcome", "TaskState", "Timer", "UnknownTask", "apply", "decide", "fold"]
