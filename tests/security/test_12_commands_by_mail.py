"""S12: a command in a mail needs a token, a sender who is not disproved, and the right to it."""

import pytest

from tests.office import PASS, Office, text_of

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


OUTSIDE = "eve@evil.example"


@pytest.mark.parametrize("words", [f"assign {OUTSIDE}", f"not mine, try {OUTSIDE}"])
@pytest.mark.parametrize(("body", "who"), [("It leaks.", "anna"), ("This is harassment.", "hanna")])
def test_a_task_goes_to_nobody_outside_the_house(office: Office, words: str, body: str, who: str) -> None:
    office.mail(body=body, headers={"Authentication-Results": PASS})
    before = office.task()
    office.answer(f"{who}@city.example", words)

    assert (office.task().team, office.task().assignee) == (before.team, before.assignee)
    assert OUTSIDE not in office.told()
    assert f"not clear who {OUTSIDE} is" in text_of(office.letters(f"{who}@city.example")[-1])


def test_a_misspelt_colleague_is_asked_back_with_the_nearest_address(office: Office) -> None:
    office.mail()
    office.answer("anna@city.example", "assign bem@city.example")

    assert office.task().assignee == ""
    assert "Did you mean ben@city.example?" in text_of(office.letters("anna@city.example")[-1])


def test_who_may_not_assign_hears_no_address(office: Office) -> None:
    office.mail(headers={"Authentication-Results": PASS})
    office.answer("clara@people.example", "assign bem@city.example")

    assert "ben@city.example" not in text_of(office.letters("clara@people.example")[-1])


def _forged(office: Office, words: str) -> None:
    """A mail in the requester's name, by the reference alone, that fails the check."""
    subject = f"Re: [#{office.task().reference}]"
    office.mail("clara@people.example", subject, body=words, headers={"Authentication-Results": FAIL})


def test_a_forged_requester_reopens_nothing(office: Office) -> None:
    office.mail(headers={"Authentication-Results": PASS})
    office.answer("anna@city.example", "done")
    office.forget()
    _forged(office, "It still drips.")

    assert (office.task().state, office.tasks(), office.told()) == ("completed", 1, [])


def test_a_forged_requester_wakes_nothing_and_is_told_with_a_warning(office: Office) -> None:
    office.mail(headers={"Authentication-Results": PASS})
    office.answer("anna@city.example", "take")
    office.answer("anna@city.example", "wait")
    office.forget()
    _forged(office, "The key is under the mat.")

    assert office.task().state == "waiting"
    assert office.told() == ["anna@city.example"]
    assert "could not be shown that this mail comes from clara" in text_of(office.letters()[0])
