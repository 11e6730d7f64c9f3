"""S17: a mail that two readers would read differently is a task, but its sender is not trusted and it says why."""

import pytest

from orgo.message import parse

BODY = b"\r\n--b\r\nContent-Type: text/plain\r\n\r\none\r\n--b--\r\n--c\r\nContent-Type: text/plain\r\n\r\ntwo\r\n--c--\r\n"
MAILS = [
    b"From: a@x.example\r\nContent-Type: multipart/mixed; boundary=b; boundary=c\r\n" + BODY,
    b"From: a@x.example\r\nContent-Type: multipart/mixed; boundary=b\r\nContent-Type: multipart/mixed; boundary=c\r\n"
    + BODY,
    b"From: a@x.example\r\nFrom: b@x.example\r\n\r\nx",
]


@pytest.mark.parametrize("raw", MAILS)
def test_ambiguity_takes_the_trust_away(raw: bytes) -> None:
    message = parse(raw)

    assert not message.trusted and message.warnings


def test_a_file_with_two_names_has_one_and_says_so() -> None:
    raw = (
        b"From: a@x.example\r\nContent-Type: application/pdf; name=safe.pdf\r\n"
        b"Content-Disposition: attachment; filename=evil.exe\r\n\r\nx"
    )
    (attachment,) = parse(raw).attachments

    assert attachment.filename == "evil.exe"
