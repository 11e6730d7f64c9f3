"""A canary's whole flight: by Orgo's own courier to a real Postfix, into a real Dovecot, and home by IMAP."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from orgo.conf import boot
from orgo.conf.config import Canary, Heartbeat
from tests.conftest import absent
from tests.integration.mailbox.conftest import Box
from tests.office import Office
from tests.servers.postfix import Postfix, may_run
from tests.servers.scripted import Scripted, hears

pytestmark = [pytest.mark.needs("postfix", "dovecot"), pytest.mark.of_sqlite]
THANKS = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


def until(condition: Callable[[], object]) -> bool:
    end = time.monotonic() + 60
    while time.monotonic() < end and not condition():
        threading.Event().wait(0.05)
    return bool(condition())


@pytest.fixture
def there(office: Office, dovecot: Any) -> Iterator[tuple[Box, Postfix]]:
    """A live mailbox that Postfix delivers into."""
    if not may_run():
        absent("Postfix can be started by root only")
    box = Box(office, dovecot).live()
    with dovecot.client(box.user):  # its first use makes its folders
        pass
    postfix = Postfix(1, "city.example", dovecot.delivers(box.user))
    try:
        yield box, postfix.start()
    finally:
        postfix.stop()


def test_it_leaves_and_comes_home_and_orgo_says_outside_that_it_lives(
    office: Office, there: tuple[Box, Postfix]
) -> None:
    from orgo.audit.models import Event
    from orgo.intake.models import Mail
    from orgo.ops.up import Running

    box, postfix = there
    assert office.config.smtp is not None
    with Scripted((hears("POST"), THANKS, "close")) as outside:
        config = office.config.model_copy(update={
            "mailboxes": (box.account,),
            "smtp": office.config.smtp.model_copy(update={"port": postfix.port}),
            "intake": office.config.intake.model_copy(
                update={"smtp": office.config.intake.smtp.model_copy(update={"enabled": False})}
            ),
            "canary": Canary(mailbox=box.account.name),
            "heartbeat": Heartbeat.model_validate({"url": f"http://127.0.0.1:{outside.port}/x", "internal": True}),
        })  # fmt: skip
        boot.use(config)
        running = Running(config, {"intake", "route", "deliver", "clock"})
        try:
            running.start()
            assert until(lambda: Event.objects.filter(type="canary.arrived").exists())
            assert until(lambda: b"POST /x" in outside.all_heard)
        finally:
            running.stop()

    (mail,) = Mail.objects.all()
    assert (mail.source, mail.outcome, mail.reason) == ("imap", "ignored", "our own probe mail is back")
    assert Event.objects.filter(type="canary.sent").count() == 1 and office.tasks() == 0
