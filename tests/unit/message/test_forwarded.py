"""Who wrote what was passed on, as the mail programs of the day write it."""

from base64 import b64encode

import pytest

from orgo.message import Address, parse
from orgo.message.forwarded import forwarded_from

GMAIL = """Please see below.

---------- Forwarded message ---------
From: Clara Client <clara@people.example>
Date: Mon, 7 Sep 2026 at 08:00
Subject: Water leak
To: <anna@city.example>


It drips.
"""
OUTLOOK = """Voici.

________________________________
De : Clara Client <clara@people.example>
Envoyé : lundi 7 septembre 2026 08:00
À : Anna Abel <anna@city.example>
Objet : Fuite d'eau

Ça coule.
"""
OLD_OUTLOOK = """-----Original Message-----
From: Clara Client [mailto:clara@people.example]
Sent: Monday, September 7, 2026 8:00 AM
To: Abel, Anna
Subject: Water leak
"""
APPLE = """Begin forwarded message:

> From: Clara Client <clara@people.example>
> Subject: Water leak
> Date: 7 September 2026 at 08:00:00 CEST
> To: anna@city.example
"""
THUNDERBIRD = """-------- Weitergeleitete Nachricht --------
Betreff: \tWasser
Datum: \tMon, 7 Sep 2026 08:00:00 +0200
Von: \tClara Client <clara@people.example>
An: \tanna@city.example
"""
BOLD = "*From:* Clara Client <clara@people.example>\n*Sent:* Monday\n*To:* Anna\n*Subject:* Leak\n"


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Fwd: Water leak", GMAIL),
        ("TR : Fuite d'eau", OUTLOOK),
        ("FW: Water leak", OLD_OUTLOOK),
        ("Fwd: Water leak", APPLE),
        ("WG: Wasser", THUNDERBIRD),
        ("FW: Leak", BOLD),
        ("[Works] Fwd: Leak", BOLD),
    ],
    ids=["gmail", "outlook", "old-outlook", "apple", "thunderbird", "bold", "tagged"],
)
def test_the_first_sender_is_found(subject: str, text: str) -> None:
    found = forwarded_from(subject, text)
    assert found is not None
    assert found.address == "clara@people.example"


def test_the_name_is_kept() -> None:
    found = forwarded_from("Fwd: x", GMAIL)
    assert found is not None
    assert found.name == "Clara Client"


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Re: Water leak", GMAIL),
        ("Water leak", GMAIL),
        ("Fwd: x", "From: clara@people.example is what it said.\nNothing more.\n"),
        ("Fwd: x", GMAIL.replace("<clara@people.example>", "")),
        ("Fwd: x", GMAIL.replace("Clara Client", "boss@corp.example")),
        ("Fwd: x", ""),
    ],
    ids=["a-reply", "no-word", "no-head", "no-address", "two-addresses", "nothing"],
)
def test_where_it_is_not_sure_nobody_is_named(subject: str, text: str) -> None:
    assert forwarded_from(subject, text) is None


INNER = "From: Clara Client <Clara@people.example>\r\nTo: info@city.example\r\nSubject: Water leak\r\n\r\nIt drips.\r\n"


def attached(*inner: str, subject: str = "FW: Water leak", text: str = "", encoding: str = "") -> bytes:
    """A mail with mails attached, as Outlook's "forward as attachment" makes it."""
    parts = [f"Content-Type: text/plain\r\n\r\n{text}\r\n"]
    for mail in inner:
        kind = 'message/rfc822; name="Water leak.eml"'
        parts.append(f"Content-Type: {kind}\r\n{encoding}Content-Disposition: attachment\r\n\r\n{mail}")
    body = "".join(f"--b\r\n{part}\r\n" for part in parts)
    head = f"From: anna@city.example\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\n"
    return f"{head}Content-Type: multipart/mixed; boundary=b\r\n\r\n{body}--b--\r\n".encode()


@pytest.mark.parametrize(
    "raw",
    [
        attached(INNER),
        attached(INNER, text="Please see to it."),
        attached(INNER, subject="Wasser"),
        attached(b64encode(INNER.encode()).decode(), encoding="Content-Transfer-Encoding: base64\r\n"),
    ],
    ids=["outlook", "with-words", "no-word-in-the-subject", "base64"],
)
def test_the_sender_of_the_attached_mail_is_found(raw: bytes) -> None:
    assert parse(raw).attached_sender == Address("Clara Client", "clara@people.example")


@pytest.mark.parametrize(
    "raw",
    [
        attached(INNER, INNER),
        attached(INNER, subject="Our leak", text="Clara wrote of it as well, see there."),
        attached(INNER.replace("From: Clara", "From: boss@corp.example, Clara")),
        attached("From: eve@x.example\r\n" + INNER),
        attached("\r\nno header at all"),
        attached(),
    ],
    ids=["two", "as-evidence", "two-addresses", "two-senders", "no-headers", "none"],
)
def test_of_what_is_attached_otherwise_nobody_is_named(raw: bytes) -> None:
    assert parse(raw).attached_sender is None
