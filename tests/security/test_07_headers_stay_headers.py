"""S07: nothing that a stranger writes becomes a header, a recipient or an SMTP command of ours."""

import pytest

from tests.office import Office

SUBJECTS = [
    "=?utf-8?q?leak=0D=0ABcc=3A_victim=40people.example?=", "=?utf-8?b?bGVhaw0KQmNjOiB2aWN0aW1AcGVvcGxlLmV4YW1wbGU=?=", "leak\u2028Bcc: victim@people.example",
    "=?utf-8?q?leak=0D?= =?utf-8?q?=0ABcc=3A_victim=40people.example?=", "=?utf-8?q?leak=00=1B[2J?=", "=?utf-8?q?leak=0D=0A=0D=0A<b>body</b>?=", "leak\x85Bcc: victim@people.example",
]  # fmt: skip
OURS = {
    "from", "to", "reply-to", "subject", "date", "message-id", "in-reply-to", "references", "mime-version", "content-type", "auto-submitted",
    "content-transfer-encoding", "precedence", "x-orgo-loop", "x-auto-response-suppress", "list-id", "return-path", "received", "x-orgo", "sender",
}  # fmt: skip


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_subject_brings_no_header_and_no_recipient(office: Office, subject: str) -> None:
    """bad input 41."""
    office.mail(subject=subject)

    assert office.told() == ["anna@city.example", "ben@city.example"]
    for letter in office.letters():
        assert {name.lower() for name in letter} <= OURS
        assert "\n" not in str(letter["Subject"])


def test_a_name_brings_no_header_and_no_recipient(office: Office) -> None:
    raw = b"From: =?utf-8?q?Eve=0D=0ABcc=3A_victim=40people.example?= <eve@evil.example>\r\nSubject: leak\r\n\r\nx\r\n"
    office.mail("eve@evil.example", raw=raw)
    office.answer("anna@city.example", "done")

    assert set(office.told()) == {"anna@city.example", "ben@city.example", "eve@evil.example"}
    for letter in office.letters():
        assert {name.lower() for name in letter} <= OURS
