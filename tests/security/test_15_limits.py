"""S15: what has too much of anything is kept in quarantine under the limit's name, and nothing stands still for it."""

from pathlib import Path

import pytest

from orgo.conf import load
from orgo.message import Message, limits, parse
from orgo.message.pool import ParserPool
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


def _files(count: int) -> bytes:
    return b"".join(
        b"--b\r\nContent-Disposition: attachment; filename=%d.txt\r\n\r\nx\r\n" % n for n in range(count)
    )


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
    "limit.attachments": HEAD
    + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    + _files(301)
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


def test_as_many_attachments_as_are_allowed_are_all_kept(office: Office) -> None:
    mail = office.mail(raw=MAILS["limit.attachments"].replace(_files(301), _files(300)))

    assert mail.outcome == "opened" and len(mail.attachments) == 300


CONFIGURED = {
    "mail_size: 1 kB": ("limit.size", HEAD + b"\r\n" + b"x" * 1_100),
    "headers_size: 1 kB": ("limit.headers", HEAD + b"X-A: " + b"y" * 800 + b"\r\nX-B: " + b"y" * 800 + b"\r\n\r\nx"),
    "header_size: 1 kB": ("limit.header", HEAD + b"X-A: " + b"y" * 1_100 + b"\r\n\r\nx"),
    "headers: 5": ("limit.headers", HEAD + b"X-A: y\r\n" * 5 + b"\r\nx"),
    "addresses: 3": ("limit.addresses", HEAD + b"To: " + b"a@x.example, " * 4 + b"\r\n\r\nx"),
    "parameters: 3": ("limit.params", HEAD + b"Content-Type: text/plain; a=b; c=d; e=f; g=h\r\n\r\nx"),
    "parts: 3": ("limit.parts", HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 4),
    "depth: 2": ("limit.depth", _nested(4)),
    "attachments: 2": ("limit.attachments", HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + _files(3)),
}  # fmt: skip


@pytest.mark.parametrize("line", list(CONFIGURED))
def test_each_limit_is_that_of_the_configuration(tmp_path: Path, line: str) -> None:
    """In this process and in the parser's own."""
    from orgo.ops.checking import use_limits

    limit, raw = CONFIGURED[line]
    (tmp_path / "config.yaml").write_text(f"limits: {{{line}}}\n")
    assert not parse(raw).limit
    use_limits(load(tmp_path, {}))
    pool = ParserPool()
    try:
        (read,) = pool.parse([raw])
        assert isinstance(read, Message) and read.limit == parse(raw).limit == limit
    finally:
        pool.close()
        limits.use(limits.Limits())
