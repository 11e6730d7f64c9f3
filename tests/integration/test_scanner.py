"""A virus scanner beside the mail's way (design/bad-input.md 47): what it finds is kept apart, and nothing passes it while it is away."""

import base64
from collections.abc import Iterator
from typing import Any

import pytest

from orgo.intake.scanner import Clamd, ScannerDown, ScannerRefused
from tests.office import Office
from tests.servers.clamav import EICAR, Clamav
from tests.servers.scripted import Scripted

pytestmark = pytest.mark.needs("clamav")
HEAD = b"From: eve@people.example\r\nTo: info@city.example\r\nSubject: leak\r\nDate: Mon, 7 Sep 2026 08:00:00 +0000\r\nMessage-ID: <v@x.example>\r\n"


@pytest.fixture(scope="module")
def clamav() -> Iterator[Clamav]:
    server = Clamav().start()
    yield server
    server.stop()


@pytest.fixture
def scanned(office: Office, clamav: Clamav) -> Office:
    """An office whose mail is scanned."""
    from orgo.conf.config import Scanner
    from orgo.ops.up import reader_for

    scanner = Scanner.model_validate({"socket": str(clamav.scanner.path)})
    office.parser.close()
    office.parser = reader_for(office.config.model_copy(update={"scanner": scanner}))  # type: ignore[assignment]
    return office


def with_file(data: bytes) -> bytes:
    """A mail with this file, as mail programs send it."""
    body = base64.encodebytes(data).replace(b"\n", b"\r\n")
    return (
        HEAD + b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n"
        b"Open this.\r\n--b\r\nContent-Type: application/octet-stream; name=bill.com\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + body + b"--b--\r\n"
    )  # fmt: skip


def test_malware_goes_to_quarantine_and_nothing_of_it_is_shown(scanned: Office) -> None:
    """bad input 47."""
    mail = scanned.mail("eve@people.example", raw=with_file(EICAR))

    assert (mail.outcome, mail.reason) == ("quarantined", "malware: Eicar-Test.UNOFFICIAL")
    assert (mail.text, mail.attachments, mail.from_address) == ("", [], "eve@people.example")
    assert "Open this" not in str([letter.as_string() for letter in scanned.letters()])
    assert scanned.task().labels == ["quarantine"]


def test_clean_mail_goes_its_way(scanned: Office) -> None:
    assert scanned.mail("eve@people.example", raw=with_file(b"a bill")).outcome == "opened"


def test_while_the_scanner_is_away_mail_waits_unread_and_then_goes_its_way(
    scanned: Office, clamav: Clamav
) -> None:
    """bad input 47."""
    from orgo.intake.models import Mail
    from orgo.ops import trouble

    clamav.halt()
    waiting = scanned.mail()
    assert (waiting.outcome, waiting.attempts, waiting.from_address) == ("", 0, "")
    assert "the virus scanner does not answer" in trouble.sentences()["scanner"]
    for _ in range(8):
        scanned.later(minutes=1)
    assert Mail.objects.get().outcome == "" and scanned.tasks() == 0

    clamav.start()
    scanned.later(minutes=1)
    assert Mail.objects.get().outcome == "opened"
    assert "scanner" not in trouble.sentences()


def test_a_mail_that_the_scanner_refuses_to_look_at_is_quarantined(scanned: Office) -> None:
    mail = scanned.mail("eve@people.example", raw=with_file(b"x" * 4_000_000))
    for _ in range(3):
        scanned.later(minutes=1)
    mail.refresh_from_db()
    assert mail.outcome == "quarantined" and "did not look at it: INSTREAM size limit exceeded" in mail.reason


def test_what_it_says_is_understood(clamav: Clamav) -> None:
    assert clamav.scanner.scan(EICAR) == "Eicar-Test.UNOFFICIAL"
    assert clamav.scanner.scan(b"") == ""
    with pytest.raises(ScannerRefused):
        clamav.scanner.scan(b"x" * 4_000_000)


@pytest.mark.parametrize("script", [("close",), ("reset",), ("silence",), (b"stream: O", "close")])
def test_a_scanner_that_does_not_say_clean_has_not_said_it(script: tuple[Any, ...]) -> None:
    with Scripted(script) as server:
        scanner = Clamd(host="127.0.0.1", port=server.port, timeout=0.3)
        with pytest.raises((ScannerDown, ScannerRefused)):
            scanner.scan(b"mail")
