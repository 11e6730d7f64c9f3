"""The small interfaces through which the task's stage is used and uses others."""

from typing import Protocol

from orgo.task.values import Outcome, Planner, TaskState


class Unit(Protocol):
    """The unit of work as the one door sees it: knows the states, gathers what came of the commands, writes at the end."""

    planner: Planner

    def state(self, task: int) -> TaskState | None:
        """The task's state as of now, what was gathered included; locked until the flush."""
        ...

    def gather(self, state: TaskState, outcome: Outcome) -> None:
        """Take over the events and notices of one command and the state that they led to."""
        ...
