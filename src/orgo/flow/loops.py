"""Machines that keep each other talking are left alone: at most five mails, then silence and one notice (RFC 3834).

What says that it is a machine is never answered (message/machine.py, and X-Orgo-Loop of our own letters, which travels on
through other Orgos). This is for those that say nothing: every mail is still kept, on its task where it has one.
"""

from datetime import timedelta

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


def goes_on_and_on(mail: Mail, state: TaskState, unit: Unit) -> bool:
    """Whether the mail's sender has written so often on this task that nobody is to be told or answered any more.

    Who cares for the task hears of it, once a day.
    """
    same = Mail.objects.filter(task=state.id, outcome="joined", from_address=mail.from_address)
    times = list(same.filter(decided_at__gt=unit.now - DAY).values_list("decided_at", flat=True))
    times += [row.decided_at for row in unit.mails.values() if _joined(row, mail, state)]
    hour = sum(1 for at in times if at is not None and at > unit.now - HOUR)
    if hour < MOST_AN_HOUR and len(times) < MOST_A_DAY:
        return False
    if not Letter.objects.filter(task=state.id, kind="loop", date__gt=unit.now - DAY).exists():
        data = {"recipient": mail.from_address}
        unit.tell(state, Notice("loop", ("caretaker",), state.seq, data=data))
    return True


def _joined(row: Mail, mail: Mail, state: TaskState) -> bool:
    return (row.outcome, row.task, row.from_address) == ("joined", state.id, mail.from_address)


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
