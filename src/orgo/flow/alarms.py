"""Alarms: what Orgo itself can't mend and a person must hear of, such as a mailbox that lets nobody in."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from django.db import transaction

from orgo import dispatch
from orgo.audit.models import record
from orgo.flow.house import House
from orgo.lib import clock, ids
from orgo.lib.text import clean_header, clean_text, clip
from orgo.outbox.claim import NO_WAY_OUT
from orgo.outbox.compose import compose
from orgo.outbox.models import Letter

Say: TypeAlias = Callable[[str], tuple[str, str]]


def alarm(
    what: str, kind: str, values: Callable[[str], Mapping[str, str]], house: House, *, by_hook: bool = False
) -> int:
    """Tell the administrators, each in the own language, by mail; and by webhook when mail can't leave (flow/hooks.py).

    `what` names the thing in the trail ("mailbox info@x.example", "canary"), `kind` the letter (outbox/letters), and
    `values` gives what fills its placeholders in "en" or "fr". Who raises an alarm sees to it that one trouble is one
    alarm. `by_hook` is for one that says that mail does not arrive: the webhooks hear it at once. Returns how many
    letters were made.
    """

    def say(language: str) -> tuple[str, str]:
        said = compose(kind, language, values(language))
        return said.subject, said.text

    with transaction.atomic():
        event = record("alarm.raised", actor="", actor_kind="system", what=clip(what, 200))
        to = [*house.directory.reach(house.directory.administrators(), clock.now())]
        to += house.alarm_hooks() if by_hook else ()
        Letter.objects.bulk_create(_letter(event.pk, recipient, say, house) for recipient in to)
        transaction.on_commit(lambda: dispatch.ring("delivery"))
    return len(to)


def _letter(event: int, recipient: str, say: Say, house: House) -> Letter:
    language = house.directory.language_of(recipient, house.config.organization.language)
    return letter_of(event, recipient, *say(language), house, language)


def letter_of(
    event: int, recipient: str, subject: str, text: str, house: House, language: str = "en"
) -> Letter:
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
        language=language,
        message_id=f"<{number}.alarm@{house.domain}>",
        date=clock.now(),
        sender="" if hook else house.return_path(number),
        subject=clip(clean_header(subject), 200),
        text=text,
        headers=facts if hook else marks,
        state="pending" if can_leave else "held",
        next_attempt_at=clock.now(),
        server_reply="" if can_leave else NO_WAY_OUT,
    )
