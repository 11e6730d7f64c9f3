"""A scenario's mails are mails that Orgo's parser reads as they were meant."""

from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from orgo.delivery.ports import Parcel
from orgo.message import parse, reply_text
from orgo.simulate import write
from orgo.simulate.script import AnswerStep, MailStep, Scenario, Script

AT = datetime(2026, 9, 7, 8, 0, tzinfo=UTC)
SCENARIO = Scenario(
    Script.model_validate(
        {
            "start": "2026-09-07T10:00 Europe/Paris",
            "steps": [{"at": "+0", "mail": {"from": "a@b.example", "to": "c@d.example"}}],
        }
    ),
    "a.yaml",
    Path(__file__).parent,
)
LETTER = Parcel(
    recipient="anna@city.example",
    envelope_from="",
    message_id="<1@orgo.example>",
    date=AT,
    subject="[#ABCDEF] Leak",
    text="Please\ndo it. Done?",
    html="",
    headers={"Reply-To": "orgo+x@orgo.example"},
)


def mail(**more: object) -> MailStep:
    return MailStep.model_validate(
        {"from": "Clara <clara@people.example>", "to": "info@city.example", **more}
    )


def test_a_mail_has_what_its_step_says() -> None:
    step = mail(
        cc="anna@city.example", subject="Fuite [#{reference}]", body="Ça goutte.", attach=Path(__file__).name
    )
    read = parse(write.mail(step, SCENARIO, AT, 7, "ABCDEF"))

    assert read.sender is not None and (read.sender.name, read.sender.address) == (
        "Clara",
        "clara@people.example",
    )
    assert (read.subject, read.text.strip(), read.date) == ("Fuite [#ABCDEF]", "Ça goutte.", AT)
    assert [one.address for one in (*read.to, *read.cc)] == ["info@city.example", "anna@city.example"]
    assert [one.filename for one in read.attachments] == [Path(__file__).name]


def test_headers_of_the_step_take_the_place_of_the_usual_ones() -> None:
    read = parse(write.mail(mail(headers={"Message-ID": "<mine@a.example>", "X-Odd": "1"}), SCENARIO, AT, 7))

    assert read.message_id == "<mine@a.example>"
    assert [value for name, value in read.headers if name.lower() == "message-id"] == ["<mine@a.example>"]
    assert ("X-Odd", "1") in [(name, value.strip()) for name, value in read.headers]


def test_two_mails_alike_have_numbers_of_their_own() -> None:
    one, other = (parse(write.mail(mail(), SCENARIO, AT, number)).message_id for number in (1, 2))

    assert one != other


def test_an_answer_belongs_to_its_letter_and_its_quote_is_no_part_of_the_reply() -> None:
    step = AnswerStep.model_validate({"from": "anna@city.example", "body": "take"})
    read = parse(write.answer(step, LETTER, AT, 7))

    assert (read.in_reply_to, read.subject) == ("<1@orgo.example>", "Re: [#ABCDEF] Leak")
    assert [one.address for one in read.to] == ["orgo+x@orgo.example"]
    assert reply_text(read).strip() == "take"


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_subject_and_body_that_is_taken_can_be_written(subject: str, body: str) -> None:
    try:
        step = mail(subject=subject, body=body)
    except ValueError:
        return
    assert parse(write.mail(step, SCENARIO, AT, 7)).sender is not None
