"""S19, S21, S22: a file's name is data: it never becomes a path, a header of its own, or another name after the check."""

from collections.abc import Callable
from typing import Any

import pytest

from orgo.message import parse
from tests.office import Office

NAMES = [
    "../../etc/passwd", "..\\..\\windows\\x.dll", "/etc/passwd", "C:\\x.exe", "\u200b.htaccess", ".htaccess", "CON", "nul.txt", "a\u202egpj.exe",
    "x\x00.png", "\uff1cscript\uff1e.html", 'quote".html', "a;b=c.txt", "tab\tname.txt", "x" * 5000 + ".pdf", "", " ", "...", "a/b/c.txt",
]  # fmt: skip


def attached(name: str) -> bytes:
    from urllib.parse import quote

    return (
        "From: eve@evil.example\r\nSubject: leak\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b\r\n"
        f"Content-Type: text/html\r\nContent-Disposition: attachment; filename*=utf-8''{quote(name, safe='')}\r\n\r\n<script>1</script>\r\n--b--\r\n"
    ).encode()


@pytest.mark.parametrize("name", NAMES)
def test_no_name_is_a_path(name: str) -> None:
    """bad input 27."""
    (attachment,) = parse(attached(name)).attachments
    given = attachment.filename

    assert not set("/\\\0\r\n\t\u200b\u202e<>") & set(given)
    assert not given.startswith(".") and len(given) <= 255
    assert given.split(".")[0].upper() not in {"CON", "NUL"}


@pytest.mark.parametrize(
    ("written", "name"),
    [
        (b'filename="a\r\n b.pdf"', "a b.pdf"),
        (b'filename="=?utf-8?q?a=0D=0Ab.pdf?="', "a b.pdf"),
        (b"filename*=utf-8''a%0D%0AX-Evil%3A%20y.pdf", "a X-Evil_ y.pdf"),
        (b'filename*0="one"; filename*2="three.exe"', "one"),
        (b'filename*1="two"; filename*2="three.exe"', ""),
        (b'filename="a.pdf"; filename="b.exe"', "a.pdf"),
    ],
    ids=["folded", "CRLF in a word", "CRLF in percents", "a gap", "no beginning", "two names"],
)
def test_a_name_that_is_written_oddly_is_one_line_up_to_its_first_gap(written: bytes, name: str) -> None:
    """bad input 27."""
    head, _, rest = attached("x").partition(b"filename*=utf-8''x")
    (attachment,) = parse(head + written + rest).attachments

    assert attachment.filename == name


@pytest.mark.parametrize("name", NAMES)
def test_every_attachment_is_a_download_and_no_page(
    office: Office, enter: Callable[..., Any], name: str
) -> None:
    mail = office.mail("eve@evil.example", raw=attached(name))
    answer = enter("anna@city.example").get(f"/mail/{mail.pk}/attachment/0")

    assert answer.status_code == 200 and answer["Content-Type"] == "application/octet-stream"
    assert (
        answer["Content-Disposition"].startswith("attachment; ")
        and answer["X-Content-Type-Options"] == "nosniff"
    )
    assert "sandbox" in answer["Content-Security-Policy"] and "\n" not in answer["Content-Disposition"]
