"""What a load test does (pure)."""

from typing import Literal

import msgspec

Via = Literal["smtp", "api", "db"]


class Plan(msgspec.Struct, frozen=True):
    """How much, how fast, by which way in, and how many processes decide.

    `rate` is mails a second, None for as fast as they are taken; `hostile` the share of mails made to harm a reader, 0
    to 1; `patience` the seconds that the rest may take once all mails are in.
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


class QueuePlan(msgspec.Struct, frozen=True):
    """A test of the broker: `tasks` pieces of work, a ring for every `batch` of them."""

    tasks: int
    batch: int = 1
    workers: int = 2
    floor: bool = False
    patience: float = 1800.0
