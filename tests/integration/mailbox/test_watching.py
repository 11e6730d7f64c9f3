"""Mailboxes as `orgo up` watches them: a thread each, told by the server, and none waits for another."""

import functools
import itertools
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.mailbox.conftest import leak

pytestmark = pytest.mark.needs("dovecot")


def until(condition: Callable[[], object]) -> bool:
    """Wait until the condition holds; twenty seconds at most."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if condition():
            return True
        threading.Event().wait(0.02)
    return bool(condition())


@pytest.fixture
def watch(office, monkeypatch):
    """Watches these mailboxes as the running Orgo does, until the end of the test."""
    from orgo.intake.mailbox import watch
    from orgo.ops.mailboxes import Mailboxes

    monkeypatch.setattr(watch, "LOOK_AGAIN", 1.0)
    running = []

    def start(*boxes):
        config = office.config.model_copy(update={"mailboxes": tuple(there.account for there in boxes)})
        running.append(Mailboxes(config))
        running[-1].start()
        return running[-1]

    yield start
    for mailboxes in running:
        mailboxes.stop()
        assert not [thread for thread in mailboxes.threads if thread.is_alive()]


def is_well(there) -> bool:
    from orgo.intake.models import Mailbox

    return Mailbox.objects.filter(name=there.account.name, state="ok").exists()


def has(there, count: int) -> bool:
    return len(there.outcomes()) == count


@pytest.mark.parametrize("tls", ["none", "starttls", "implicit"])
def test_a_mail_comes_in_because_the_server_says_so(box, dovecot, watch, tls):
    """The next look of its own would be five minutes later."""
    port = dovecot.imaps if tls == "implicit" else dovecot.imap
    there = box(port=port, tls=tls, ca_file=dovecot.certificate).live()
    watch(there)
    assert until(lambda: is_well(there))
    for number in range(3):
        there.put(leak(number))
        assert until(functools.partial(has, there, number + 1))


def test_a_mail_that_the_server_told_of_before_it_was_asked_to_is_not_waited_for(box):
    """The server says it once, in the answer to whatever is asked next; IDLE would say nothing more."""
    from orgo.intake.mailbox.imap import ImapSession

    there = box()
    session = ImapSession(there.account)
    session.look("INBOX", False)
    there.put(leak(1))
    session.client.noop()
    asked = itertools.count()
    session.wait(60.0, lambda: next(asked) > 3)
    session.close()
    assert next(asked) == 0


def test_without_idle_it_is_looked_every_now_and_then(box, watch):
    from orgo.lib.durations import Duration

    there = box(idle=False, poll="1 s").live()
    assert there.account.poll == Duration(0, 1)
    watch(there)
    assert until(lambda: is_well(there))
    there.put(leak(1))
    assert until(there.outcomes)


def test_a_mailbox_that_hangs_and_one_in_trouble_hold_up_no_other(box, watch, monkeypatch):
    """bad input 54."""
    from orgo.intake.mailbox import signin

    monkeypatch.setattr(signin, "TIMEOUT", 2.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hanging, wrong, well = box(port=silent.getsockname()[1]), box(password="no"), box()
        well.put(leak(1))
        watch(hanging, wrong, well)
        assert until(well.outcomes)
        assert until(lambda: wrong.row().state == "auth_failed")
        assert until(lambda: hanging.row().state == "unreachable")


def test_trouble_is_shown_and_taken_back(box, watch):
    from orgo.intake.models import Mailbox
    from orgo.ops import trouble

    there = box(password="no")
    name = f"mailbox {there.account.name}"
    mailboxes = watch(there)
    assert until(lambda: name in trouble.sentences())
    assert "does not let" in trouble.sentences()[name]
    mailboxes.watchers[0].account = box().account.model_copy(update={"name": there.account.name})
    Mailbox.objects.update(next_try_at=None)
    assert until(lambda: name not in trouble.sentences())


def test_a_paused_mailbox_is_left_alone_until_it_goes_on(box, watch):
    from orgo.intake.models import Mailbox

    there = box().live()
    mailboxes = watch(there)
    assert until(lambda: is_well(there))
    Mailbox.objects.update(paused=True)
    assert until(lambda: mailboxes.watchers[0]._session is None)
    there.put(leak(1))
    Mailbox.objects.update(state="")
    Mailbox.objects.update(paused=False)
    assert until(lambda: is_well(there))
    assert len(there.outcomes()) == 1


def test_going_live_is_noticed_by_who_watches(box, watch):
    there = box()
    there.put(leak(1))
    watch(there)
    assert until(lambda: there.outcomes() == [""])
    there.live()
    there.office.settle()
    assert until(lambda: there.flags() == [{b"\\Seen"}] or there.office.settle())


def test_what_changes_during_a_round_is_noticed_after_it(box, watch, monkeypatch):
    """The mailbox goes live after its folders were looked at, and before the watcher waits."""
    from orgo.intake.mailbox.rounds import Round

    there = box()
    there.put(leak(1))
    real = Round.go

    def go(self, *, first=True, broken=False):
        taken = real(self, first=first, broken=broken)
        if first:
            there.live()
        return taken

    monkeypatch.setattr(Round, "go", go)
    watch(there)
    assert until(lambda: there.flags() == [{b"\\Seen"}] or there.office.settle())


def test_a_connection_that_is_cut_is_made_anew(box, watch):
    from orgo.intake.models import Mailbox

    there = box().live()
    mailboxes = watch(there)
    assert until(lambda: is_well(there))
    session = mailboxes.watchers[0]._session
    session.client.socket().shutdown(socket.SHUT_RDWR)
    assert until(lambda: there.row().state == "unreachable")
    Mailbox.objects.update(next_try_at=None)
    there.put(leak(1))
    assert until(there.outcomes)


def test_a_connection_that_died_without_a_word_is_given_up(box, dovecot, watch, monkeypatch):
    """A firewall forgot it while the server was waited for: the next renewal hears nothing, and a new one is made."""
    from orgo.intake.mailbox import backoff, imap, signin
    from orgo.intake.models import Mailbox
    from tests.servers.proxy import Proxy

    monkeypatch.setattr(backoff, "_PUSHED_LONGEST", 1.0)
    for module in (imap, signin):
        monkeypatch.setattr(module, "TIMEOUT", 1.0)
    with Proxy(dovecot.imap) as proxy:
        there = box(host="127.0.0.1", port=proxy.port, tls="none").live()
        watch(there)
        assert until(lambda: is_well(there))
        proxy.freeze()
        there.put(leak(1))
        assert until(lambda: there.row().state == "unreachable")
        Mailbox.objects.update(next_try_at=None)
        assert until(there.outcomes)


def test_the_system_asks_whether_the_other_side_is_still_there(box, dovecot):
    from orgo.intake.mailbox.dial import open_session

    for keys in ({}, {"protocol": "pop3", "port": dovecot.pop3}):
        session: Any = open_session(box(**keys, tls="none").account)
        way = session.client.socket() if not keys else session._way.sock
        assert way.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        session.close()
