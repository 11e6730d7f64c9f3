"""The quarantine's page: a mail is put aside with a reason, and by nobody without the right to."""

from typing import Any

import pytest

from tests.office import Office


@pytest.fixture
def client(office: Office) -> Any:
    from django.test import Client

    from orgo.people.models import User

    made = Client()
    made.force_login(User.objects.get(address="admin@city.example"))
    return made


def test_a_mail_is_put_aside_with_a_reason(office: Office, client: Any) -> None:
    from orgo.audit.models import Event
    from orgo.intake.models import Mail

    mail = office.mail("a@x.example", raw=b"\r\n")
    assert mail.outcome == "quarantined"
    client.post(f"/quarantine/{mail.pk}/discard", {"reason": " "})
    assert Mail.objects.get(pk=mail.pk).outcome == "quarantined"
    answer = client.post(f"/quarantine/{mail.pk}/discard", {"reason": "empty"}, follow=True)

    assert (
        Mail.objects.get(pk=mail.pk).outcome == "ignored" and "its bytes are kept" in answer.content.decode()
    )
    assert (
        Event.objects.get(type="mail.discarded").data["reason"] == "empty"
        and office.task().state == "cancelled"
    )
    assert (
        "no longer in quarantine"
        in client.post(f"/quarantine/{mail.pk}/discard", {"reason": "x"}, follow=True).content.decode()
    )


def test_who_may_not_manage_mail_does_not(office: Office, client: Any) -> None:
    from orgo.intake.models import Mail
    from orgo.people.models import User

    mail = office.mail("a@x.example", raw=b"\r\n")
    client.force_login(User.objects.get(address="anna@city.example"))

    assert client.post(f"/quarantine/{mail.pk}/discard", {"reason": "x"}).status_code in (403, 404)
    assert Mail.objects.get(pk=mail.pk).outcome == "quarantined"
