"""Whose turn it is: somebody who sends much stands behind everybody who sends little (pure).

Work that waits is taken in the order of its turns. A turn is the millisecond at which it came; where its owner has
something waiting already, a second behind that one's turn. So 100,000 mails that one sender pours in at once stand in
the row as if they came one a second, anybody else's mail stands among the first of them, and none waits for ever
(docs/adr/0015-turns.md).
"""

from collections.abc import Hashable, Mapping, Sequence
from datetime import datetime

APART = 1_000


def at(instant: datetime) -> int:
    """The turn of what comes at this instant and has nothing of its owner before it."""
    return int(instant.timestamp() * 1000)


def turns(owners: Sequence[Hashable], last: Mapping[Hashable, int], first: int) -> list[int]:
    """A turn for each of these, in their order.

    `owners` says whose each one is, `last` is the last turn of an owner's that waits, and `first` the turn of now.
    """
    known, found = dict(last), []
    for owner in owners:
        known[owner] = max(first, known[owner] + APART) if owner in known else first
        found.append(known[owner])
    return found
