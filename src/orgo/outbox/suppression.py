"""Addresses that bounce again and again get no more letters, until a person says that they work (DESIGN.md section 6)."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from orgo.audit.models import record
from orgo.conf import sql
from orgo.lib import clock
from orgo.lib.text import clip
from orgo.outbox.models import Letter, Recipient

WITHIN = timedelta(days=30)
ENOUGH = 3
# RFC 3463: the address is bad (5.1) or its mailbox closed (5.2.0, 5.2.1), or nobody says more (5.0); not a full mailbox,
# a server in trouble, or a refusal of what was written: a relay that is set up wrongly must not silence everybody.
_HARD = re.compile(r"5\.(?:[01]\.\d{1,3}|2\.[01])\Z")
_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")


def status_in(words: str) -> str:
    """The first status code (RFC 3463) in a server's words, "" where there is none."""
    found = _STATUS.search(words)
    return found[1] if found else ""


def note_bounce(letter: Letter, status: str) -> bool:
    """Keep that this letter came back with `status`. True when its address gets no more letters from now on."""
    Letter.objects.filter(pk=letter.pk).update(bounce=status[:12])
    if not _HARD.match(status):
        return False
    address = letter.recipient
    known = Recipient.objects.filter(pk=address).first()
    if known is not None and known.suppressed_at is not None:
        return False
    since = clock.now() - WITHIN
    if known is not None and known.lifted_at is not None:
        since = max(since, known.lifted_at)
    times = _hard_bounces(address, since)
    if times < ENOUGH:
        return False
    suppress(address, f"{times} times within {WITHIN.days} days: {status}")
    return True


def _hard_bounces(address: str, since: datetime) -> int:
    bounced = Letter.objects.filter(recipient=address, settled_at__gt=since).exclude(bounce="")
    return sum(1 for status in bounced.values_list("bounce", flat=True) if _HARD.match(status))


def suppress(address: str, reason: str) -> None:
    """Send no more letters to `address`, for this reason."""
    said = {"suppressed_at": clock.now(), "reason": clip(reason, 300), "lifted_at": None}
    Recipient.objects.update_or_create(address=address, defaults=said)
    record("address.suppressed", actor="", actor_kind="system", address=address, reason=clip(reason, 300))


def lift(address: str, by: str) -> bool:
    """Letters may go to `address` again. False when none were held back."""
    barred = Recipient.objects.filter(address=address.strip().lower(), suppressed_at__isnull=False)
    if not barred.update(suppressed_at=None, lifted_at=clock.now()):
        return False
    record("address.lifted", actor=by, address=address.strip().lower())
    return True


def suppressed() -> list[Recipient]:
    """All addresses that get no letters, the newest first."""
    return list(Recipient.objects.filter(suppressed_at__isnull=False).order_by("-suppressed_at"))


def reasons_for(addresses: Iterable[str]) -> dict[str, str]:
    """Which of these addresses get no letters, each with the reason."""
    columns = ("address", "reason", "suppressed_at")
    found = sql.among(Recipient, columns, "address", list(set(addresses)))
    return {address: reason for address, reason, since in found if since is not None}
