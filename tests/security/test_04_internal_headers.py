"""S04: a mail's own X-Orgo-* headers and foreign Authentication-Results mean nothing."""

import pytest

from tests.office import Office

FORGED = [
    ("X-Orgo-Task", "1"), ("X-Orgo-Actor", "admin@city.example"), ("X-Orgo-Team", "hr@city.example"), ("X-Orgo-Priority", "urgent"),
    ("X-Orgo-Verdict", "internal"), ("X-Orgo-Command", "done"), ("X-Orgo-Squelch", "anna@city.example"), ("X-RT-Command", "resolve"),
]  # fmt: skip


def test_headers_in_our_name_change_nothing(office: Office) -> None:
    office.mail(headers=dict(FORGED))
    task = office.task()

    assert (task.team, task.state, task.priority) == ("works@city.example", "pending", "high")
    assert office.told() == ["anna@city.example", "ben@city.example"]


@pytest.mark.parametrize(
    "result",
    [
        "evil.example; dmarc=pass",
        "mx.city.example.evil.example; dmarc=pass",
        "; mx.city.example; dmarc=pass",
        "mx.city.example",
        "mx.city.example; spf=pass smtp.mailfrom=dmarc=pass@evil.example",
        'mx.city.example; spf=pass smtp.mailfrom="; dmarc=pass"@evil.example',
        "mx.city.example; spf=pass smtp.mailfrom==?utf-8?q?=3B_dmarc=3Dpass?=@evil.example",
        "mx.city.example; spf=fail (dmarc=pass)",
        'mx.city.example; spf=fail reason="dmarc=pass"',
    ],
)
def test_results_of_another_server_prove_nothing(office: Office, result: str) -> None:
    office.mail("clara@people.example", headers={"Authentication-Results": result})

    assert "clara@people.example" not in office.told()


@pytest.mark.parametrize(
    "result",
    [
        "mx.city.example; spf=pass smtp.mailfrom=dmarc=pass@evil.example; dmarc=fail",
        'mx.city.example; spf=pass (dmarc=pass) reason="dmarc=pass"; dmarc=fail',
        "mx.city.example; spf=pass\r\nAuthentication-Results: mx.city.example; dmarc=fail",
        "mx.city.example; dmarc=fail\r\nAuthentication-Results: mx.city.example; dmarc=pass",
    ],
)
def test_a_failure_is_heard_whatever_stands_beside_it(office: Office, result: str) -> None:
    """The envelope's address, a comment and a reason are the sender's words; each filter may write a header of its own."""
    mail = office.mail("clara@people.example", headers={"Authentication-Results": result})

    assert mail.trust == "fail" and "clara@people.example" not in office.told()


def test_a_result_that_did_not_come_through_our_border_proves_nothing(office: Office) -> None:
    from orgo.intake.store import Incoming
    from orgo.pipeline import take
    from tests.office import PASS, written

    raw = written(
        "clara@people.example",
        "info@city.example",
        "leak",
        office.clock.now(),
        headers={"Authentication-Results": PASS},
    )
    take([Incoming(data=raw, source="smtp", envelope_from="clara@people.example", peer="203.0.113.9")])
    office.settle()

    assert "clara@people.example" not in office.told()


@pytest.mark.parametrize("source", ["page", "folder", "import", "http"])
def test_a_result_in_a_file_proves_nothing(office: Office, source: str) -> None:
    """No relay of ours stands before these doors."""
    from orgo.intake.models import Mail
    from orgo.intake.store import Incoming
    from orgo.pipeline import take
    from tests.office import PASS, written

    raw = written(
        "clara@people.example",
        "info@city.example",
        "leak",
        office.clock.now(),
        headers={"Authentication-Results": PASS},
    )
    take([Incoming(data=raw, source=source, envelope_from="clara@people.example", peer="127.0.0.1")])  # type: ignore[arg-type]
    office.settle()

    assert Mail.objects.get().trust == "none" and "clara@people.example" not in office.told()
