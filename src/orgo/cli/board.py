"""The live table of `orgo status --watch`: what waits in each queue, for how long, and how fast it goes (pure)."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from orgo.lib.text import counted

HEADS = ("queue", "waits", "oldest", "a second")
Seen = Mapping[str, Any]
_NEEDS_A_PERSON = (
    ("mail", "in quarantine", "mail", "quarantined"),
    ("letter", "failed", "letters", "failed"),
    ("letter", "that may have arrived", "letters", "ambiguous"),
    ("letter", "held", "letters", "held"),
    ("task", "overdue", "tasks", "overdue"),
    ("task", "that nobody has", "tasks", "unassigned"),
)


def board(found: Seen, before: Seen | None, at: str) -> list[str]:
    """The lines to show of a state, with what happened since the one before it; `at` is its time in words."""
    mail, letters, tasks = found["mail"], found["letters"], found["tasks"]
    rows = [
        HEADS,
        ("intake", str(mail["on_servers"]), "", _rate(found, before, lambda one: one["mail"]["total"])),
        ("routing", str(mail["waiting"]), _age(mail["oldest_seconds"]), _rate(found, before, _decided)),
        ("delivery", str(letters["waiting"]), _age(letters["oldest_seconds"]), _rate(found, before, _sent)),
        ("escalation", str(tasks["late_timers"]), _age(tasks["oldest_timer_seconds"]), ""),
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADS))]
    told = [
        f"{counted(found[part][name], what)} {words}"
        for what, words, part, name in _NEEDS_A_PERSON
        if found[part][name]
    ]
    return [
        f"Orgo {found['version']}  {at}  {_doors(found)}",
        "",
        *(
            "  ".join(_set(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        ),
        "",
        _so_far(mail, letters, tasks),
        *([", ".join(told)] if told else []),
        *(f"{name}: {sentence}" for name, sentence in found["troubles"].items()),
    ]


def _so_far(mail: Seen, letters: Seen, tasks: Seen) -> str:
    passed = f"{counted(mail['total'], 'mail')} in and {counted(letters['sent'], 'letter')} out"
    return f"{counted(tasks['open'], 'task')} open; so far {passed}"


def _set(cell: str, width: int) -> str:
    """Numbers stand at the right of their column."""
    return cell.rjust(width) if cell[:1].isdigit() or not cell else cell.ljust(width)


def _decided(one: Seen) -> int:
    return int(one["mail"]["total"] - one["mail"]["waiting"])


def _sent(one: Seen) -> int:
    return int(one["letters"]["sent"])


def _rate(found: Seen, before: Seen | None, number: Callable[[Seen], int]) -> str:
    if before is None:
        return ""
    seconds = (datetime.fromisoformat(found["at"]) - datetime.fromisoformat(before["at"])).total_seconds()
    return f"{max(0, number(found) - number(before)) / seconds:,.1f}" if seconds > 0 else ""


def _age(seconds: int) -> str:
    if seconds < 100:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 6_000 else f"{seconds // 3600} h"


def _doors(found: Seen) -> str:
    queue = found["queue"]
    doors = {name: "answers" if up else "does not answer" for name, up in found["listening"].items()}
    if queue["kind"] != "none":
        doors[queue["kind"]] = way_in(queue)
    return ", ".join(f"{name} {how}" for name, how in doors.items())


def way_in(queue: Seen) -> str:
    """How the broker receives Orgo."""
    if queue["answers"] and not queue["lets_in"]:
        return "does not let Orgo in"
    return "answers" if queue["answers"] else "does not answer"
