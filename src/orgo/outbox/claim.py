"""Letters are claimed, sent, settled; each step is committed by itself (design/reliability.md H7, M4).

`Letter.lease_until` with the number of the attempt is the fence: a sender that wakes up late can't settle a letter that
another has claimed since. A server that crashes may forget a claim, and no more than that: who has the letter then can't mark
its dot, and has sent nothing of it (docs/adr/0046-claims.md).
"""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Any

from django.db import models

from orgo.conf import sql
from orgo.lib import clock, turns
from orgo.lib.crash import crashpoint
from orgo.outbox.models import Letter

LEASE = timedelta(minutes=3)
DOT_LEASE = timedelta(
    minutes=12
)  # a courier waits ten for the answer after the dot (RFC 5321 section 4.5.3.2.6)
LOOK_EVERY = timedelta(seconds=5)
MINUTE = 60
WAITS = (
    0,
    1 * MINUTE,
    5 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    60 * MINUTE,
    120 * MINUTE,
    240 * MINUTE,
    480 * MINUTE,
)
# Both: what was held for days, or lay on a laptop that was closed, has as many tries as any other. So many take 40 to 48 hours.
GIVE_UP_AFTER, GIVE_UP_AT = timedelta(hours=48), 12
NO_WAY_OUT = "held: no smtp: server is configured"
MAYBE_SENT = "held: it may have left before the backup was restored"
# What else is to be known before a letter leaves.
_BESIDE = {
    "barred": "(SELECT reason FROM outbox_recipient WHERE address = outbox_letter.recipient AND suppressed_at IS NOT NULL)",
    "outlet_is_failing": "EXISTS (SELECT 1 FROM outbox_outlet AS way WHERE way.channel = outbox_letter.channel"
    " AND way.failing_since IS NOT NULL)",
}
# When this process last looked for letters of dead senders, by channel.
_looked: dict[str, datetime] = {}
# The channels where it found no letter last: there it looks before it claims, which costs a third.
_idle: set[str] = set()
_NEVER = datetime.min.replace(tzinfo=UTC)


def claim(limit: int, channel: str = "email") -> list[Letter]:
    """Up to `limit` letters of a channel that are due, leased to the caller; committed when this returns. None: no more are due.

    A letter whose sender died before the dot is simply due again. One that died in the dot is `ambiguous`: it may have
    arrived. Where its policy is `resend` it goes once more with the same bytes and stays marked; else it waits for a person.
    """
    now = clock.now()
    if _is_time_to_look(channel, now):
        _looked[channel] = now
        _give_back_late(channel, now)
    crashpoint("H6.before_claim")
    if channel in _idle and not _is_any_due(channel, now):
        return []
    due = _leased("turn <= %s", ("turn", "id"), limit, channel, now)
    # Then those of a flood, whose turn is still to come.
    due = due or _leased("turn > %s", ("next_attempt_at", "id"), limit, channel, now)
    (_idle.discard if due else _idle.add)(channel)
    return due


def _is_any_due(channel: str, now: datetime) -> bool:
    # In an order, or a server that remembers them all waiting reads the whole table for the first one.
    due = "WHERE state = 'pending' AND channel = %s AND next_attempt_at <= %s ORDER BY next_attempt_at, id LIMIT 1"
    return bool(sql.found(Letter, ("id",), due, [channel, sql.instant(now)]))


def _is_time_to_look(channel: str, now: datetime) -> bool:
    """Whether letters of dead senders are to be looked for: it costs as much as a claim, and their leases are minutes."""
    return abs(now - _looked.get(channel, _NEVER)) > LOOK_EVERY


def _leased(which: str, order: tuple[str, str], limit: int, channel: str, now: datetime) -> list[Letter]:
    """Letters that nobody has, each leased to the caller with one attempt more; committed when this returns."""
    rows = sql.take(
        Letter,
        f"WHERE state = 'pending' AND channel = %s AND {which} AND next_attempt_at <= %s "
        # The limit stands in the text: without a number PostgreSQL plans a prepared statement anew each time.
        f"ORDER BY {', '.join(order)} LIMIT {limit:d}",
        [channel, turns.at(now), sql.instant(now)],
        "state = 'claimed', lease_until = %s, attempts = attempts + 1",
        [sql.instant(now + LEASE)],
        _BESIDE,
    )
    return sorted(rows, key=attrgetter(*order))


def give_back(letters: list[Letter]) -> None:
    """Letters that nothing was tried with may leave again at once. Their attempts stay counted: that number is the fence."""
    now = clock.now()
    for letter in letters:
        _mine(letter).filter(state="claimed").update(state="pending", lease_until=None, next_attempt_at=now)


def _give_back_late(channel: str, now: datetime) -> None:
    """Letters of senders that died or hang."""
    late = Letter.objects.filter(channel=channel, state__in=("claimed", "dot"), lease_until__lt=now)
    if not late.exists():
        return
    late.filter(state="claimed").update(state="pending", lease_until=None, next_attempt_at=now)
    again = late.filter(state="dot", repeat="resend", repeated=False)
    again.update(state="pending", repeated=True, lease_until=None, next_attempt_at=now)
    late.filter(state="dot").update(
        state="ambiguous",
        lease_until=None,
        settled_at=now,
        server_reply="no answer after the last dot: it may have arrived",
    )
    crashpoint("H6.after_give_back")


def mark_dot(letter: Letter) -> bool:
    """Commit that the letter's last byte is about to leave, and lease it for as long as the answer may take.

    False when somebody else has the letter now.
    """
    crashpoint("H7.before_mark")
    lease = clock.now() + DOT_LEASE
    if not _settled(letter, "state = 'dot', lease_until = %s", [sql.instant(lease)]):
        return False
    letter.lease_until = lease
    return True


def settle_sent(letter: Letter, reply: str) -> None:
    """The server has taken it: keep its own words as the proof."""
    crashpoint("H7.before_settle")
    now = sql.instant(clock.now())
    _settled(
        letter, "state = 'sent', server_reply = %s, settled_at = %s, lease_until = NULL", [reply[:500], now]
    )
    crashpoint("H7.after_settle")


def settle_ambiguous(letter: Letter, reason: str) -> None:
    """The answer after the dot is not known: once more with the same bytes where that is the policy, else to a person."""
    if letter.repeat == "resend" and not letter.repeated:
        _put_off(letter, repeated=True)
    else:
        _mine(letter).update(
            state="ambiguous", server_reply=reason[:500], settled_at=clock.now(), lease_until=None
        )


def settle_later(letter: Letter, reason: str) -> bool:
    """It could not be sent now: try again later. False when it has been tried long enough and is to fail."""
    if clock.now() - letter.date > GIVE_UP_AFTER and letter.attempts >= GIVE_UP_AT:
        return False
    _put_off(letter, server_reply=reason[:500])
    return True


def _put_off(letter: Letter, **values: Any) -> None:
    """Until its next attempt it is nobody's turn: letters that are due are found without looking at it."""
    at = _later(letter)
    _mine(letter).update(state="pending", lease_until=None, next_attempt_at=at, turn=turns.at(at), **values)


def settle_failed(letter: Letter, reason: str) -> bool:
    """It can't be delivered. True when this call settled it (then a person is to be told)."""
    return bool(
        _mine(letter).update(
            state="failed", server_reply=reason[:500], settled_at=clock.now(), lease_until=None
        )
    )


def release_held() -> int:
    """A way out is configured now: letters that were held for want of one may go. Returns how many."""
    return _let_go(Letter.objects.filter(state="held", maybe_sent=False))


def held_as_maybe_sent() -> "models.QuerySet[Letter]":
    """Letters that may have left after the backup that was restored, and wait for a person's word."""
    return Letter.objects.filter(state="held", maybe_sent=True)


def release_maybe_sent(*, can_send: bool) -> int:
    """Let those go; without a way out letters by mail stay held for the want of one. Returns how many may leave."""
    there = held_as_maybe_sent()
    if not can_send:
        there.filter(channel="email").update(maybe_sent=False, server_reply=NO_WAY_OUT)
    return _let_go(there)


def cancel_maybe_sent() -> int:
    """They had left, or nobody misses them. Returns how many."""
    reason = "may have left before the backup was restored: not sent again"
    return held_as_maybe_sent().update(state="cancelled", server_reply=reason, settled_at=clock.now())


def _let_go(letters: "models.QuerySet[Letter]") -> int:
    return letters.update(state="pending", next_attempt_at=clock.now(), server_reply="")


def next_due() -> datetime | None:
    """When the next letter is due, if any waits."""
    waiting = Letter.objects.filter(state="pending", next_attempt_at__isnull=False).order_by(
        "next_attempt_at"
    )
    return waiting.values_list("next_attempt_at", flat=True).first()


def _settled(letter: Letter, to: str, values: list[Any]) -> bool:
    """`_mine`, updated by a plain statement: it is done twice for every letter."""
    mine = "id = %s AND attempts = %s AND lease_until = %s AND state IN ('claimed', 'dot')"
    statement = f"UPDATE outbox_letter SET {to} WHERE {mine}"  # noqa: S608 - of this file
    return bool(sql.run(statement, [*values, letter.pk, letter.attempts, sql.instant(letter.lease_until)]))


def _mine(letter: Letter) -> "models.QuerySet[Letter]":
    return Letter.objects.filter(
        pk=letter.pk,
        attempts=letter.attempts,
        lease_until=letter.lease_until,
        state__in=["claimed", "dot"],
    )


def _later(letter: Letter, spread: Callable[[], float] = random.random) -> datetime:
    """Back-off with jitter: 0, 1, 5, 15, 30 min, 1, 2, 4, 8 h, each up to a fifth longer."""
    wait = WAITS[min(letter.attempts, len(WAITS) - 1)]
    return clock.now() + timedelta(seconds=wait * (1 + spread() / 5))
