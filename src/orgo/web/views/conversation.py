"""What the task's page tells: the conversation, the timeline, who was told what. Read only."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from django.utils.translation import gettext as _

from orgo.audit.models import Event
from orgo.flow.arrival import oddities, senders_of
from orgo.flow.hidden import Hidden
from orgo.flow.house import House
from orgo.flow.storms import runs
from orgo.intake.models import Mail
from orgo.intake.queries import mails_of
from orgo.message import reply_text
from orgo.outbox.models import Letter
from orgo.outbox.queries import letters_of
from orgo.outbox.token import masked
from orgo.task.models import Note, Task

TO_OUTSIDE = frozenset({"received", "answer", "eta", "completed", "cancelled"})


class Item(msgspec.Struct):
    """One thing that was said: a mail that came, a note, or a letter that went to the requester.

    `quoted` is the whole text where it holds more than the words that were written now; `senders` are all whom a mail
    says that it is from, where they are several.
    """

    kind: str
    at: datetime
    who: str
    text: str
    quoted: str = ""
    mail: Any = None
    odd: Sequence[str] = ()
    letter: Any = None
    senders: str = ""


class Line(msgspec.Struct):
    """One line of the timeline."""

    at: datetime
    who: str
    what: str
    icon: str


def conversation(task: Task, house: House, hidden: Hidden) -> list[Item]:
    """All that was said about a task, the oldest first; of whom is `hidden` there only that somebody wrote."""
    mails = mails_of(task.pk)
    named = {mail.pk for mail in mails}
    if task.anonymize:
        # A report of what did not arrive names whom it was for; the timeline says that it did not.
        mails = [mail for mail in mails if mail.outcome != "bounce"]
        named = _mails_of_the_house(task, hidden, house)
    odd = oddities(mails)
    items = [
        _mail_item(mail, "" if mail.pk in named else _("the sender"), odd[mail.pk], house) for mail in mails
    ]
    items += [
        Item("note", note.at, _author(note, house, hidden), hidden.without(masked(note.text)))
        for note in Note.objects.filter(task=task.pk, kind="note")
    ]
    items += [
        Item(
            "letter",
            letter.date,
            house.config.organization.name,
            hidden.without(masked(letter.text)),
            letter=letter,
        )
        for letter in letters_of(task.pk)
        if letter.kind in TO_OUTSIDE and letter.state != "cancelled"
    ]
    return sorted(items, key=lambda item: item.at)


def _author(note: Note, house: House, hidden: Hidden) -> str:
    if note.author and note.author == hidden.requester:
        return _("the sender")
    return house.name_of(note.author) or "Orgo"


def _mails_of_the_house(task: Task, hidden: Hidden, house: House) -> set[int]:
    """The answers of those of the house, who are named on a task that leaves its sender out as on any other."""
    comments = Event.objects.filter(task=task.pk, type="task.commented", actor_kind="mail")
    return {
        row.data["mail"]
        for row in comments.filter(actor__in=list(house.directory.people))
        if not hidden.did(row.actor, "mail", row.seq or 0, row.data)
    }


def _mail_item(mail: Mail, instead: str, odd: Sequence[str], house: House) -> Item:
    who = instead or mail.from_name or house.name_of(mail.from_address) or _("unknown sender")
    whole = masked(mail.text)
    own = reply_text(whole) if mail.outcome == "joined" else whole
    quoted = whole if own.strip() != whole.strip() else ""
    senders = "" if instead else senders_of(mail)
    return Item("mail", mail.received_at, who, own, quoted, mail, odd, senders=senders)


def told(task: Task) -> list[Letter]:
    """Who was told what, with the server's own words."""
    return letters_of(task.pk)


def done_by(task: Task, house: House, hidden: Hidden) -> str:
    """Who said that a completed task is done (not always the one who had it in hand); "" for any other."""
    if task.state != "completed":
        return ""
    row = Event.objects.filter(task=task.pk, type="task.completed").order_by("-seq").first()
    return _actor(row, house, hidden) if row is not None else ""


def timeline(task: Task, house: House, hidden: Hidden) -> list[Line]:
    """What happened to the task, in plain words, the newest first."""
    rows = Event.objects.filter(task=task.pk).order_by("-seq")
    return [
        Line(
            row.at,
            _actor(row, house, hidden),
            _what(row, house, hidden, times),
            _ICONS.get(row.type, "check"),
        )
        for row, times in runs(rows)
    ]


def _actor(row: Event, house: House, hidden: Hidden) -> str:
    if row.actor_kind == "clock":
        return _("The clock")
    if row.actor_kind == "rule":
        return _("Rule “%s”") % row.actor
    if row.actor_kind == "system" or not row.actor:
        return "Orgo"
    if hidden.did(row.actor, row.actor_kind, row.seq or 0, row.data):
        return _("The sender")
    return house.name_of(row.actor)


_ICONS = {
    "task.opened": "inbox",
    "task.routed": "route",
    "task.assigned": "user",
    "task.acknowledged": "hand",
    "task.eta_given": "timer",
    "task.waiting": "pause",
    "task.resumed": "rotate-ccw",
    "task.escalated": "triangle-alert",
    "task.reminded": "bell",
    "task.completed": "check",
    "task.reopened": "rotate-ccw",
    "task.commented": "message-square",
    "task.answered": "send",
    "task.undone": "undo-2",
    "task.letter_failed": "mail-warning",
    "task.watched": "eye",
    "task.linked": "paperclip",
}


def _what(row: Event, house: House, hidden: Hidden, times: int) -> str:
    if times > 1:
        return _("received the same mail %s times more") % times
    if row.type == "task.assigned" and row.actor and row.data.get("set", {}).get("assignee") == row.actor:
        return _("took it")
    teller = _TELLERS.get(row.type)
    is_hidden = hidden.is_named(row.data.get("recipient", ""), row.data.get("kind", ""))
    data = {**row.data, "recipient": _("the sender")} if is_hidden else row.data
    return teller(data, house) if teller else row.type.removeprefix("task.")


def _assigned(data: dict[str, Any], house: House) -> str:
    who = data.get("set", {}).get("assignee", "")
    return _("gave it to %s") % house.name_of(who) if who else _("gave it back to the team")


def _escalated(data: dict[str, Any], house: House) -> str:
    who = ", ".join(house.name_of(address) for address in data.get("to", []))
    return _("escalated it to level %(level)s: %(who)s was told") % {"level": data.get("level"), "who": who}


def _instant(data: dict[str, Any], field: str) -> str:
    from orgo.web.templatetags.orgo import instant

    value = data.get("set", {}).get(field)
    return instant(datetime.fromisoformat(value)) if value else ""


def _waiting(data: dict[str, Any], house: House) -> str:
    until = _instant(data, "waiting_until")
    return _("lets it wait until %s") % until if until else _("lets it wait")


def _changed(data: dict[str, Any], house: House) -> str:
    names = [_FIELDS[name]() for name in data.get("fields", []) if name in _FIELDS]
    return _("changed %s") % ", ".join(names)


_FIELDS: dict[str, Callable[[], str]] = {
    "priority": lambda: _("the priority"),
    "due_at": lambda: _("the deadline"),
    "title": lambda: _("the title"),
    "labels": lambda: _("the labels"),
    "type": lambda: _("the type"),
    "visibility": lambda: _("who may see it"),
    "anonymize": lambda: _("whether the sender is named"),
    "fields": lambda: _("its details"),
}
_TELLERS: dict[str, Callable[[dict[str, Any], House], str]] = {
    "task.opened": lambda data, house: _("opened the task"),
    "task.routed": lambda data, house: (
        _("gave it to %s") % house.name_of(data.get("set", {}).get("team", ""))
    ),
    "task.assigned": _assigned,
    "task.acknowledged": lambda data, house: _("has taken note of it"),
    "task.eta_given": lambda data, house: _("expects it to be done by %s") % _instant(data, "eta_at"),
    "task.waiting": _waiting,
    "task.resumed": lambda data, house: _("goes on with it"),
    "task.escalated": _escalated,
    "task.reminded": lambda data, house: _("reminded of the deadline"),
    "task.completed": lambda data, house: _("says it is done"),
    "task.cancelled": lambda data, house: _("closed it without doing it"),
    "task.failed": lambda data, house: _("says it could not be done"),
    "task.reopened": lambda data, house: _("opened it again"),
    "task.commented": lambda data, house: _("wrote") if data.get("mail") else _("left a note"),
    "task.answered": lambda data, house: _("answered the requester"),
    "task.linked": lambda data, house: _("received the same mail again"),
    "task.changed": _changed,
    "task.watched": lambda data, house: _("changed who watches it"),
    "task.undone": lambda data, house: _("took the last step back"),
    "task.letter_failed": lambda data, house: (
        _("could not deliver a letter to %s") % data.get("recipient", "")
    ),
}
