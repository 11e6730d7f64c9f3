"""POP3 from a real Dovecot: known by UIDL and size, deleted only by a session after the one that took it."""

import pytest

from tests.integration.mailbox.conftest import leak, leaks

pytestmark = pytest.mark.needs("dovecot")


@pytest.fixture
def pop(box, dovecot):
    """Makes a mailbox of a new account that is read by POP3, live."""

    def make(**more):
        return box(**{"protocol": "pop3", "port": dovecot.pop3, "tls": "none", **more}).live()

    return make


def _there(made) -> int:
    return len(made.flags())


def test_the_bytes_are_stored_as_they_came(pop):
    from orgo.intake.models import Mail
    from orgo.intake.store import read_raw

    raw = leak(1, body=".\r\n..two dots\r\n.one\r\n" + "x" * 100_000 + "\r\né💧")
    made = pop()
    made.put(raw)

    assert made.fetch() == 1
    mail = Mail.objects.get()
    assert (mail.source, mail.outcome) == ("pop3", "opened")
    assert read_raw(mail.pk).replace(b"\r\n", b"\n") == raw.replace(b"\r\n", b"\n")


def test_a_second_look_takes_only_what_is_new(pop):
    made = pop()
    made.put(*leaks(3))
    assert made.fetch() == 3
    made.put(leak(3))

    assert made.fetch() == 1 and made.fetch() == 0
    assert made.outcomes() == ["opened"] * 4 and _there(made) == 4


def test_only_a_later_session_deletes(pop):
    made = pop(after="delete", delete_after="1 s")
    made.put(*leaks(2))
    made.fetch()
    made.office.clock.advance(seconds=2)
    assert _there(made) == 2
    made.put(leak(2))

    assert made.fetch() == 1
    assert _there(made) == 1, "the two that were taken before are gone, the new one is not"
    made.office.clock.advance(seconds=2)
    made.fetch()
    assert _there(made) == 0 and made.outcomes() == ["opened"] * 3


def test_deleted_mail_stays_for_as_long_as_it_was_told_to(pop):
    made = pop(after="delete")
    made.put(*leaks(1))
    made.fetch()
    made.office.clock.advance(days=6)
    made.fetch()
    assert _there(made) == 1
    made.office.clock.advance(days=2)
    made.fetch()
    assert _there(made) == 0


def test_nothing_is_deleted_while_the_mailbox_is_only_observed(box, dovecot):
    made = box(protocol="pop3", port=dovecot.pop3, tls="none", after="delete", delete_after="1 s")
    made.put(*leaks(2))
    made.fetch()
    made.office.clock.advance(days=30)
    made.fetch()

    assert made.outcomes() == ["observed"] * 2 and _there(made) == 2


def test_a_mail_over_the_limit_stays_and_is_listed(pop):
    """bad input 29."""
    made = pop(max_size="20 kB")
    made.put(leak(1), leak(2, body="x" * 30_000))

    assert made.fetch() == 1
    from orgo.intake.models import Receipt

    assert Receipt.objects.get(problem="too_large").size > 30_000


def test_a_wrong_password_is_said_and_the_account_is_left_alone(pop):
    """bad input 51."""
    from orgo.intake.mailbox.ports import AuthFailed

    with pytest.raises(AuthFailed, match="does not let"):
        pop(password="hidden-word").fetch()


def test_tls_is_verified(pop, dovecot):
    from orgo.intake.mailbox.ports import Certificate

    for port, tls in ((dovecot.pop3s, "implicit"), (dovecot.pop3, "starttls")):
        with pytest.raises(Certificate):
            pop(port=port, tls=tls).fetch()
        made = pop(port=port, tls=tls, ca_file=dovecot.certificate)
        made.put(leak(1))
        assert made.fetch() == 1


def test_a_watcher_sees_what_comes_while_it_waits(pop):
    """A session shows only what was there when it began: each look is a new one."""
    from orgo.intake.mailbox.dial import open_session
    from orgo.intake.mailbox.ledger import Ledger
    from orgo.intake.mailbox.rounds import Round

    made = pop()
    session, ledger = open_session(made.account), Ledger(made.account)
    assert Round(session, ledger).go() == 0
    made.put(leak(1))
    session.wait(0.0, lambda: True)

    assert Round(session, ledger).go() == 1
    session.close()
