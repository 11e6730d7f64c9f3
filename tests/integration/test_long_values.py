"""A database that keeps to its columns' widths (PostgreSQL) takes whatever strangers write: it is cut, never refused."""

from typing import Any

import pytest

from tests.office import PASS, Office

LONG = 3_000
LETTER = "é💧x"
MAILS: dict[str, dict[str, Any]] = {
    "subject": {"subject": f"leak {LETTER * LONG}"},
    "message id": {"headers": {"X-Before": "1", "In-Reply-To": f"<{'r' * LONG}@x.example>", "References": " ".join(f"<{n}{'r' * 300}@x.example>" for n in range(150))}},
    "sender": {"sender": f"{'l' * 300}@{'d' * 60}.{'e' * 60}.{'f' * 60}.example"},
    "text": {"body": f"{LETTER * 100_000}\x00\x01\x7f\u2028"},
    "words": {"body": " ".join(f"word{n}" for n in range(60_000))},
    "one word": {"body": "w" * 200_000},
}  # fmt: skip


@pytest.mark.parametrize("which", list(MAILS))
def test_it_becomes_a_task_and_its_people_are_told(office: Office, which: str) -> None:
    mail = office.mail(
        **{"sender": "clara@people.example", "subject": "leak", "headers": {"Authentication-Results": PASS}}
        | MAILS[which]
    )

    assert mail.outcome == "opened", mail.reason
    assert office.told()[:2] == ["anna@city.example", "ben@city.example"]


def test_raw_headers_of_any_length(office: Office) -> None:
    raw = (
        b"From: \"" + b"n" * 20_000 + b"\" <" + b"a" * 400 + b"@x.example>\r\nMessage-ID: <" + b"m" * 20_000 + b"@x.example>\r\n"
        b"Subject: leak\r\nDate: Mon, 07 Sep 2026 08:00:00 +0000\r\nList-Id: <" + b"l" * 5_000 + b">\r\n"
        b"Content-Type: application/pdf; name=\"" + b"f" * 10_000 + b".pdf\"\r\n\r\nx\r\n"
    )  # fmt: skip

    assert office.mail("x@people.example", raw=raw).outcome == "opened"


def test_a_long_answer_and_a_long_note(office: Office) -> None:
    from orgo.flow.acting import perform
    from orgo.people.models import User

    office.mail()
    anna = User.objects.get(address="anna@city.example")
    perform(anna, office.task().reference, "note", text=LETTER * 30_000)
    perform(anna, office.task().reference, "cancel", reason="r" * 90_000)

    assert office.task().state == "cancelled"
