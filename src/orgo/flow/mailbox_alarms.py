"""A mailbox in trouble is told to the administrators once, and once more when it is over."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Q

from orgo.flow.alarms import alarm
from orgo.flow.house import House, open_house
from orgo.intake.models import Mailbox
from orgo.lib import clock

# What somebody has to mend is told at once; a server that is away often comes back by itself.
AT_ONCE = ("auth_failed", "certificate", "tls", "folder")
GRACE = timedelta(minutes=10)
_WORDS = {
    "auth_failed": "The server does not take the user name and password.",
    "certificate": "The server's certificate is not to be believed, so nothing was sent.",
    "tls": "The server does not speak TLS as configured, so nothing was sent.",
    "folder": "A folder is not there.",
    "unreachable": "The server can't be reached.",
}


def watch_mailboxes(house: House | None = None) -> int:
    """Tell of every mailbox whose trouble began or ended; returns how many alarms were raised.

    `Mailbox.noticed` remembers what was told; it is changed in the alarm's transaction, so any number of processes tell once.
    """
    rows = Mailbox.objects.filter(paused=False).filter(~Q(noticed="") | ~Q(state__in=["", "ok"]))
    return sum(_look(row, house or open_house()) for row in rows)


def _look(row: Mailbox, house: House) -> int:
    if row.state == "ok":
        return _tell(row, "", f"Mail is fetched from {row.name} again", "It works again.\n", house)
    since = row.since or clock.now()
    if row.noticed or (row.state not in AT_ONCE and clock.now() - since < GRACE):
        return 0
    return _tell(row, row.state, f"No mail is fetched from {row.name}", _text(row), house)


def _tell(row: Mailbox, noticed: str, subject: str, text: str, house: House) -> int:
    with transaction.atomic():
        mine = Mailbox.objects.filter(pk=row.pk, noticed=row.noticed).update(noticed=noticed)
        if mine:
            alarm(f"mailbox {row.name}", subject, text, house)
    return mine


def _text(row: Mailbox) -> str:
    since = f"{row.since:%Y-%m-%d %H:%M} UTC" if row.since else "now"
    words = _WORDS.get(row.state, "Something is wrong with it.")
    return (
        f"{words}\n\nSince {since}: {row.detail or row.state}\n\n"
        "The mail stays on the server, and Orgo tries again by itself; you are told when it works.\n\n"
        f"What helps to find it: orgo mailbox test {row.name}\n"
    )
