"""The one door: commands come in, events and notices go to the unit of work. Pages, API, mail and clock all enter here."""

from collections.abc import Iterable

from orgo.task.commands import Command, Open
from orgo.task.ports import Unit
from orgo.task.state import decide
from orgo.task.values import Outcome


def handle(commands: Iterable[Command], unit: Unit) -> list[Outcome]:
    """Decide on each command in order and gather what came of it in `unit`.

    Returns an Outcome a command; one with `refused` changed nothing. Nothing is written before `unit.flush()`.
    """
    return [_one(command, unit) for command in commands]


def _one(command: Command, unit: Unit) -> Outcome:
    state = None if isinstance(command, Open) else unit.state(command.task)
    outcome = decide(state, command, unit.planner)
    if outcome.events:
        assert outcome.after is not None
        unit.gather(outcome.after, outcome)
    return outcome
