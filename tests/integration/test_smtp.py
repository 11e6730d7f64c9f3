"""The listener: 250 only after the commit, temporary words for what fails, one answer a recipient by LMTP."""

import re
import smtplib
import socket
import time
from collections.abc import Iterator
from typing import BinaryIO

import pytest

from tests.office import Office

MAIL = b"From: a@x.example\r\nSubject: s\r\n\r\nbody\r\n"


@pytest.fixture
def listen(office: Office) -> Iterator:
    from orgo.intake.smtp import Listener, SmtpSettings

    made: list[Listener] = []

    def start(**settings: object) -> int:
        listener = Listener(SmtpSettings(host="127.0.0.1", port=0, **settings), lambda: None)  # type: ignore[arg-type]
        made.append(listener)
        return listener.start()

    yield start
    for listener in made:
        listener.stop()


def rows() -> list:
    from orgo.intake.models import Mail

    return list(Mail.objects.order_by("id"))


def raw(row: object) -> bytes:
    from orgo.intake.store import read_raw

    return read_raw(row.pk)  # type: ignore[attr-defined]


def say(port: int, *lines: bytes, answers: int = 1) -> bytes:
    """Say these lines to the server, each after the whole answer to the one before; returns all answers.

    `answers` is how many are read after the last line.
    """
    with socket.create_connection(("127.0.0.1", port), timeout=10) as wire, wire.makefile("rb") as replies:
        heard = _reply(replies)
        for line in lines:
            wire.sendall(line)
            heard += b"".join(_reply(replies) for _ in range(answers if line is lines[-1] else 1))
        return heard


def _reply(replies: BinaryIO) -> bytes:
    heard = b""
    while not re.match(rb"[0-9]{3} ", line := replies.readline()):
        assert line, heard
        heard += line
    return heard + line


def hello(port: int) -> smtplib.SMTP:
    smtp = smtplib.SMTP("127.0.0.1", port, timeout=10)
    smtp.ehlo()
    return smtp


def test_a_mail_is_there_when_250_is_said(listen) -> None:
    port = listen()
    with hello(port) as smtp:
        smtp.mail("a@x.example")
        smtp.rcpt("info@city.example")
        code, words = smtp.data(MAIL)
    (row,) = rows()

    assert code == 250 and str(row.pk) in words.decode()
    assert (raw(row), row.envelope_from, row.envelope_to, row.peer) == (
        MAIL,
        "a@x.example",
        ["info@city.example"],
        "127.0.0.1",
    )


def test_a_database_that_fails_is_a_temporary_answer_without_its_words(
    listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = listen()

    def fail(mails: object) -> None:
        raise RuntimeError("secret words of the database")

    monkeypatch.setattr("orgo.intake.smtp.store", fail)
    with hello(port) as smtp:
        smtp.mail("a@x.example")
        smtp.rcpt("info@city.example")
        code, words = smtp.data(MAIL)
    monkeypatch.undo()

    assert code == 451 and b"secret" not in words and rows() == []
    with hello(port) as smtp:
        smtp.sendmail("a@x.example", ["info@city.example"], MAIL)
    assert len(rows()) == 1


def test_lmtp_answers_once_for_each_recipient(listen) -> None:
    port = listen(protocol="lmtp")
    heard = say(
        port, b"LHLO x\r\n", b"MAIL FROM:<a@x.example>\r\n", b"RCPT TO:<b@y.example>\r\n", b"RCPT TO:<c@y.example>\r\n", b"DATA\r\n",
        MAIL + b".\r\n", answers=2,
    )  # fmt: skip

    assert heard.count(b"250 2.0.0 Taken as") == 2 and len(rows()) == 1


@pytest.mark.parametrize("protocol", ["smtp", "lmtp"])
def test_one_address_opens_so_many_connections(
    listen, monkeypatch: pytest.MonkeyPatch, protocol: str
) -> None:
    """The next one is told to come later, and is let in when one has gone."""
    from orgo.intake import controller

    monkeypatch.setattr(controller, "MOST_OF_ONE", 2)
    port = listen(protocol=protocol)
    ways = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(2)]
    assert [way.recv(3) for way in ways] == [b"220", b"220"]
    assert say(port).startswith(b"421 4.7.0")
    for way in ways:
        way.close()
    end = time.monotonic() + 10
    while not (heard := say(port)).startswith(b"220"):
        assert time.monotonic() < end, heard


def test_a_mail_has_so_many_recipients(listen, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those who were taken get it; the sender keeps the others (RFC 5321 section 4.5.3.1.10)."""
    from orgo.intake import smtp as door

    monkeypatch.setattr(door, "MOST_RECIPIENTS", 2)
    with hello(listen()) as smtp:
        refused = smtp.sendmail("a@x.example", [f"p{number}@city.example" for number in range(3)], MAIL)
    assert refused["p2@city.example"][0] == 452
    assert rows()[0].envelope_to == ["p0@city.example", "p1@city.example"]


def test_only_the_listed_domains_are_taken(listen) -> None:
    port = listen(domains=("city.example",))
    with hello(port) as smtp:
        smtp.mail("a@x.example")
        assert smtp.rcpt("x@elsewhere.example")[0] == 550
        assert smtp.rcpt("x@CITY.example")[0] == 250


def test_a_mail_over_the_size_is_refused_for_good_and_one_of_a_single_long_line_is_taken(listen) -> None:
    port = listen(max_size=3_000_000)
    with hello(port) as smtp:
        smtp.mail("a@x.example")
        smtp.rcpt("info@city.example")
        assert smtp.data(b"Subject: s\r\n\r\n" + b"x" * 4_000_000)[0] == 552
    with hello(port) as smtp:
        smtp.sendmail(
            "a@x.example", ["info@city.example"], b"Subject: s\r\n\r\n" + b"x" * 1_000_000 + b"\r\n"
        )
    (row,) = rows()
    assert row.size > 1_000_000


@pytest.mark.parametrize(
    "ending",
    [
        b"\n.\n",
        b"\n.\r\n",
        b"\r.\r",
        b"\r\n.\n",
        b"\r.\r\n",
        b"\n.\r",
        b"\r\n.\r",
        b"\r\r\n.\r\r\n",
        b"\r\n\x00.\r\n",
    ],
)
def test_only_a_dot_between_whole_line_ends_ends_a_mail(listen, ending: bytes) -> None:
    """S09: with another end of data than the sender's a second mail could be smuggled in."""
    smuggled = b"MAIL FROM:<evil@x.example>\r\nRCPT TO:<b@y.example>\r\nDATA\r\nsmuggled\r\n"
    say(
        listen(), b"EHLO x\r\n", b"MAIL FROM:<a@x.example>\r\n", b"RCPT TO:<b@y.example>\r\n", b"DATA\r\n",
        b"Subject: s\r\n\r\nbody" + ending + smuggled + b"\r\n.\r\n",
    )  # fmt: skip

    (row,) = rows()
    assert b"smuggled" in raw(row) and row.envelope_from == "a@x.example"


def test_a_connection_cut_before_the_dot_stores_nothing(listen) -> None:
    port = listen()
    with socket.create_connection(("127.0.0.1", port), timeout=10) as wire:
        replies = wire.makefile("rb")
        for line in (
            b"EHLO x\r\n",
            b"MAIL FROM:<a@x.example>\r\n",
            b"RCPT TO:<b@y.example>\r\n",
            b"DATA\r\n",
        ):
            _reply(replies)
            wire.sendall(line)
        assert _reply(replies).startswith(b"354")
        wire.sendall(MAIL)

    assert rows() == []


def test_little_space_leaves_the_mail_with_its_sender_and_is_said_once(
    listen, tmp_path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    import shutil

    port = listen()
    answers = []
    with hello(port) as smtp:
        for free in (10, 10, 10, 1 << 40, 1 << 40):
            monkeypatch.setattr(
                shutil, "disk_usage", lambda path, free=free: shutil._ntuple_diskusage(100, 100, free)
            )
            smtp.mail("a@x.example")
            smtp.rcpt("info@city.example")
            answers.append(smtp.data(MAIL)[0])
    assert answers == [452, 452, 452, 250, 250]
    said = [line.getMessage() for line in caplog.records if line.levelname == "WARNING"]
    assert said == [
        f"mail is refused for now: 0 MB free at {tmp_path}, 75 are needed; make room",
        "mail is taken again: there is room for it",
    ]


def test_any_bytes_arrive_as_they_were_sent(listen) -> None:
    data = b"Subject: \xff\xfe\r\n\r\n.dot\r\n..dots\r\n\x00\x01\x80\r\n"
    with hello(listen()) as smtp:
        smtp.sendmail("a@x.example", ["info@city.example"], data)

    assert raw(rows()[0]) == data


@pytest.mark.parametrize("protocol", ["smtp", "lmtp"])
def test_an_envelope_of_any_bytes_is_taken_or_refused_for_good(listen, protocol: str) -> None:
    """Who hears "later" comes again for days: an address is stored as it can be shown, and what is none gets a no."""
    hello = b"LHLO x\r\n" if protocol == "lmtp" else b"EHLO x\r\n"
    heard = say(
        listen(protocol=protocol), hello, b"MAIL FROM:<a@[>\r\n", b"MAIL FROM:<\xe9\0@x.example>\r\n", b"RCPT TO:<a@\r\n",
        b"RCPT TO:<b\0\xff@y.example>\r\n", b"DATA\r\n", MAIL + b".\r\n",
    )  # fmt: skip
    answers = [line[:3] for line in heard.splitlines() if line[3:4] == b" "]
    (row,) = rows()

    assert answers == [b"220", b"250", b"553", b"250", b"553", b"250", b"354", b"250"], heard
    assert row.envelope_from.endswith("\u2400@x.example") and row.envelope_to[0].startswith("b\u2400")
