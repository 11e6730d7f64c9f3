"""How it stands with the mailboxes, for the command line and the page."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from django.db.models import Count, QuerySet

from orgo.conf.config import Mailbox as Account
from orgo.intake.mailbox.dial import open_session
from orgo.intake.models import Folder, Mail, Mailbox, Receipt


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A configured mailbox and how it is; `left` counts mails that stay on the server.

    `state` is "" before the first try, "silent" where all was well and no look has ended for long.
    """

    name: str
    protocol: str
    server: str
    mode: str = "observe"
    cutoff: datetime | None = None
    paused: bool = False
    state: str = ""
    detail: str = ""
    since: datetime | None = None
    next_try_at: datetime | None = None
    last_ok_at: datetime | None = None
    last_mail_at: datetime | None = None
    lag_seconds: int | None = None
    waiting: int = 0
    observed: int = 0
    left: int = 0
    problems: list[str] = []


_OF_ROW = {field.name for field in Mailbox._meta.concrete_fields} & {*Standing.__struct_fields__} - {"name"}


class Found(msgspec.Struct, frozen=True):
    """A folder that was tried out: how many mails are in it, and why they could not be marked ("": they can)."""

    folder: str
    mails: int
    read_only: str


def was_read(name: str) -> bool:
    """Whether anybody has looked into this mailbox yet."""
    return Mailbox.objects.filter(name=name, last_ok_at__isnull=False).exists()


def standings(accounts: Iterable[Account]) -> list[Standing]:
    """How each of these mailboxes stands, in their order; asked of all at once."""
    known = list(accounts)
    names = [account.name for account in known]
    rows = {row.name: row for row in Mailbox.objects.filter(name__in=names)}
    watched = Mail.objects.filter(mailbox__in=names, outcome="observed")
    stay = Receipt.objects.filter(folder__mailbox__name__in=names, mail=None).exclude(problem="")
    observed, left = _by(watched, "mailbox"), _by(stay, "folder__mailbox__name")
    problems = _problems(names)
    return [
        Standing(
            **_kept(rows.get(account.name)),
            name=account.name,
            protocol=account.protocol,
            server=f"{account.host}:{account.port}",
            observed=observed.get(account.name, 0),
            left=left.get(account.name, 0),
            problems=problems[account.name],
        )
        for account in known
    ]


def _kept(row: Mailbox | None) -> dict[str, Any]:
    """What its row says; one that was never tried has none yet."""
    if row is None:
        return {}
    kept = {name: getattr(row, name) for name in _OF_ROW}
    return kept | {"state": "silent"} if row.state == "ok" and row.noticed == "silent" else kept


def _by(rows: QuerySet[Any], name: str) -> dict[str, int]:
    """How many rows there are for each value of a column."""
    return dict(rows.values_list(name).annotate(count=Count("pk")).order_by())


def _problems(names: list[str]) -> defaultdict[str, list[str]]:
    """What is wrong with the folders of each of these mailboxes."""
    found = defaultdict[str, list[str]](list)
    folders = Folder.objects.filter(mailbox__name__in=names).exclude(problem="").order_by("pk")
    for mailbox, name, problem in folders.values_list("mailbox__name", "name", "problem"):
        found[mailbox].append(f"{name}: {problem}")
    return found


def observed(name: str, limit: int = 200) -> Sequence[Mail]:
    """The newest mails that were observed in the mailbox `name`, each with the decision that would be taken."""
    return list(Mail.objects.filter(mailbox=name, outcome="observed").order_by("-id")[:limit])


def foreseen(name: str) -> dict[str, int]:
    """How many of the observed mails would end how (`reason` says it)."""
    rows = (
        Mail.objects.filter(mailbox=name, outcome="observed")
        .values_list("reason")
        .annotate(count=Count("id"))
    )
    return dict(rows.order_by("-count"))


def try_out(account: Account) -> list[Found]:
    """Sign in and open each folder read-only; nothing is taken. Raises MailboxError."""
    session = open_session(account)
    found = []
    try:
        for folder in account.folders:
            look = session.look(folder, False)
            next(iter(session.waiting(0)), None)
            found.append(Found(folder, session.found, look.read_only))
    finally:
        session.close()
    return found
