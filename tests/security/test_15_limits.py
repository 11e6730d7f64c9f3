"""S15: what has too much of anything is kept in quarantine under the limit's name, and nothing stands still for it."""

import pytest

from tests.office import Office

HEAD = b"From: eve@evil.example\r\nSubject: leak\r\n"


def _nested(depth: int) -> bytes:
    inner = b"Content-Type: text/plain\r\n\r\nx\r\n"
    for number in range(depth):
        inner = b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n%s\r\n--b%d--\r\n" % (
            number,
            number,
            inner,
            number,
        )
    return HEAD + inner


MAILS = {
    "limit.headers": HEAD + b"".join(b"X-%d: y\r\n" % n for n in range(10_000)) + b"\r\nx",
    "limit.header": HEAD + b"X-Long: " + b"y" * 300_000 + b"\r\n\r\nx",
    "limit.params": HEAD
    + b"Content-Type: text/plain"
    + b"".join(b"; p*%d=x" % n for n in range(7_000))
    + b"\r\n\r\nx",
    "limit.parts": HEAD
    + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    + b"--b\r\n\r\nx\r\n" * 16_000
    + b"--b--\r\n",
    "limit.depth": _nested(1_000),
    "limit.addresses": HEAD
    + b"To: "
    + b",\r\n ".join(b"a%d@x.example" % n for n in range(2_000))
    + b"\r\n\r\nx",
}


@pytest.mark.parametrize("limit", list(MAILS))
def test_a_mail_over_a_limit_is_quarantined_whole_and_named(office: Office, limit: str) -> None:
    from orgo.intake.store import read_raw

    mail = office.mail("eve@evil.example", raw=MAILS[limit])
    after = office.mail(subject="leak after it")

    assert mail.outcome == "quarantined" and limit in mail.reason
    assert read_raw(mail.pk) == MAILS[limit]
    assert after.outcome == "opened"
