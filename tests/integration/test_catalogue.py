"""Odd mail the whole way (design/bad-input.md 2 to 46): what becomes of each, and what a person still sees of it."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.office import Office

HEAD = (
    b"From: clara@people.example\r\nTo: info@city.example\r\nDate: Mon, 7 Sep 2026 08:00:00 +0000\r\n"
    b"Message-ID: <odd@people.example>\r\nMIME-Version: 1.0\r\n"
)
LEAK = b"Subject: leak\r\n"
MULTI = HEAD + LEAK + b"Content-Type: multipart/mixed; boundary=%s\r\n\r\n"
FILE = (
    b"--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=f%d.pdf\r\n\r\nx\r\n"
)
EVENT = b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nRRULE:FREQ=SECONDLY\r\nSUMMARY:x\r\nEND:VEVENT\r\n"
YENC = b"=ybegin line=128 size=3 name=a.bin\r\n***\r\n=yend size=3\r\n"
REFERENCES = b"References: " + b"\r\n ".join(b"<r%d@x.example>" % number for number in range(2000)) + b"\r\n"

# number and name in the catalogue: the bytes, then what of the mail's row or task has to hold
CASES: dict[str, tuple[bytes, Callable[[Any, Any], object]]] = {
    "2 only headers": (HEAD + LEAK.strip(), lambda mail, task: task.title == "leak" and mail.text.strip() == ""),
    "3 no headers": (b"\r\nonly text of a leak\r\n", lambda mail, task: task.requester == "" and "only text" in mail.text),
    "4 no From": (LEAK + b"\r\nx\r\n", lambda mail, task: mail.trust == "unknown"),
    "8 raw 8-bit header": (HEAD + "Subject: leak Ω\r\n\r\nx".encode(), lambda mail, task: task.title == "leak Ω"),
    "8 latin-1 header": (HEAD + b"Subject: leak \xe9t\xe9\r\n\r\nx", lambda mail, task: task.title == "leak été"),
    "11 utf-7": (HEAD + LEAK + b"Content-Type: text/plain; charset=utf-7\r\n\r\n+ADw-script+AD4\r\n", lambda mail, task: mail.text),
    "11 utf-32 noise": (HEAD + LEAK + b"Content-Type: text/plain; charset=utf-32le\r\n\r\n" + bytes(range(256)) * 40, lambda mail, task: "\0" not in mail.text),
    "13 bare CR and LF": (HEAD + LEAK + b"\r\none\ntwo\rthree\r\n", lambda mail, task: mail.text.split() == ["one", "two", "three"]),
    "14 one long line": (HEAD + LEAK + b"\r\n" + b"x" * 1_000_000, lambda mail, task: len(mail.text) > 100_000),
    "21 no boundary": (HEAD + LEAK + b"Content-Type: multipart/mixed\r\n\r\nreadable\r\n", lambda mail, task: "readable" in mail.text),
    "21 wrong boundary": (MULTI % b"a" + b"--b\r\n\r\nreadable\r\n--b--\r\n", lambda mail, task: "readable" in mail.text and mail.warnings),
    "21 long boundary": (MULTI % (b"b" * 3000) + b"--" + b"b" * 3000 + b"\r\n\r\nreadable\r\n", lambda mail, task: "readable" in mail.text),
    "24 quoted-printable": (HEAD + LEAK + b"Content-Transfer-Encoding: quoted-printable\r\n\r\na=ZZb=\r\n", lambda mail, task: "a" in mail.text and "b" in mail.text),
    "25 yEnc": (HEAD + LEAK + b"\r\n" + YENC, lambda mail, task: "=ybegin" in mail.text),
    "28 many attachments": (MULTI % b"b" + b"".join(FILE % number for number in range(90)) + b"--b--\r\n", lambda mail, task: len(mail.attachments) == 90),
    "33 date in 2099": (HEAD.replace(b"2026", b"2099") + LEAK + b"\r\nx\r\n", lambda mail, task: "its date is far from the day it came" in mail.warnings),
    "37 two thousand references": (HEAD + LEAK + REFERENCES + b"\r\nx\r\n", lambda mail, task: task.title == "leak"),
    "42 combining marks": (HEAD + b"Subject: leak a" + "\u0301".encode() * 4000 + b"\r\n\r\nx\r\n", lambda mail, task: len(task.title) <= 1000),
    "43 formula": (HEAD + b"Subject: =cmd|' /C calc'!A0 leak\r\n\r\nx\r\n", lambda mail, task: task.title.startswith("=cmd")),
    "44 html only": (HEAD + LEAK + b"Content-Type: text/html\r\n\r\n<p>drips</p>", lambda mail, task: "drips" in mail.text and mail.has_html),
    "45 a million tags": (HEAD + LEAK + b"Content-Type: text/html\r\n\r\n" + b"<b>" * 1_000_000 + b"drips", lambda mail, task: mail.has_html),
    "46 recurring for ever": (HEAD + LEAK + b"Content-Type: text/calendar\r\n\r\n" + EVENT, lambda mail, task: task.title == "leak"),
}  # fmt: skip


@pytest.mark.parametrize("case", list(CASES))
def test_it_becomes_a_task_with_what_can_be_read(office: Office, case: str) -> None:
    from orgo.intake.store import read_raw

    raw, holds = CASES[case]
    mail = office.mail(raw=raw)
    assert (mail.outcome, office.tasks()) == ("opened", 1)
    assert holds(mail, office.task())
    assert read_raw(mail.pk) == raw


def test_more_attachments_than_the_cap_are_quarantined(office: Office) -> None:
    """28: up to the cap a task, else quarantine under the limit's name."""
    raw = MULTI % b"b" + b"".join(FILE % number for number in range(1100)) + b"--b--\r\n"
    mail = office.mail(raw=raw)
    assert mail.outcome == "quarantined" and "limit." in mail.reason
