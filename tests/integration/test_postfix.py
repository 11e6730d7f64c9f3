"""Behind a real Postfix: mail that it takes by SMTP reaches Orgo by LMTP and becomes a task."""

import smtplib
import threading
import time
from collections.abc import Iterator

import pytest

from tests.office import Office, start_django, written

start_django()
from orgo.intake.smtp import Listener, SmtpSettings
from tests.conftest import absent
from tests.servers.postfix import Postfix, may_run

pytestmark = [pytest.mark.needs("postfix"), pytest.mark.of_sqlite]


@pytest.fixture
def behind(office: Office) -> Iterator[Postfix]:
    """A Postfix whose mail for city.example goes to the office's LMTP listener."""
    if not may_run():
        absent("Postfix can be started by root only")
    settings = SmtpSettings(
        host="127.0.0.1",
        port=0,
        protocol="lmtp",
        domains=("city.example",),
        max_size=1_000_000,
    )
    listener = Listener(settings, lambda: None)
    postfix = Postfix(listener.start(), "city.example")
    try:
        yield postfix.start()
    finally:
        postfix.stop()
        listener.stop()


def _until(count: int) -> None:
    from orgo.intake.models import Mail

    end = time.monotonic() + 60
    while Mail.objects.count() < count and time.monotonic() < end:
        threading.Event().wait(0.05)


def test_a_mail_for_two_addresses_is_one_task_with_both(office: Office, behind: Postfix) -> None:
    from orgo.intake.models import Mail

    raw = written(
        "clara@people.example",
        "info@city.example",
        "Water leak",
        office.clock.now(),
        body="It leaks — très fort.\r\n.\r\n..",
    )
    with smtplib.SMTP("127.0.0.1", behind.port) as smtp:
        smtp.sendmail("clara@people.example", ["info@city.example", "works@city.example"], raw)
    _until(1)
    office.settle()

    mail = Mail.objects.get()
    assert (mail.outcome, mail.source) == ("opened", "lmtp")
    assert (
        sorted(mail.envelope_to) == ["info@city.example", "works@city.example"]
        and mail.envelope_from == "clara@people.example"
    )
    assert office.tasks() == 1 and "très fort." in mail.text


def test_what_orgo_can_not_take_now_waits_with_postfix(
    office: Office, behind: Postfix, monkeypatch: pytest.MonkeyPatch
) -> None:
    """451 by LMTP: the mail stays in Postfix's queue and comes again by itself."""
    from orgo.intake import smtp as door

    real, failed = vars(door)["store"], list[object]()

    def store(mails: list[object]) -> object:
        if not failed:
            failed.append(mails)
            raise RuntimeError("the database is away")
        return real(mails)

    monkeypatch.setitem(vars(door), "store", store)
    with smtplib.SMTP("127.0.0.1", behind.port) as smtp:
        smtp.sendmail(
            "clara@people.example",
            ["info@city.example"],
            written("clara@people.example", "info@city.example", "leak", office.clock.now()),
        )
    _until(1)
    office.settle()

    assert failed and office.tasks() == 1
