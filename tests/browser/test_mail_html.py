"""HTML of strangers' mail on the page: no script runs, no request leaves (S18, S26)."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.office import Office

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.xdist_group("browser")]

REMOTE = [
    "<img src=http://tracker.example/x.gif>", "<img src=//tracker.example/x>", "<img src='\\\\tracker.example\\x'>", "<img srcset='http://tracker.example/a 2x'>",
    "<div style='background:url(http://tracker.example/b)'>x</div>", "<style>@import 'http://tracker.example/c';</style>", "<link rel=stylesheet href=http://tracker.example/d>",
    "<video poster=http://tracker.example/e></video>", "<iframe src=http://tracker.example/f></iframe>", "<a href=http://tracker.example ping=http://tracker.example/g>x</a>",
    "<meta http-equiv=refresh content='0;url=http://tracker.example/h'>", "<base href=http://tracker.example/><img src=i>", "<form action=http://tracker.example/j><button>x</button></form>",
    "<svg><image href=http://tracker.example/k /></svg>", "<body background=http://tracker.example/l>", "<object data=http://tracker.example/m></object>", "<img src=hTTp://tracker.example/n>",
]  # fmt: skip


def html_mail(body: str) -> bytes:
    return f"From: eve@evil.example\r\nSubject: leak\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{body}\r\n".encode()


def shown(page: Any, office: Office, bodies: list[str]) -> list[str]:
    """Show all these mails; returns what ran."""
    ran: list[str] = []

    def dialog(shown: Any) -> None:
        ran.append(shown.message)
        shown.dismiss()

    page.on("dialog", dialog)
    mail = office.mail("eve@evil.example", raw=html_mail("\n".join(f"<div>{body}</div>" for body in bodies)))
    page.goto(f"/mail/{mail.pk}/html")
    page.wait_for_load_state("networkidle")
    return ran


def test_no_request_leaves_for_remote_content(
    page: Any, sign_in: Callable[[str], None], office: Office
) -> None:
    sign_in("anna@city.example")

    for body in REMOTE:
        assert shown(page, office, [body]) == []


def test_no_script_of_the_corpus_runs(
    page: Any, sign_in: Callable[[str], None], office: Office, corpus: Path
) -> None:
    sign_in("anna@city.example")
    files = sorted((corpus / "security" / "dompurify").glob("*.json"))
    payloads = [
        entry["payload"]
        for file in files
        for entry in json.loads(file.read_text())
        if isinstance(entry, dict)
    ]
    assert len(payloads) > 100

    for start in range(0, len(payloads), 20):
        assert shown(page, office, payloads[start : start + 20]) == []
        assert page.evaluate("document.scripts.length") == 0


def test_own_images_are_shown_and_others_are_not(
    page: Any, sign_in: Callable[[str], None], office: Office
) -> None:
    png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    raw = (
        "From: a@x.example\r\nSubject: leak\r\nContent-Type: multipart/related; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n"
        "<img src='cid:own'><img src='cid:none'><img src='data:image/svg+xml,<svg/>'>\r\n--b\r\nContent-Type: image/png\r\nContent-ID: <own>\r\n"
        f"Content-Transfer-Encoding: base64\r\n\r\n{png}\r\n--b--\r\n"
    )
    sign_in("anna@city.example")
    mail = office.mail(raw=raw.encode())
    page.goto(f"/mail/{mail.pk}/html")

    assert page.evaluate("[...document.images].filter(i => i.src.startsWith('data:image/png')).length") == 1
    assert (
        page.evaluate("[...document.images].filter(i => i.src && !i.src.startsWith('data:image/png')).length")
        == 0
    )
