"""Odd mail the whole way (design/bad-input.md 1 to 48): what becomes of each, and what a person still sees of it.

Mail that is odd in what it means rather than in its bytes has tests of its own, which name its number too.
"""

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

ONE_FILE = (
    MULTI % b"b" + b"--b\r\nContent-Type: %s\r\nContent-Transfer-Encoding: base64\r\n\r\n%s\r\n--b--\r\n"
)
BARE = b"From: clara@people.example\r\nSubject: leak\r\n"  # neither Date nor Message-ID
UUENCODED = b"begin 644 a.txt\r\n#86)C\r\n`\r\nend\r\n"
GUESSED = "letters in its headers whose charset nobody named"
FAR_DATE = "its date is far from the day it came"
NO_DATE = "its Date can't be read"


def warned(words: str) -> Callable[[Any, Any], object]:
    return lambda mail, task: words in mail.warnings


# number and name in the catalogue: the bytes, then what of the mail's row or task has to hold
CASES: dict[str, tuple[bytes, Callable[[Any, Any], object]]] = {
    "bad input 2, only headers": (HEAD + LEAK.strip(), lambda mail, task: task.title == "leak" and mail.text.strip() == ""),
    "bad input 3, no headers": (b"\r\nonly text of a leak\r\n", lambda mail, task: task.requester == "" and "only text" in mail.text),
    "bad input 4, no From": (LEAK + b"\r\nx\r\n", lambda mail, task: mail.trust == "unknown"),
    "bad input 5, two From": (b"From: eve@evil.example\r\n" + HEAD + LEAK + b"\r\nx\r\n", warned("it has two From headers")),
    "bad input 6, two mailboxes in From": (b"From: boss@city.example, eve@evil.example\r\n" + LEAK + b"\r\nx\r\n", lambda mail, task: mail.trust == "unknown"),
    "bad input 7, a name that is an address": (b"From: boss@city.example <x@evil.example>\r\n" + LEAK + b"\r\nx\r\n", lambda mail, task: (mail.from_address, mail.trust) == ("x@evil.example", "unknown")),
    "bad input 8, raw 8-bit header": (HEAD + "Subject: leak Ω\r\n\r\nx".encode(), lambda mail, task: task.title == "leak Ω" and GUESSED not in mail.warnings),
    "bad input 8, raw 8-bit sender": (b"From: \xce\xa9@people.example\r\n" + LEAK + b"\r\nx", lambda mail, task: mail.from_address == "ω@people.example" and mail.trust == "unknown"),
    "bad input 8, latin-1 header": (HEAD + b"Subject: leak \xe9t\xe9\r\n\r\nx", lambda mail, task: task.title == "leak été" and GUESSED in mail.warnings),
    "bad input 9, unknown charset": (HEAD + LEAK + b"Content-Type: text/plain; charset=x-unknown\r\n\r\n" + "Straße".encode(), lambda mail, task: mail.text.strip() == "Straße"),
    "bad input 9, a charset that was never heard of": (HEAD + LEAK + b"Content-Type: text/plain; charset=x-nonsense\r\n\r\n" + "Straße".encode("cp1252"), lambda mail, task: mail.text.strip() == "Straße" and "a charset that is not the text's own" in mail.warnings),
    "bad input 10, wrong charset": (HEAD + LEAK + b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + "Straße".encode("cp1252"), lambda mail, task: mail.text.strip() == "Straße"),
    "bad input 11, utf-7": (HEAD + LEAK + b"Content-Type: text/plain; charset=utf-7\r\n\r\n+ADw-script+AD4\r\n", lambda mail, task: mail.text.strip() == "<script>"),
    "bad input 11, utf-32 noise": (HEAD + LEAK + b"Content-Type: text/plain; charset=utf-32le\r\n\r\n" + bytes(range(256)) * 40, lambda mail, task: "\0" not in mail.text),
    "bad input 12, NUL in header and body": (HEAD + b"Subject: le\0ak\r\n\r\na\0b\r\n", lambda mail, task: "\0" not in task.title and mail.text.strip() == "a\u2400b"),
    "bad input 12, NUL in the mark of another Orgo": (HEAD + LEAK + b"X-Orgo-Loop: a\0b \1c\x7f " + b"L" * 5000 + b"\r\n\r\nx\r\n", lambda mail, task: task.more["loops"] == ["a\u2400b", "c"]),
    "bad input 13, bare CR and LF": (HEAD + LEAK + b"\r\none\ntwo\rthree\r\n", lambda mail, task: mail.text.split() == ["one", "two", "three"]),
    "bad input 14, words whose letters are six": (HEAD + LEAK + b"\r\n" + b" ".join(("\u3316" * 8 + chr(0x4E00 + n)).encode() for n in range(12_000)), lambda mail, task: len(mail.text) > 100_000),
    "bad input 14, one long line": (HEAD + LEAK + b"\r\n" + b"x" * 1_000_000, lambda mail, task: len(mail.text) > 100_000),
    "bad input 17, a thousand brackets": (b"From: " + b"(" * 1000 + b"a@b.example\r\n" + LEAK + b"\r\nx\r\n", lambda mail, task: mail.trust == "unknown"),
    "bad input 21, no boundary": (HEAD + LEAK + b"Content-Type: multipart/mixed\r\n\r\nreadable\r\n", lambda mail, task: "readable" in mail.text and mail.warnings),
    "bad input 21, wrong boundary": (MULTI % b"a" + b"--b\r\n\r\nreadable\r\n--b--\r\n", lambda mail, task: "readable" in mail.text and mail.warnings),
    "bad input 21, long boundary": (MULTI % (b"b" * 3000) + b"--" + b"b" * 3000 + b"\r\n\r\nreadable\r\n", lambda mail, task: "readable" in mail.text and mail.warnings),
    "bad input 21, empty boundary": (HEAD + LEAK + b'Content-Type: multipart/mixed; boundary=""\r\n\r\nreadable\r\n', lambda mail, task: "readable" in mail.text and mail.warnings),
    "bad input 21, a boundary that begins another": (MULTI % b"b" + b"--b\r\nContent-Type: multipart/mixed; boundary=bb\r\n\r\n--bb\r\n\r\nreadable\r\n--bb--\r\n--b\r\n\r\nlast\r\n--b--\r\n", lambda mail, task: "readable" in mail.text and "last" in mail.text),
    "bad input 22, two Content-Types": (HEAD + LEAK + b"Content-Type: multipart/mixed; boundary=c\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--\r\n", lambda mail, task: mail.trust == "unknown" and mail.warnings),
    "bad input 22, two boundaries": (MULTI % b"b; boundary=c" + b"--b\r\n\r\nx\r\n--b--\r\n", lambda mail, task: mail.trust == "unknown" and mail.warnings),
    "bad input 23, base64 with junk": (ONE_FILE % (b"image/jpeg; name=a.jpg", b"QUJD*!RA"), lambda mail, task: mail.attachments[0]["damaged"] and mail.attachments[0]["size"]),
    "bad input 23, base64 cut": (ONE_FILE % (b"image/jpeg; name=a.jpg", b"QUJDR"), lambda mail, task: mail.attachments[0]["damaged"] and mail.attachments[0]["size"] == 3),
    "bad input 23, base64 without its padding": (ONE_FILE % (b"image/jpeg; name=a.jpg", b"QUJDRA"), lambda mail, task: mail.attachments[0]["damaged"] and mail.attachments[0]["size"] == 4),
    "bad input 23, base64 with padding too much": (ONE_FILE % (b"image/jpeg; name=a.jpg", b"QUJDRA===="), lambda mail, task: mail.attachments[0]["damaged"] and mail.attachments[0]["size"] == 4),
    "bad input 24, quoted-printable": (HEAD + LEAK + b"Content-Transfer-Encoding: quoted-printable\r\n\r\na=ZZb=\r\n", lambda mail, task: mail.text.strip() == "a=ZZb"),
    "bad input 25, uuencode": (HEAD + LEAK + b"\r\n" + UUENCODED, lambda mail, task: "begin 644" in mail.text),
    "bad input 25, yEnc": (HEAD + LEAK + b"\r\n" + YENC, lambda mail, task: "=ybegin" in mail.text),
    "bad input 26, damaged winmail.dat": (ONE_FILE % (b"application/ms-tnef; name=winmail.dat", b"eJ8+Ig=="), lambda mail, task: mail.attachments[0]["name"] == "winmail.dat"),
    "bad input 28, many attachments": (MULTI % b"b" + b"".join(FILE % number for number in range(300)) + b"--b--\r\n", lambda mail, task: len(mail.attachments) == 300),
    "bad input 33, no date": (BARE + b"\r\nx\r\n", lambda mail, task: task.opened_at == mail.received_at),
    "bad input 33, date that is none": (BARE + b"Date: 32 Foo 2026\r\n\r\nx\r\n", warned(NO_DATE)),
    "bad input 33, zone that is none": (BARE + b"Date: Mon, 7 Sep 2026 08:00:00 -9999\r\n\r\nx\r\n", lambda mail, task: task.opened_at == mail.received_at),
    "bad input 33, leap second": (BARE + b"Date: Fri, 30 Jun 2012 23:59:60 +0000\r\n\r\nx\r\n", warned(FAR_DATE)),
    "bad input 33, date in 1970": (HEAD.replace(b"2026", b"1970") + LEAK + b"\r\nx\r\n", warned(FAR_DATE)),
    "bad input 33, date in 2099": (HEAD.replace(b"2026", b"2099") + LEAK + b"\r\nx\r\n", lambda mail, task: "its date is far from the day it came" in mail.warnings),
    "bad input 34, no Message-ID": (BARE + b"Date: Mon, 7 Sep 2026 08:00:00 +0000\r\n\r\nx\r\n", lambda mail, task: mail.message_id == "" and mail.content_key == ""),
    "bad input 34, two Message-IDs": (HEAD + b"Message-ID: <other@people.example>\r\n" + LEAK + b"\r\nx\r\n", lambda mail, task: mail.message_id == "<odd@people.example>" and "it has two Message-IDs" in mail.warnings),
    "bad input 37, two thousand references": (HEAD + LEAK + REFERENCES + b"\r\nx\r\n", lambda mail, task: task.title == "leak"),
    "bad input 41, line break in an encoded word": (HEAD + b"Subject: =?utf-8?q?leak=0D=0ABcc=3A_x=40y.example?=\r\n\r\nx\r\n", lambda mail, task: task.title == "leak Bcc: x@y.example"),
    "bad input 42, combining marks": (HEAD + b"Subject: leak a" + "\u0301".encode() * 4000 + b"\r\n\r\nx\r\n", lambda mail, task: len(task.title) <= 1000),
    "bad input 42, a megabyte of joined emoji": (HEAD + LEAK + b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + "\U0001f468\u200d".encode() * 150_000, lambda mail, task: mail.text),
    "bad input 43, formula": (HEAD + b"Subject: =cmd|' /C calc'!A0 leak\r\n\r\nx\r\n", lambda mail, task: task.title.startswith("=cmd")),
    "bad input 44, html only": (HEAD + LEAK + b"Content-Type: text/html\r\n\r\n<p>drips</p>", lambda mail, task: "drips" in mail.text and mail.has_html),
    "bad input 44, empty text beside HTML": (MULTI.replace(b"mixed", b"alternative") % b"b" + b"--b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>drips</p>\r\n--b--\r\n", lambda mail, task: "drips" in mail.text and mail.has_html),
    "bad input 45, a million tags": (HEAD + LEAK + b"Content-Type: text/html\r\n\r\n" + b"<b>" * 1_000_000 + b"drips", lambda mail, task: mail.has_html),
    "bad input 45, twenty megabytes": (HEAD + LEAK + b"Content-Type: text/html\r\n\r\n" + b"<div>" * 100_000 + b"drips " * 3_300_000, lambda mail, task: mail.has_html),
    "bad input 46, recurring for ever": (HEAD + LEAK + b"Content-Type: text/calendar\r\n\r\n" + EVENT, lambda mail, task: len(mail.attachments) == 1 and len(mail.text) < 1000),
    "bad input 46, broken vCard": (HEAD + LEAK + b"Content-Type: text/vcard\r\n\r\nBEGIN:VCARD\r\nVERSION\r\nPHOTO;ENCODING=b:\xff", lambda mail, task: len(mail.attachments) == 1),
    "bad input 48, what no rule knows": (HEAD + b"Subject: a question\r\n\r\nx\r\n", lambda mail, task: task.team == "desk@city.example"),
}  # fmt: skip


@pytest.mark.parametrize("case", list(CASES))
def test_it_becomes_a_task_with_what_can_be_read(office: Office, case: str) -> None:
    from orgo.intake.store import read_raw

    raw, holds = CASES[case]
    mail = office.mail(raw=raw)
    assert (mail.outcome, office.tasks()) == ("opened", 1)
    assert holds(mail, office.task())
    assert read_raw(mail.pk) == raw


def nested(count: int) -> bytes:
    heads = (
        b"--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n" % (n, n + 1) for n in range(count)
    )
    return MULTI % b"b0" + b"".join(heads)


# number and name in the catalogue: the bytes, and the reason that the row keeps
TOO_MUCH = {
    "bad input 1, nothing at all": (b"", "empty"),
    "bad input 15, ten thousand headers": (HEAD + b"".join(b"X-%d: y\r\n" % n for n in range(10_000)) + b"\r\nx", "limit.headers"),
    "bad input 16, one long header": (HEAD + b"X-Long: " + b"y" * 300_000 + b"\r\n\r\nx", "limit.header"),
    "bad input 18, sixteen thousand parameters": (HEAD + b"Content-Type: text/plain" + b"".join(b"; p*%d=x" % n for n in range(16_000)) + b"\r\n\r\nx", "limit.params"),
    "bad input 19, a thousand multiparts in one another": (nested(1000), "limit.depth"),
    "bad input 19, a thousand mails in one another": (HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 1000 + b"x", "limit.depth"),
    "bad input 20, sixteen thousand parts": (MULTI % b"b" + b"--b\r\n\r\nx\r\n" * 16_000 + b"--b--\r\n", "limit.parts"),
    "bad input 28, more attachments than the cap": (MULTI % b"b" + b"".join(FILE % number for number in range(301)) + b"--b--\r\n", "limit.attachments"),
    "bad input 34, a Message-ID of two megabytes": (BARE + b"Message-ID: <" + b"m" * 2_000_000 + b"@x.example>\r\n\r\nx", "limit.header"),
}  # fmt: skip


@pytest.mark.parametrize("case", list(TOO_MUCH))
def test_it_is_kept_in_quarantine_under_the_limits_name(office: Office, case: str) -> None:
    """Its bytes are whole, and triage has a task that says so."""
    from orgo.intake.store import read_raw

    raw, limit = TOO_MUCH[case]
    mail = office.mail(raw=raw) if raw else _of_no_bytes(office)
    assert mail.outcome == "quarantined" and limit in mail.reason
    assert read_raw(mail.pk) == raw
    assert (office.tasks(), office.task().team) == (1, "desk@city.example")


def _of_no_bytes(office: Office) -> Any:
    """A mail of no bytes, as a file brings it."""
    from orgo.intake.models import Mail
    from orgo.intake.store import Incoming
    from orgo.pipeline import take

    (row,) = take([Incoming(data=b"", source="folder", envelope_from="", envelope_to=())])
    office.settle()
    return Mail.objects.get(pk=row.pk)


@pytest.mark.parametrize(("at", "outcome"), [(1_950, "joined"), (0, "opened")])
def test_of_two_thousand_references_the_newest_hundred_count(office: Office, at: int, outcome: str) -> None:
    """bad input 37: what a member's client put at the end is read, what stands far before it is not."""
    office.mail()
    ours = str(office.letters("anna@city.example")[0]["Message-ID"])
    ids = [f"<r{number}@x.example>" for number in range(2_000)]
    ids.insert(at, ours)
    mail = office.mail("anna@city.example", "leak", body="I see.", headers={"References": "\r\n ".join(ids)})

    assert mail.outcome == outcome


@pytest.mark.parametrize("case", [name for name in CASES if name.startswith("bad input 11,")])
def test_odd_letters_fill_no_log(office: Office, caplog: pytest.LogCaptureFixture, case: str) -> None:
    """bad input 11: at most a line of it, of which nothing is the mail's own."""
    raw, _ = CASES[case]
    with caplog.at_level("WARNING"):
        office.mail(raw=raw)

    assert len(caplog.records) <= 1
    assert all(len(record.getMessage()) < 500 for record in caplog.records)
