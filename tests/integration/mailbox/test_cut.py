"""The connection is cut after any byte of a session, and stalled, and half closed: nothing is lost, nothing doubled.

ORGO_EVERY_BYTE=1 (`make cut`) cuts after every single one, ORGO_CUT_FROM=N from the Nth on, ORGO_CUT_TO=M up to the Mth: a run
that was ended goes on (with -s it says how far it is), several share the work.
"""

import os

import pytest

from orgo.delivery.email.courier import EmailCourier, SmtpServer
from tests.integration.mailbox.conftest import leaks
from tests.servers.proxy import Proxy

pytestmark = [
    pytest.mark.needs("dovecot"),
    pytest.mark.slow,
    pytest.mark.timeout(8 * 3600 if os.environ.get("ORGO_EVERY_BYTE") else 300),
]
MAILS = 10


def _places(total: int, about: int) -> list[int]:
    """After how many bytes to cut: all over the session, its end included; never a multiple of something that lines have."""
    step = 1 if os.environ.get("ORGO_EVERY_BYTE") else max(1, total // about | 1)
    first = min(int(os.environ.get("ORGO_CUT_FROM", "0")), total)
    last = min(int(os.environ.get("ORGO_CUT_TO", total)), total)
    return [*range(first, last, step), last]


def _fetch(made, port: int) -> bool:
    """Look once by way of `port`; says whether all went well."""
    from orgo.intake.mailbox.ports import MailboxError
    from orgo.intake.mailbox.watch import Watcher

    try:
        Watcher(made.account.model_copy(update={"port": port})).fetch()
    except MailboxError:
        return False
    return True


def _rows(made) -> list[int | None]:
    from orgo.intake.models import Mail

    return list(Mail.objects.filter(mailbox=made.account.name).values_list("same_as", flat=True))


@pytest.mark.parametrize("to", ["client", "server"])
@pytest.mark.parametrize("protocol", ["imap", "pop3"])
def test_cut_after_any_byte(box, dovecot, monkeypatch, protocol, to):
    from orgo.intake.mailbox import pop3, signin

    for module in (pop3, signin):
        monkeypatch.setattr(module, "TIMEOUT", 5.0)
    port = getattr(dovecot, protocol)
    given = {"protocol": protocol, "port": port, "tls": "none", "after": "delete", "delete_after": "1 s"}
    first = box(**given).live()
    first.put(*leaks(MAILS))
    with Proxy(port, to=to) as proxy:
        assert _fetch(first, proxy.port)
        total = proxy.carried
    tried = 0
    for after in _places(total, 25):
        print(f"{protocol} to {to}: cut after {after} of {total} bytes", flush=True)
        made = box(**given).live()
        made.put(*leaks(MAILS))
        with Proxy(port, "cut", after, to) as proxy:
            _fetch(made, proxy.port)
        made.office.clock.advance(seconds=2)
        with Proxy(port, "cut", after, to) as proxy:
            _fetch(made, proxy.port)
        made.office.clock.advance(hours=2)
        assert _fetch(made, port)
        assert _rows(made) == [None] * MAILS, f"cut after {after} of {total} bytes"
        made.office.clock.advance(hours=2)
        assert _fetch(made, port) and made.flags() == [], f"cut after {after} of {total} bytes"
        tried += 1
    assert tried > 20 or "ORGO_CUT_FROM" in os.environ


@pytest.mark.parametrize("protocol", ["imap", "pop3"])
@pytest.mark.parametrize("fault", ["stall", "half-close", "trickle"])
def test_a_session_that_hangs_or_ends_halfway_is_given_up_and_made_good(
    box, dovecot, monkeypatch, protocol, fault
):
    from orgo.intake.mailbox import imap, pop3, signin

    port = getattr(dovecot, protocol)
    for after in (10, 600, 1500):
        made = box(protocol=protocol, port=port, tls="none").live()
        made.put(*leaks(MAILS))
        with Proxy(port, fault, after) as proxy, monkeypatch.context() as hurried:
            for module in (imap, pop3, signin) if fault != "trickle" else ():
                hurried.setattr(module, "TIMEOUT", 0.3)
            assert _fetch(made, proxy.port) == (fault == "trickle")
        made.office.clock.advance(hours=2)
        assert _fetch(made, port) and _rows(made) == [None] * MAILS


@pytest.mark.parametrize("to", ["client", "server"])
def test_letters_to_three_people_by_a_connection_that_is_cut(office, to):
    """Each arrives, and one that arrived twice is known to have been sent twice.

    The third goes to the chief two hours later: until then the connection stays the one that is cut.
    """
    from orgo.outbox.models import Letter
    from orgo.task.models import Task

    catcher = office.courier.courier.server.port

    def by(port: int) -> None:
        office.courier.close()
        office.courier.courier = EmailCourier(
            SmtpServer("127.0.0.1", port, "none", "orgo@city.example", timeout=1.0, after_dot_timeout=1.0)
        )

    with Proxy(catcher, to=to) as proxy:
        by(proxy.port)
        office.mail(subject="leak 00000")
        office.later(hours=2)
        office.courier.close()
        total = proxy.carried
    assert {"anna@city.example", "ben@city.example", "chief@city.example"} <= set(office.told())
    for after in _places(total, 25):
        print(f"smtp to {to}: cut after {after} of {total} bytes", flush=True)
        office.forget()
        Letter.objects.all().delete()
        Task.objects.all().delete()  # those before would escalate for ever
        with Proxy(catcher, "cut", after, to) as proxy:
            by(proxy.port)
            office.mail(subject=f"leak {after:05}")
            office.later(hours=2)
            office.courier.close()
        assert proxy.carried == after, "the session is shorter than the one that was measured"
        by(catcher)
        office.later(hours=3)
        wanted = {
            letter.recipient: letter.repeated
            for letter in Letter.objects.filter(
                recipient__in=["anna@city.example", "ben@city.example", "chief@city.example"]
            )
        }
        assert len(wanted) == 3 and set(Letter.objects.values_list("state", flat=True)) <= {"sent"}, after
        for recipient, repeated in wanted.items():
            ours = [
                caught
                for caught in office.catcher.caught
                if caught.recipient == recipient and f"leak {after:05}".encode() in caught.data
            ]
            ids = [caught.data.lower().partition(b"message-id:")[2].partition(b"\r\n")[0] for caught in ours]
            assert ids and (len(ids) == len(set(ids)) or repeated), f"cut after {after} of {total} bytes"
