"""A mailbox on a real Dovecot: every mail once, nothing marked before it is stored, nothing at all while it is observed."""

import itertools

import pytest

from orgo.conf.config import Mailbox as Account
from tests.office import MONDAY, written
from tests.servers.dovecot import PASSWORD

pytestmark = pytest.mark.needs("dovecot")
_number = itertools.count()


@pytest.fixture
def account(dovecot):
    """Makes the configuration of a mailbox that nobody used before."""

    def made(**more):
        name = f"user{next(_number)}@city.example"
        return Account(
            **{"host": "localhost", "port": dovecot.imap, "username": name, "password": PASSWORD, **more}
        )

    return made


def watcher(account):
    from orgo.intake.mailbox.watch import Watcher

    return Watcher(account)


def mails():
    from orgo.intake.models import Mail

    return Mail.objects.order_by("id")


def live(account, since=MONDAY):
    from orgo.intake.mailbox.golive import go_live

    go_live(account.name, since)


def leaks(count, first=0):
    return [
        written(f"c{n}@people.example", "info@city.example", f"Water leak {n}", MONDAY)
        for n in range(first, first + count)
    ]


def test_an_observed_mailbox_is_read_and_nothing_is_marked_and_nobody_is_told(office, dovecot, account):
    box = account()
    dovecot.put(box.username, *leaks(3))

    assert watcher(box).round() == 3
    office.settle()

    assert [(m.outcome, m.mode, bool(m.decision)) for m in mails()] == [("observed", "observe", True)] * 3
    assert set(dovecot.flags(box.username).values()) <= {(), (b"\\Recent",)}
    assert office.tasks() == 0 and office.told() == []
    assert watcher(box).round() == 0


def test_a_live_mailbox_makes_tasks_and_marks_what_is_stored(office, dovecot, account):
    box = account()
    live(box)
    dovecot.put(box.username, *leaks(3))

    assert watcher(box).round() == 3
    office.settle()

    assert [m.outcome for m in mails()] == ["opened"] * 3
    assert all(b"\\Seen" in flags for flags in dovecot.flags(box.username).values())
    assert watcher(box).round() == 0
