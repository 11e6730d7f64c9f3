"""Mailboxes on a real Dovecot, each of an account that nobody used before."""

import itertools
from typing import Any

import pytest

from orgo.conf.config import Mailbox as Account
from tests.office import MONDAY, Office, written
from tests.servers.dovecot import PASSWORD, Dovecot

_number = itertools.count()


class Box:
    """One mailbox: its configuration, its account on the server, and what Orgo made of it."""

    def __init__(self, office: Office, dovecot: Dovecot, **more: Any) -> None:
        name = f"user{next(_number)}@city.example"
        given = {"host": "localhost", "port": dovecot.imap, "username": name, "password": PASSWORD, **more}
        self.office, self.server = office, dovecot
        self.account = Account(**given)
        self.user = self.account.username

    def with_(self, **more: Any) -> "Box":
        """The same mailbox, configured otherwise."""
        other = Box(self.office, self.server)
        other.account = self.account.model_copy(update=more)
        other.user = self.user
        return other

    def put(self, *mails: bytes, **more: Any) -> None:
        self.server.put(self.user, *mails, **more)

    def fetch(self) -> int:
        """One look through the mailbox, and everything that follows from it."""
        from orgo.intake.mailbox.watch import Watcher

        taken = Watcher(self.account).fetch()
        self.office.settle()
        return taken

    def live(self, since=MONDAY) -> "Box":
        from orgo.intake.mailbox.golive import go_live

        go_live(self.account.name, since)
        return self

    def row(self):
        from orgo.intake.models import Mailbox

        return Mailbox.objects.get(name=self.account.name)

    def folder(self, name="INBOX"):
        from orgo.intake.models import Folder

        return Folder.objects.get(mailbox__name=self.account.name, name=name)

    def outcomes(self) -> list[str]:
        from orgo.intake.models import Mail

        return list(
            Mail.objects.filter(mailbox=self.account.name).order_by("id").values_list("outcome", flat=True)
        )

    def flags(self, folder="INBOX"):
        return [
            set(flags) - {b"\\Recent"} for _, flags in sorted(self.server.flags(self.user, folder).items())
        ]


@pytest.fixture
def box(office, dovecot):
    """Makes a mailbox of a new account, configured by the keys given."""
    return lambda **more: Box(office, dovecot, **more)


def leak(number: int, **more: Any) -> bytes:
    """A mail that the usual rules make a task of; the same bytes for the same number."""
    text = written(f"c{number}@people.example", "info@city.example", f"Water leak {number}", MONDAY, **more)
    return text.replace(b"Message-ID: <m", b"Message-ID: <leak%d-m" % number)


def leaks(count: int) -> list[bytes]:
    return [leak(number) for number in range(count)]
