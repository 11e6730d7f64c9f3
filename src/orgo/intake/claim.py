"""Mail that waits for its decision is claimed with a lease, so that several workers never take the same one.

The attempt is counted and committed before the work, so that a mail that kills its worker is known by it.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import QuerySet

from orgo.conf import sql
from orgo.intake.blobs import AWAY_FOR
from orgo.intake.models import Mail
from orgo.intake.store import Mode
from orgo.lib import clock
from orgo.lib.crash import crashpoint

LEASE = timedelta(seconds=90)
HELD = AWAY_FOR
MOST_ATTEMPTS = 3
# A worker that was killed may not have been the mail's fault; five were.
MOST_DEATHS = 5
MOST_BYTES = 32_000_000
_IN_ORDER: tuple[Mode, ...] = ("work", "observe", "history")


def claim(limit: int) -> list[Mail]:
    """Up to `limit` undecided mails of at most MOST_BYTES together, in their turn, leased to the caller; committed then.

    Work goes first: thousands of old mails, of an archive or a mailbox that is only looked at, hold up none that is new.
    """
    now = clock.now()
    with transaction.atomic():
        rows: list[Mail] = []
        for mode in _IN_ORDER:
            rows += _waiting(mode, limit - len(rows), now) if len(rows) < limit else []
        rows = list(_that_fit(rows))
        sql.change(
            Mail, "lease_until = %s, attempts = attempts + 1", [now + LEASE], "id", [row.pk for row in rows]
        )
        crashpoint("H2.before_claim_commit")
    for row in rows:
        row.attempts += 1
    return rows


def _waiting(mode: Mode, limit: int, now: datetime) -> list[Mail]:
    """Undecided mails that nobody has leased, locked until the transaction ends; those that others are claiming are passed by."""
    lock = "FOR UPDATE SKIP LOCKED" if connection.features.has_select_for_update_skip_locked else ""
    return sql.select(
        Mail,
        "WHERE outcome = '' AND (lease_until IS NULL OR lease_until < %s) "
        f"AND mode = %s ORDER BY turn, id LIMIT {limit:d} {lock}",
        [sql.instant(now), mode],
    )


def _that_fit(rows: list[Mail]) -> Iterator[Mail]:
    """The first of these mails, as many as are read into memory together; always one.

    One that was claimed before and not decided goes alone: if it is what kills its workers, it takes no other with it.
    """
    room = MOST_BYTES
    for row in rows:
        if room < MOST_BYTES and (row.size > room or row.attempts):
            return
        room -= row.size
        yield row
        if row.attempts:
            return


def release(rows: list[Mail]) -> None:
    """Give mails back that could not be decided: they are free again at once, their attempts stay counted."""
    for row in rows:
        _mine(row).update(lease_until=None)


def give_back(rows: list[Mail]) -> None:
    """Give mails back that nothing was tried with: as if they had not been claimed."""
    for row in rows:
        _mine(row).update(lease_until=None, attempts=row.attempts - 1)


def hold(rows: list[Mail]) -> None:
    """Give mails back that can't be read for now, through no fault of theirs: nobody claims them for a while."""
    for row in rows:
        _mine(row).update(lease_until=clock.now() + HELD, attempts=row.attempts - 1)


def still_mine(row: Mail) -> Mail | None:
    """The mail as the database has it, or None where its lease ended and somebody else claimed it meanwhile."""
    return _mine(row).first()


def _mine(row: Mail) -> "QuerySet[Mail]":
    """The number of the attempt is the fence: whoever wakes up late changes nothing."""
    return Mail.objects.filter(pk=row.pk, outcome="", attempts=row.attempts)


def undecided() -> int:
    """How many mails wait for their decision."""
    return Mail.objects.filter(outcome="").count()
