"""Who may do what to a task (pure): the table of DESIGN.md section 6, "Who may"."""

from typing import Literal

from orgo.task import commands as c
from orgo.task.values import TaskState

Part = Literal["member", "assignee", "requester", "watcher", "chief"]

_WORKERS: frozenset[Part] = frozenset({"member", "assignee", "chief"})
_ALLOWED: dict[type[c.Command], frozenset[Part]] = {
    c.Comment: _WORKERS | {"requester", "watcher"},
    c.Answer: _WORKERS,
    c.Take: _WORKERS,
    c.Assign: frozenset({"member", "chief"}),
    c.Eta: _WORKERS,
    c.Wait: _WORKERS,
    c.Resume: _WORKERS,
    c.Escalate: _WORKERS,
    c.Route: _WORKERS,
    c.Complete: _WORKERS | {"requester"},
    c.Cancel: _WORKERS,
    c.Fail: _WORKERS,
    c.Reopen: _WORKERS | {"requester"},
    c.Change: _WORKERS,
    c.Watch: _WORKERS | {"watcher"},
}


def parts(state: TaskState, address: str, *, member: bool, chief: bool = False) -> frozenset[Part]:
    """What `address` is to the task. `member`: of its team; `chief`: may act on every task it sees."""
    found: set[Part] = set()
    if member:
        found.add("member")
    if chief:
        found.add("chief")
    if address and address == state.assignee:
        found.add("assignee")
    if address and address == state.requester:
        found.add("requester")
    if address in state.watchers:
        found.add("watcher")
    return frozenset(found)


def allowed(command: type[c.Command], parts: frozenset[Part]) -> bool:
    """Whether somebody with these parts may give this command.

    To take something back is its author's right, whatever the author is to the task now: task/state.py looks at that.
    """
    return command is c.Undo or bool(_ALLOWED.get(command, frozenset()) & parts)
