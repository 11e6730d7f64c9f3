"""What `undo` takes back (pure): the last step of its author, but for what others have changed since."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from orgo.task.state import UNDO_WITHIN, fold
from orgo.task.values import Event

# What never is taken back by itself: words that were written, and what others or the clock did.
LASTING = frozenset(
    {"task.opened", "task.commented", "task.answered", "task.linked", "task.undone", "task.letter_failed"}
)


def last_step(events: Sequence[Event], author: str, now: datetime) -> list[Event]:
    """The last events of the author that can still be taken back: all those of one instant."""
    numbers = {event.data.get("of") for event in events if event.type == "task.undone"}
    undone = {event.at for event in events if event.seq in numbers}
    own = [e for e in events if e.actor.address == author and e.type not in LASTING and e.at not in undone]
    return [event for event in own if event.at == own[-1].at and now - event.at <= UNDO_WITHIN]


def taken_back(events: Sequence[Event], step: Sequence[Event]) -> tuple[dict[str, object], tuple[str, ...]]:
    """The values, before the step, of the fields that it changed; and the names of those that others changed since."""
    first, author = step[0].seq, step[0].actor.address
    earlier = fold(event for event in events if event.seq < first)
    assert earlier is not None
    changed = _fields(step) - {"timer"}
    others = _fields(event for event in events if event.seq > first and event.actor.address != author)
    before = {name: msgspec.to_builtins(getattr(earlier, name)) for name in sorted(changed - others)}
    return before, tuple(sorted(changed & others))


def _fields(events: Iterable[Event]) -> set[str]:
    return {name for event in events for name in event.data.get("set", {})}
