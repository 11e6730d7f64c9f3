"""A letter's turn: what is urgent before all else, and of the rest nobody's flood before another's letter (lib/turns.py)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from orgo.conf import sql
from orgo.lib.turns import at, turns
from orgo.outbox.models import Letter

# What must reach somebody although mail can't: levels that fired, and Orgo's own alarms.
URGENT = ("escalated", "alarm")
# Turns of what is urgent are below 0, all others are above it: milliseconds since 1970 are fewer.
_EARLIER = 10**14


def line_up(rows: Sequence[dict[str, Any]], now: datetime) -> None:
    """Give each of these new letters (its columns) its `turn`."""
    for urgent in (True, False):
        alike = [row for row in rows if (row["kind"] in URGENT) == urgent]
        first = at(now) - (_EARLIER if urgent else 0)
        recipients = [row["recipient"] for row in alike]
        waiting = f"state = 'pending' AND turn {'<' if urgent else '>='} 0"
        last = sql.last_of(Letter, "recipient", set(recipients), "turn", waiting)
        for row, turn in zip(alike, turns(recipients, last, first), strict=True):
            row["turn"] = turn
