"""After a backup came back: what was caused before that may have been told already, so its letters wait for a person.

The database is as it was at the backup's instant. What Orgo did from then on it does again: mail of those hours is fetched
again, levels that fell due in them fire. Whether somebody heard of it then, nobody here can know.
"""

from datetime import datetime

from django.db import transaction

from orgo.audit.models import Event, record
from orgo.conf import sql
from orgo.outbox import claim
from orgo.outbox.models import Letter

RESTORED, RELEASED = "backup.restored", "backup.released"


def doubted_until() -> datetime | None:
    """What was caused before this instant may have been told already; None where nothing is in doubt (any more)."""
    which = "WHERE type IN (%s, %s) ORDER BY at DESC, id DESC LIMIT 1"
    last = sql.found(Event, ("type", "at"), which, (RESTORED, RELEASED))
    return next((at for type, at in last if type == RESTORED), None)


def doubt(letter: Letter) -> None:
    """Hold this letter, which is not written yet."""
    letter.state, letter.maybe_sent, letter.server_reply = "held", True, claim.MAYBE_SENT


def release(actor: str, *, cancel: bool, can_send: bool) -> int:
    """A person has looked: the letters leave, or with `cancel` they never do, and nothing is in doubt from here on.

    Both or neither: no letter leaves of which the trail does not say who let it go. Returns how many leave or are cancelled.
    """
    with transaction.atomic():
        count = claim.cancel_maybe_sent() if cancel else claim.release_maybe_sent(can_send=can_send)
        record(RELEASED, actor=actor, letters=count, cancelled=cancel)
    return count
