"""The sealer: gives events their journal numbers and closes them in signed blocks. Nothing waits for it.

Any number of processes may seal; the block's number is the lock: of two that make the same block one fails and has nothing to do.
"""

import json
from pathlib import Path

from django.db import IntegrityError, transaction

from orgo.audit import canon, journal
from orgo.audit.keys import SigningKey
from orgo.audit.models import Entry, Seal
from orgo.conf import sql
from orgo.lib import clock, ids
from orgo.lib.crash import crashpoint

MOST = 5_000
# An event's id is drawn before its transaction ends: one that took longer than this is found by `orgo audit verify`.
LATEST_COMMIT_MS = 3_600_000
HEAD = "audit.head"
_NOTHING = bytes(32)


def seal(key: SigningKey, var: Path, limit: int = MOST) -> int:
    """Seal one block of what is unsealed; returns how many events it holds. The head is written to var/audit.head."""
    try:
        with transaction.atomic():
            made = _block(key, limit)
            crashpoint("H12.before_commit")
    except IntegrityError:
        return 0
    if made is None:
        return 0
    crashpoint("H12.after_commit")
    _keep_head(made, var)
    return made.last - made.first + 1


def _block(key: SigningKey, limit: int) -> Seal | None:
    before = Seal.objects.order_by("-number").first()
    events = journal.unsealed(before.horizon if before else 0, limit)
    if not events:
        return None
    first = before.last + 1 if before else 1
    previous = bytes(before.hash) if before else _NOTHING
    leaves = [canon.leaf(first + place, event) for place, event in enumerate(events)]
    root = canon.root(leaves)
    numbered = enumerate(zip(events, leaves, strict=True), first)
    sql.insert(
        Entry, [{"number": place, "event": event[0], "hash": leaf} for place, (event, leaf) in numbered]
    )
    crashpoint("H12.after_entries")
    made = Seal(
        number=before.number + 1 if before else 1,
        first=first,
        last=first + len(events) - 1,
        root=root,
        previous=previous,
        key=key.id,
        at=journal.stamp(clock.now()),
        horizon=max(before.horizon if before else 0, ids.floor_of(events[-1][0], LATEST_COMMIT_MS)),
    )
    made.hash = canon.head(made.number, made.first, made.last, root, previous, made.at)
    made.signature = key.sign(bytes(made.hash))
    made.save(force_insert=True)
    return made


def _keep_head(made: Seal, var: Path) -> None:
    """Beside the database, so that a trail whose end was cut off is known by it."""
    file, new = var / HEAD, var / f"{HEAD}.{ids.new_id()}.new"
    words = {"seal": made.number, "last": made.last, "hash": bytes(made.hash).hex(), "at": made.at}
    new.write_text(json.dumps(words) + "\n")
    crashpoint("H12.before_head")
    new.replace(file)
