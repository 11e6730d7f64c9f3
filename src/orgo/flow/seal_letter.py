"""The trail's newest seal, mailed once a day to somebody outside, so that nobody here can write the trail anew unseen."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import transaction

from orgo import dispatch
from orgo.audit.models import Event, Seal, record
from orgo.flow import words
from orgo.flow.alarms import alarm, letter_of
from orgo.flow.daily import last_hour
from orgo.flow.house import House, open_house
from orgo.lib import clock
from orgo.outbox.compose import compose
from orgo.outbox.models import Letter

KIND = "seal"


def mail_seal(house: House | None = None) -> int:
    """Write those who keep the seals one letter a day, the first at once; returns how many were written.

    Any number of processes may call this.
    """
    house = house or open_house()
    keepers = tuple(dict.fromkeys(house.config.audit.seal_to))
    hour = last_hour(ZoneInfo(house.config.organization.zone), clock.now())
    if not keepers or _was_mailed(hour):
        return 0
    with transaction.atomic():
        # One at a time, by the row that is always there: another clock may have been quicker.
        first = Seal.objects.select_for_update().filter(number=1).first()
        if first is None or _was_mailed(hour):
            return 0
        _write(keepers, Seal.objects.latest("number"), hour, house)
    return len(keepers)


def tell_of_loss(letter: Letter, reason: str, house: House) -> None:
    """Tell the administrators that a letter with a seal was not delivered; nothing for any other letter."""
    if letter.kind == KIND:
        values = {"who": letter.recipient, "status": reason}
        alarm("seal letter", "seal_failed", lambda language: values, house)


def _was_mailed(hour: datetime) -> bool:
    last = Event.objects.filter(type="seal.mailed").order_by("-at", "-id").first()
    return last is not None and datetime.fromisoformat(last.data["hour"]) >= hour


def _write(keepers: Sequence[str], seal: Seal, hour: datetime, house: House) -> None:
    organization = house.config.organization
    event = record(
        "seal.mailed", actor="", actor_kind="clock", hour=hour.isoformat(), seal=seal.number, to=list(keepers)
    )
    values = {
        "organization": organization.name,
        "level": str(seal.number),
        "facts": _facts(seal, organization.language),
    }
    said = compose(KIND, organization.language, values)
    for recipient in keepers:
        letter = letter_of(event.pk, recipient, said.subject, said.text, house, organization.language)
        letter.kind = KIND
        letter.save(force_insert=True)
    transaction.on_commit(lambda: dispatch.ring("delivery"))


def _facts(seal: Seal, language: str) -> str:
    found = {
        "seal_closed": f"{seal.at[:16].replace('T', ' ')} UTC",
        "seal_events": str(seal.last),
        "seal_hash": bytes(seal.hash).hex(),
        "seal_key": seal.key,
        "seal_check": f"orgo audit verify --seal {seal.number}:{bytes(seal.hash).hex()}",
    }
    return "\n".join(
        words.said("fact", language, name=words.said(name, language), value=value)
        for name, value in found.items()
    )
