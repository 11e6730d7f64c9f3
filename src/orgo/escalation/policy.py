"""What a task's escalation says: its levels, each with a delay and recipients, and the reminders before its deadline."""

from typing import Literal

import msgspec

from orgo.lib.durations import Duration


class Level(msgspec.Struct, frozen=True):
    """One step up, fired when nobody has acted for `after`, counted from the opening of the round.

    `to` is an address, a team's address, or one of the words supervisor, director, assignee, administrator; None is
    the supervisor of the task's team. `notify` are addresses that only hear. `until` says what ends the level.
    """

    after: Duration
    to: str | None = None
    notify: tuple[str, ...] = ()
    until: Literal["acknowledged", "completed"] = "completed"


class Policy(msgspec.Struct, frozen=True, cache_hash=True):
    """The levels in the order of their numbers (from 1), frozen into a task when it opens.

    `calendar` names the calendar that the delays count on; `remind_before` are times before the deadline; `v` is the
    version of this form, so that a policy frozen years ago is still understood.
    """

    levels: tuple[Level, ...] = ()
    calendar: str | None = None
    remind_before: tuple[Duration, ...] = ()
    v: int = 1
