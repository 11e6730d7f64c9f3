"""The network is pulled from under a running Orgo that reads a mailbox and sends by SMTP: it goes on, and recovers alone."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from orgo.conf import boot
from orgo.lib import clock
from orgo.ops.up import Running
from tests.integration.mailbox.conftest import Box, leak
from tests.office import MONDAY, Office
from tests.servers.proxy import Proxy

pytestmark = [pytest.mark.needs("dovecot"), pytest.mark.of_sqlite]
# Twenty times as fast as life: the minute until a letter is tried again is three seconds.
RATE = 20.0


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        threading.Event().wait(0.05)


@pytest.fixture
def wires(office: Office, dovecot: Any) -> Iterator[tuple[Proxy, Proxy]]:
    """The way to the mailbox's server, and the way of the letters."""
    assert office.config.smtp is not None
    with Proxy(dovecot.imap) as imap, Proxy(office.config.smtp.port) as smtp:
        yield imap, smtp


@pytest.fixture
def there(office: Office, wires: tuple[Proxy, Proxy], box: Callable[..., Box]) -> Iterator[Box]:
    """A live mailbox of an Orgo that runs."""
    imap, smtp = wires
    made = box(host="127.0.0.1", port=imap.port, tls="none").live()
    assert office.config.smtp is not None
    quiet = office.config.intake.model_copy(
        update={"smtp": office.config.intake.smtp.model_copy(update={"enabled": False})}
    )
    through = office.config.smtp.model_copy(update={"port": smtp.port})
    config = office.config.model_copy(update={"mailboxes": (made.account,), "smtp": through, "intake": quiet})
    boot.use(config)
    clock.use(clock.FastClock(RATE, MONDAY))
    running = Running(config, {"intake", "route", "deliver", "clock"})
    running.start()
    yield made
    running.stop()


def test_it_goes_on_with_what_it_has_and_recovers_alone(
    office: Office, wires: tuple[Proxy, Proxy], there: Box
) -> None:
    """Mail that came before and by another way becomes tasks meanwhile; what waited on both sides comes, each once."""
    from orgo.intake.models import Mail
    from orgo.intake.store import Incoming, store
    from orgo.outbox.models import Letter

    there.put(leak(1))
    # The catcher has a letter before Orgo has its answer; one that is pulled from under that goes once more.
    until(
        lambda: (
            Letter.objects.filter(state="sent").exists() and not Letter.objects.exclude(state="sent").exists()
        )
    )
    assert office.told().count("anna@city.example") == 1

    for wire in wires:
        wire.pull()
    there.put(leak(2))
    store([Incoming(data=leak(3), source="http")])
    until(lambda: office.tasks() == 2)
    until(lambda: there.row().state == "unreachable")
    until(
        lambda: Letter.objects.filter(recipient="anna@city.example", attempts__gt=0, state="pending").exists()
    )
    assert office.told().count("anna@city.example") == 1

    for wire in wires:
        wire.plug()
    until(lambda: office.tasks() == 3 and there.row().state == "ok")
    until(lambda: not Letter.objects.exclude(state="sent").exists())
    assert office.told().count("anna@city.example") == 3
    assert [mail.outcome for mail in Mail.objects.order_by("id")] == ["opened"] * 3
