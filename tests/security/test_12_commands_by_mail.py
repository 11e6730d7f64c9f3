"""S12: a command in a mail needs a token, a sender who is not disproved, and the right to it."""

import pytest

from tests.office import PASS, Office

FAIL = "mx.city.example; dmarc=fail"


@pytest.mark.parametrize(
    "words", ["done", "#close", "close", "assign eve@evil.example", "not mine", "escalate", "undo"]
)
def test_a_spoofed_command_has_no_effect(office: Office, words: str) -> None:
    office.mail()
    office.mail("anna@city.example", "Re: Water leak", body=words, headers={"Authentication-Results": FAIL})
    first = office.task() if office.tasks() == 1 else type(office.task()).objects.order_by("id").first()

    assert (first.state, first.assignee, first.level, first.team) == ("pending", "", 0, "works@city.example")


def test_a_token_with_a_disproved_sender_asks_back_and_does_nothing(office: Office) -> None:
    office.mail()
    office.answer("anna@city.example", "done", headers={"Authentication-Results": FAIL})

    assert office.task().state == "pending"


def test_a_requester_may_close_but_not_hand_over(office: Office) -> None:
    office.mail(headers={"Authentication-Results": PASS})
    office.answer("clara@people.example", "not mine, try hr@city.example")
    assert office.task().team == "works@city.example"

    office.answer("clara@people.example", "done")
    assert office.task().state == "completed"
