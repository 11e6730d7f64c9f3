"""Machines that keep each other talking are left alone: at most five mails, then silence and one notice (RFC 3834).

What says that it is a machine is never answered (message/machine.py, and X-Orgo-Loop of our own letters, which travels on
through other Orgos). This is for those that say nothing: every mail is still kept, on its task where it has one.
"""

from datetime import datetime, timedelta

from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet

from orgo.audit.models import Event
from orgo.flow.alarms import alarm
from orgo.flow.unit import Unit
from orgo.intake.models import Mail
from orgo.outbox.models import STATES as LETTER_STATES
from orgo.outbox.models import Letter
from orgo.task.values import Notice, TaskState

MOST_AN_HOUR = 5
MOST_A_DAY = 20
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
AT_ONCE = timedelta(minutes=10)


def put_off_until(mail: Mail, state: TaskState, asks: str, unit: Unit) -> datetime | None:
    """Until when nobody is told of this mail, nor its sender answered, because that address writes on and on; else None.

    What the mail asks for (`asks`) is done all the same. Who has asked for different things is a person, and may write
    twenty mails a day; of all others it is five an hour. Who cares for the task hears of it, once a day.
    """
    same = Mail.objects.filter(task=state.id, outcome="joined", from_address=mail.from_address)
    found = dict(same.filter(decided_at__gt=unit.now - DAY).values_list("pk", "decided_at"))
    found |= {row.pk: row.decided_at for row in unit.mails.values() if _joined(row, mail, state)}
    times = sorted(at for at in found.values() if at is not None and at > unit.now - DAY)
    hour = [at for at in times if at > unit.now - HOUR]
    if len(times) >= MOST_A_DAY:
        until = times[-MOST_A_DAY] + DAY
    elif len(hour) >= MOST_AN_HOUR and not _asked_for_different_things(mail, state, asks, unit):
        until = hour[-MOST_AN_HOUR] + HOUR
    else:
        return None
    if not Letter.objects.filter(task=state.id, kind="loop", date__gt=unit.now - DAY).exists():
        data = {"recipient": mail.from_address}
        unit.tell(state, Notice("loop", ("caretaker",), state.seq, data=data))
    return until


def _joined(row: Mail, mail: Mail, state: TaskState) -> bool:
    return (row.outcome, row.task, row.from_address) == ("joined", state.id, mail.from_address)


def _asked_for_different_things(mail: Mail, state: TaskState, asks: str, unit: Unit) -> bool:
    """No machine says "take" in one mail and "done" in the next, or tells something and then asks for something."""
    comments = Event.objects.filter(task=state.id, type="task.commented", actor=mail.from_address)
    asked = {
        data.get("asks", "") for data in comments.filter(at__gt=unit.now - DAY).values_list("data", flat=True)
    }
    asked |= {
        event.data.get("asks", "")
        for event in unit.gathered(state.id)
        if event.type == "task.commented" and event.actor.address == mail.from_address
    }
    return len(asked | {asks}) > 1


def echoing(mail: Mail, hearers: tuple[str, ...], unit: Unit) -> tuple[str, ...]:
    """The addresses that the task of this new mail is not to write to by itself: they answer each letter by a new mail.

    The mail's sender is one when the mail is its fifth within a day that came at once after a letter to it, or that
    quotes a link of ours; then those of `hearers` of whom the same is true are left out as well, for two machines may
    answer each other. The administrators hear of it, once a day. Empty for everybody else.
    """
    sender = mail.from_address
    if sender not in hearers and sender not in unit.house.directory.people:
        return ()
    if _link(unit) not in mail.text and not _letters(sender, unit.now - AT_ONCE).exists():
        return ()
    if _rounds(sender, unit) < MOST_AN_HOUR:
        return ()
    _tell_administrators(sender, unit)
    return (sender, *(one for one in hearers if one != sender and _rounds(one, unit) >= MOST_AN_HOUR))


def _link(unit: Unit) -> str:
    return f"{unit.house.public_url}/tasks/"


def _letters(recipient: str, since: datetime) -> QuerySet[Letter]:
    # All states, so that the index by state and date is of use.
    return Letter.objects.filter(state__in=LETTER_STATES, date__gte=since, recipient=recipient)


def _rounds(address: str, unit: Unit) -> int:
    """How many new mails of the last day the address sent at once after a letter to it, or quoting one.

    The ids of mails and letters grow with time: they say what came before what (docs/adr/0001-ids.md).
    """
    link = _link(unit)
    quotes = ExpressionWrapper(Q(text__contains=link), output_field=BooleanField())
    opened = Mail.objects.filter(outcome="opened", decided_at__gt=unit.now - DAY, from_address=address)
    mails = list(opened.annotate(quotes=quotes).values_list("id", "received_at", "quotes"))
    mails += [
        (row.pk, row.received_at, link in row.text)
        for row in unit.mails.values()
        if row.from_address == address and row.outcome in ("", "opened")
    ]
    letters = list(_letters(address, unit.now - DAY).values_list("id", "date", "settled_at"))
    count, before = 0, 0
    for id, at, quoting in sorted(set(mails)):
        told = any(before < letter < id and (sent or made) >= at - AT_ONCE for letter, made, sent in letters)
        count, before = count + (told or quoting), id
    return count


def _tell_administrators(sender: str, unit: Unit) -> None:
    what = f"loop {sender}"
    told = Event.objects.filter(type="alarm.raised", at__gt=unit.now - DAY, data__what=what)
    if not told.exists():
        values = {"who": sender, "link": unit.house.public_url}
        alarm(what, "loop_stopped", lambda language: values, unit.house)
