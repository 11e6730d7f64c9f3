"""Facts of a mail: who it says it is from, and when it came."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from orgo.rules import Facts, facts_of
from orgo.rules.parse import parse_condition


def mail_from(name: str, address: str) -> Facts:
    message = SimpleNamespace(
        sender=SimpleNamespace(name=name, address=address), subject="", text="", to=(), cc=(), reply_to=(), attachments=(),
        headers=(), list_id="", language="", in_reply_to="", references=(), is_bounce=False, is_auto_reply=False,
    )  # fmt: skip
    return facts_of(message)


def holds(condition: str, facts: Facts) -> bool:
    return parse_condition(condition).condition.holds(facts)


@pytest.mark.parametrize(
    "name", ["boss@corp.example", "Boss <boss@corp.example>", "boss＠corp.example", "corp.example"]
)
@pytest.mark.parametrize(
    "condition",
    ["from is 'boss@corp.example'", "from ends with 'corp.example'", "from in ['boss@corp.example']", "from contains '@corp.example'",
     "from matches /@corp\\.example/"],
)  # fmt: skip
def test_nobody_becomes_another_by_the_name_he_writes(name: str, condition: str) -> None:
    assert not holds(condition, mail_from(name, "x@evil.example"))
    assert holds(condition, mail_from("", "boss@corp.example"))


def test_a_name_can_be_looked_for() -> None:
    assert holds("from contains 'anna' and from has word 'abel'", mail_from("Anna Abel", "x@y.example"))


@pytest.mark.parametrize(
    ("zone", "condition"),
    [
        ("Europe/Paris", "hour >= 18:30 and hour is 18 and weekday is friday and date is 2026-10-23"),
        ("Asia/Tokyo", "hour < 01:31 and hour > '01:29' and weekday is saturday and date > 2026-10-23"),
        ("UTC", "date in [2026-10-23, 2026-12-24] and hour in [16, 17]"),
    ],
)
def test_time_is_that_of_receipt_where_the_office_is(zone: str, condition: str) -> None:
    facts = Facts(received_at=datetime(2026, 10, 23, 16, 30, tzinfo=UTC), zone=zone)

    assert holds(condition, facts)


def test_what_is_not_known_is_no_number() -> None:
    facts: dict[str, Any] = {}

    assert not holds("hour >= 0", Facts(**facts)) and not holds("spam_score < 100", Facts(**facts))
    assert holds("size < 1 and attachments == 0 and attachments < 1", Facts(**facts))
