"""The canary: a probe mail through the real servers and back. One that does not come home is an alarm by every way there is."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction

from orgo.audit.models import Event, record
from orgo.conf.config import Canary
from orgo.flow import words
from orgo.flow.alarms import alarm, letter_of
from orgo.flow.house import House, open_house
from orgo.intake.models import Mailbox
from orgo.lib import clock
from orgo.lib.crash import crashpoint
from orgo.lib.durations import Duration
from orgo.message import Message
from orgo.outbox.models import Letter
from orgo.outbox.token import Claim

_ID = re.compile(r"<([0-9]{1,20})\.(canary|probe)\.([0-9a-z]{26})@[^<>@\s]+>", re.ASCII | re.IGNORECASE)
KIND, BY_HAND = "canary", "probe"
WAITS = ("pending", "claimed", "dot", "held")
_REFERENCE = "CANARY"  # in place of a task's, so that the address is as long as an answer's


def came_home(message: Message, house: House) -> int | None:
    """The number of the canary that this mail is, None where it is none of ours."""
    return _signed(message, house, KIND)


def is_by_hand(message: Message, house: House) -> bool:
    """Whether this mail is a probe that somebody sent (`orgo mailbox test --send`)."""
    return _signed(message, house, BY_HAND) is not None


def _signed(message: Message, house: House, kind: str) -> int | None:
    found = _ID.fullmatch(message.message_id)
    if found is None or found[2].lower() != kind:
        return None
    return int(found[1]) if house.signer.holds(Claim(kind, found[3], "mid"), found[1]) else None


def note_arrival(number: int) -> None:
    """Remember that a canary is back; called in the transaction that decides its mail."""
    record("canary.arrived", actor="", actor_kind="system", letter=number)
    crashpoint("canary.arrived")


def watch(canary: Canary, address: str, house: House | None = None) -> int:
    """Send one when it is time, raise the alarm for one that is late, and say when it is well again; returns what was done.

    `address` is the mailbox's. Several processes may call this: the mailbox's row is the lock.
    """
    house = house or open_house()
    with transaction.atomic():
        Mailbox.objects.get_or_create(name=canary.mailbox)
        Mailbox.objects.select_for_update().get(name=canary.mailbox)
        done = _watch(canary, address, house, clock.now())
        crashpoint("canary.before_commit")
    crashpoint("canary.after_commit")
    return done


def _watch(canary: Canary, address: str, house: House, now: datetime) -> int:
    last = Letter.objects.filter(kind=KIND).order_by("-id").first()
    done = 0
    if last is not None:
        done += _judge(last, last.date + _span(canary.within) <= now, canary, house)
    # One that still waits to leave is told of as late; a second one beside it would only come as a flock later.
    if last is None or (last.state not in WAITS and last.date + _span(canary.every) <= now):
        done += _send(address, house, now)
    return done


def _judge(last: Letter, late: bool, canary: Canary, house: House) -> int:
    """Whether the last one is back, and whether somebody is to hear of it."""
    lost = _newest("canary.lost")
    if _newest("canary.arrived") >= last.id:
        if lost > _newest("canary.well"):
            record("canary.well", actor="", actor_kind="system", letter=last.id)
            alarm("canary", "canary_well", lambda language: {"title": canary.mailbox}, house, by_hook=True)
            return 1
        return 0
    if not late or lost > _newest("canary.well"):
        return 0
    record("canary.lost", actor="", actor_kind="system", letter=last.id)
    alarm(
        "canary", "canary_lost", lambda language: _values(last, canary, house, language), house, by_hook=True
    )
    return 1


def _newest(kind: str) -> int:
    """The canary that the newest event of this kind is about, 0 where there is none."""
    found = Event.objects.filter(type=kind).order_by("-at", "-id").first()
    return int(found.data["letter"]) if found is not None else 0


def _values(last: Letter, canary: Canary, house: House, language: str) -> dict[str, str]:
    zone = ZoneInfo(house.config.organization.zone)
    said = "canary_" + (last.state if last.state in ("sent", "failed") else "waits")
    return {
        "title": canary.mailbox,
        "who": last.recipient,
        "opened": words.instant(last.date, zone, language),
        "due": words.instant(last.date + _span(canary.within), zone, language),
        "status": words.said(said, language, reply=last.server_reply),
        "next": words.said("canary_plus", language) if "+" in last.recipient else "",
    }


def _send(address: str, house: House, now: datetime) -> int:
    letter = probe(address, house, KIND, record("canary.sent", actor="", actor_kind="system").pk)
    crashpoint("canary.before_letter")
    letter.save(force_insert=True)
    return 1


def probe(address: str, house: House, kind: str = BY_HAND, event: int = 0) -> Letter:
    """A probe mail to a mailbox's address, which is known when it comes home. It is not saved."""
    text = "This mail is Orgo's own: it sees whether mail arrives. Nobody needs to do anything.\n"
    letter = letter_of(event, _as_answers_come(address, house), "Orgo's probe mail", text, house)
    signature = house.signer.sign("mid", kind, str(letter.id)).lower()
    letter.kind, letter.message_id = kind, f"<{letter.id}.{kind}.{signature}@{house.domain}>"
    return letter


def _as_answers_come(address: str, house: House) -> str:
    """The address with a signed plus tag where answers come to it: a server that loses those would lose all of them."""
    return house.reply_to(_REFERENCE, address) if address == house.reply_base else address


def tried_as_answers(address: str) -> tuple[datetime | None, bool]:
    """When the last probe mail went to `address` with a plus tag, None if never, and whether one is home since it was lost.

    A first one that is still on its way is not home.
    """
    local, _, domain = address.partition("@")
    sent = Letter.objects.filter(
        kind=KIND, recipient__startswith=f"{local}+", recipient__endswith=f"@{domain}"
    )
    first, last = sent.order_by("id").first(), sent.order_by("-id").first()
    if first is None or last is None:
        return None, False
    arrived = _newest("canary.arrived")
    return last.date, arrived >= first.id and arrived >= _newest("canary.lost")


def _span(length: Duration) -> timedelta:
    return timedelta(days=length.days, seconds=length.seconds)
