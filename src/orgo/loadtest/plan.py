"""What a load test does (pure)."""

from typing import Literal

import msgspec

from orgo.loadtest import mails

STORM = "storm@people.example"
Via = Literal["smtp", "api", "db"]


class Plan(msgspec.Struct, frozen=True):
    """How much, how fast, by which way in, and how many processes decide.

    `rate` is mails a second, None for as fast as they are taken; `hostile` the share of mails made to harm a reader, 0
    to 1; `patience` the seconds that the rest may take once all mails are in. `storm` is how many more mails one sender
    pours in among the others.
    """

    mails: int = 1000
    rate: float | None = None
    via: Via = "smtp"
    hostile: float = 0.05
    senders: int = 500
    rules: int = 1000
    workers: int = 2
    floor: bool = False
    patience: float = 1800.0
    storm: int = 0

    @property
    def total(self) -> int:
        """All mails, the storm's among them."""
        return self.mails + self.storm

    def sender(self, number: int) -> str:
        """Who hands the mail in."""
        return STORM if self._is_the_storms(number) else mails.sender(number, self.senders)

    def _is_the_storms(self, number: int) -> bool:
        """The others' mails are spread evenly among the storm's."""
        return number * self.mails // self.total == (number + 1) * self.mails // self.total


class QueuePlan(msgspec.Struct, frozen=True):
    """A test of the broker: `tasks` pieces of work, a ring for every `batch` of them.

    `claim` is how many the job of a ring takes at most; None for what waits, as it is on any day.
    """

    tasks: int
    batch: int = 1
    claim: int | None = None
    workers: int = 2
    floor: bool = False
    patience: float = 1800.0
