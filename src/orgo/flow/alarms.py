"""Alarms: what Orgo itself can't mend and a person must hear of, such as a mailbox that lets nobody in."""

from django.db import transaction

from orgo import dispatch
from orgo.audit.models import record
from orgo.flow.house import House, open_house
from orgo.lib import clock, ids
from orgo.lib.text import clean_header, clean_text, clip
from orgo.outbox.compose import as_html
from orgo.outbox.models import Letter


def alarm(what: str, subject: str, text: str, house: House | None = None) -> int:
    """Tell the administrators, by mail; and by webhook when mail can't leave (flow/hooks.py).

    `what` names the thing in the trail ("mailbox info@x.example", "canary"). Who raises an alarm sees to it that one
    trouble is one alarm. Returns how many letters were made.
    """
    house = house or open_house()
    with transaction.atomic():
        event = record("alarm.raised", actor="", actor_kind="system", what=clip(what, 200))
        to = house.directory.reach(house.directory.administrators(), clock.now())
        rows = [letter_of(event.pk, recipient, subject, text, house) for recipient in to]
        Letter.objects.bulk_create(rows)
        transaction.on_commit(lambda: dispatch.ring("delivery"))
    return len(rows)


def letter_of(event: int, recipient: str, subject: str, text: str, house: House) -> Letter:
    """The row of an alarm's letter to an address or webhook."""
    number = ids.new_id()
    hook = recipient.startswith("webhook:")
    can_leave = hook or house.can_send
    facts = {"kind": "alarm", "link": house.public_url}
    marks = {"Auto-Submitted": "auto-generated", "X-Orgo-Loop": house.loop_mark}
    text = clean_text(text)
    return Letter(
        id=number,
        event=event,
        kind="alarm",
        channel="webhook" if hook else "email",
        recipient=recipient,
        message_id=f"<{number}.alarm@{house.domain}>",
        date=clock.now(),
        sender="" if hook else house.return_path(number),
        subject=clip(clean_header(subject), 200),
        text=text,
        html="" if hook else as_html(text),
        headers=facts if hook else marks,
        state="pending" if can_leave else "held",
        next_attempt_at=clock.now(),
        server_reply="" if can_leave else "held: no smtp: server is configured",
    )
