"""Machines that keep each other talking are left alone: at most five mails, then silence and one notice (RFC 3834).

What says that it is a machine is never answered (message/machine.py, and X-Orgo-Loop of our own letters, which travels on
through other Orgos). This is for those that say nothing: every mail is still kept, on its task where it has one.
"""

from datetime import datetime, timedelta

from django.db.models import Q

from orgo.audit.models import Event
from orgo.flow.alarms import alarm
from orgo.flow.unit import Unit
from orgo.intake.models import Mail
from orgo.message import Message
from orgo.outbox.models import Letter
from orgo.task.values import Notice, TaskState

HEADER = "X-Orgo-Loop"
MOST_AN_HOUR = 5
MOST_A_DAY = 20
MOST_MARKS = 5
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def marks_of(message: Message) -> tuple[str, ...]:
    """The marks of the Orgos that a mail, or what it answers, has passed."""
    values = [value for name, value in message.headers if name.lower() == HEADER.lower()]
    return tuple(dict.fromkeys(" ".join(values).split()))[:MOST_MARKS]


def put_off_until(mail: Mail, state: TaskState, asks: str, unit: Unit) -> datetime | None:
    """Until when nobody is told of this mail, nor its sender answered, because that address writes on and on; else None.

    What the mail asks for (`asks`) is done all the same. Who has asked for different things is a person, and may write
    twenty mails a day; of all others it is five an hour. Who cares for the task hears of it, once a day.
    """
    same = Mail.objects.filter(task=state.id, outcome="joined", from_address=mail.from_address)
    found = list(same.filter(decided_at__gt=unit.now - DAY).values_list("decided_at", flat=True))
    found += [row.decided_at for row in unit.mails.values() if _joined(row, mail, state)]
    times = sorted(at for at in found if at is not None)
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


def echoes(mail: Mail, route_to: str, unit: Unit) -> bool:
    """Whether this mail is one of a machine that sends back what Orgo writes to it, and has done so five times today.

    Such a mail quotes a link of ours, or is routed to its own sender; its task is opened, for it may be a person after
    all, but nobody is written to before its first level. The administrators hear of it, once a day.
    """
    link = f"{unit.house.public_url}/tasks/"
    if link not in mail.text and route_to != mail.from_address:
        return False
    opened = Mail.objects.filter(
        outcome="opened", decided_at__gt=unit.now - DAY, from_address=mail.from_address
    )
    before = opened.filter(Q(text__contains=link) | Q(decision__route_to=mail.from_address)).count()
    before += sum(1 for row in unit.mails.values() if _opened(row, mail))
    if before + 1 < MOST_AN_HOUR:
        return False
    _tell_administrators(mail.from_address, unit)
    return True


def _opened(row: Mail, mail: Mail) -> bool:
    return (row.outcome, row.from_address) == ("opened", mail.from_address) and row.pk != mail.pk


def _tell_administrators(sender: str, unit: Unit) -> None:
    what = f"loop {sender}"
    told = Event.objects.filter(type="alarm.raised", at__gt=unit.now - DAY, data__what=what)
    if not told.exists():
        values = {"who": sender, "link": unit.house.public_url}
        alarm(what, "loop_stopped", lambda language: values, unit.house)
