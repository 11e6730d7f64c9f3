"""A rule as a value: when it fits, and what it then says (pure)."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

import msgspec

from orgo.lib.durations import Duration
from orgo.lib.hours import Span
from orgo.rules.conditions import Condition
from orgo.rules.facts import Facts

Visibility = Literal["private", "team", "organization", "public"]
STRICTEST: tuple[Visibility, ...] = ("private", "team", "organization", "public")
Mode = Literal["on", "shadow", "off"]


class Level(msgspec.Struct, frozen=True):
    """A step of the escalation as a rule writes it."""

    after: Duration
    to: str | None = None
    notify: tuple[str, ...] = ()
    until: Literal["acknowledged", "completed"] = "completed"


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule says of the mail; what it does not say is None or empty."""

    route_to: str | None = None
    type: str | None = None
    priority: str | None = None
    due: Duration | None = None
    calendar: str | None = None
    acknowledge: str | None = None
    levels: tuple[Level, ...] = ()
    labels: tuple[str, ...] = ()
    attach: tuple[str, ...] = ()
    notify: tuple[str, ...] = ()
    visibility: Visibility | None = None
    anonymize: bool = False


@dataclass(frozen=True)
class Active:
    """When a rule is in force: from a date, until a date (both included), in these hours of the week."""

    start: date | None = None
    end: date | None = None
    hours: tuple[Span, ...] = ()

    def at(self, local: datetime | None) -> bool:
        """Whether it is at this local time; without a time it is."""
        if local is None:
            return True
        if (self.start and local.date() < self.start) or (self.end and local.date() > self.end):
            return False
        minute = local.hour * 60 + local.minute
        return not self.hours or any(
            s.day == local.weekday() and s.start <= minute < s.end for s in self.hours
        )


@dataclass(frozen=True)
class Example:
    """A test that stands in a rule: a mail (as it is written, and as arguments of Facts), and what must come out."""

    given: dict[str, Any]
    facts: dict[str, Any]
    match: bool
    fields: dict[str, str]
    line: int


@dataclass(frozen=True)
class Rule:
    """One rule of the file. `line` is where it stands; `places` are the (line, column) of its keys, for messages."""

    name: str
    condition: Condition
    action: Action
    unless: Condition | None = None
    active: Active | None = None
    mode: Mode = "on"
    stop: bool = False
    examples: tuple[Example, ...] = ()
    line: int = 0
    places: dict[str, tuple[int, int]] = field(default_factory=dict)

    def fits(self, facts: Facts) -> bool:
        """Whether the rule wants this mail."""
        if self.active is not None and not self.active.at(facts.local):
            return False
        return self.condition.holds(facts) and not (self.unless is not None and self.unless.holds(facts))
