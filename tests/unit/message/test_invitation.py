"""A mail that is nothing but an invitation says what it invites to; one that can't be read is a file only."""

import pytest

from orgo.message import parse
from orgo.message.invitation import LARGEST, words_of

EVENT = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:1@x.example\r\nDTSTAMP:20260901T080000Z\r\n"
    "DTSTART;TZID=Europe/Paris:20260917T100000\r\nDTEND;TZID=Europe/Paris:20260917T113000\r\n"
    "SUMMARY:Planning of the\r\n  autumn fair\r\nLOCATION:County hall\\, room B\r\nORGANIZER;CN=Eve:mailto:eve@county.example\r\n"
    "{more}END:VEVENT\r\nEND:VCALENDAR\r\n"
)
SAID = "Planning of the autumn fair\n2026-09-17 10:00 CEST – 2026-09-17 11:30 CEST\nCounty hall, room B\neve@county.example"


def mail(body: str, kind: str = "text/calendar; charset=utf-8; method=REQUEST") -> bytes:
    head = f"From: eve@county.example\r\nTo: info@city.example\r\nSubject: Fair\r\nMIME-Version: 1.0\r\nContent-Type: {kind}\r\n\r\n"
    return (head + body).encode()


def test_a_bare_invitation_has_its_words_as_text_and_is_a_file_with_a_name() -> None:
    found = parse(mail(EVENT.format(more="")))
    assert found.text == SAID


def test_an_alternative_without_a_name_is_called_by_what_it_asks() -> None:
    body = "--b\r\nContent-Type: text/plain\r\n\r\nCome!\r\n--b\r\nContent-Type: text/calendar; method=CANCEL\r\n\r\n"
    found = parse(mail(body + EVENT.format(more="") + "--b--\r\n", "multipart/alternative; boundary=b"))
    assert found.text.strip() == "Come!"
    assert [file.filename for file in found.attachments] == ["cancel.ics"]


def test_a_mail_within_the_mail_is_called_by_its_subject() -> None:
    inner = "Content-Type: message/rfc822\r\n\r\nSubject: Leak / room 4\r\n\r\nwater\r\n"
    found = parse(
        mail(
            f"--b\r\nContent-Type: text/plain\r\n\r\nsee below\r\n--b\r\n{inner}--b--\r\n",
            "multipart/mixed; boundary=b",
        )
    )
    assert [file.filename for file in found.attachments] == ["Leak room 4.eml"]


def test_a_series_for_ever_is_not_expanded() -> None:
    """bad input 46."""
    assert words_of(EVENT.format(more="RRULE:FREQ=SECONDLY\r\n").encode()).startswith(
        "Planning of the autumn fair"
    )


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"BEGIN:VCALENDAR",
        b"\xff\xfe\x00",
        b"BEGIN:VEVENT\r\n" * 3000,
        b"x" * (LARGEST + 1),
        b"BEGIN:VCARD\r\nFN:x\r\nEND:VCARD",
    ],
)
def test_what_can_not_be_read_says_nothing(content: bytes) -> None:
    """bad input 46."""
    assert words_of(content) == ""
