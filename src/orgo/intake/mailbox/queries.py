"""How it stands with the mailboxes, for the command line and the page."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from django.db.models import Count

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


class Found(msgspec.Struct, frozen=True):
    """A folder that was tried out: how many mails are in it, and why they could not be marked ("": they can)."""

    folder: str
    mails: int
    read_only: str


def was_read(name: str) -> bool:
    """Whether anybody has looked into this mailbox yet."""
    return Mailbox.objects.filter(name=name, last_ok_at__isnull=False).exists()


def standings(accounts: Iterable[Account]) -> list[Standing]:
    """How each of these mailboxes stands, in their order."""
    return [standing(account) for account in accounts]


def standing(account: Account) -> Standing:
    """How this mailbox stands; one that was never tried has no row yet."""
    row = Mailbox.objects.filter(name=account.name).first()
    server = f"{account.host}:{account.port}"
    if row is None:
        return Standing(name=account.name, protocol=account.protocol, server=server)
    problems = Folder.objects.filter(mailbox=row).exclude(problem="").values_list("name", "problem")
    kept: dict[str, Any] = {
        name: getattr(row, name)
        for name in Standing.__struct_fields__
        if hasattr(Mailbox, name) and name != "folders"
    }
    if row.state == "ok" and row.noticed == "silent":
        kept["state"] = "silent"
    return Standing(
        **kept | {"protocol": account.protocol, "server": server},
        observed=Mail.objects.filter(mailbox=account.name, outcome="observed").count(),
        left=Receipt.objects.filter(folder__mailbox=row, mail=None).exclude(problem="").count(),
        problems=[f"{folder}: {problem}" for folder, problem in problems],
    )


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
