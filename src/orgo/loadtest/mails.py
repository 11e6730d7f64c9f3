"""The mails of a load test: each is told by its number alone, so that any process can make it again (pure).

Sizes are an office's: most mails are a screen of text, some have HTML, a few a scan; 10 kB at the mean.
"""

import base64
import random
from collections.abc import Callable

DOMAIN = "load.example"
_WORDS = (
    "the tap in room is dripping since monday and nobody came please look at it today water light key door heating "
    "invoice order meeting school class parents teacher printer network password account garden street lamp fence roof "
    "window chair projector cable bicycle parking waste paper noise neighbour permit passport appointment thank you "
    "l'école élève réunion fenêtre clé été à côté déjà größe straße schlüssel für über möchte"
).split()
_LINES = 12
_URGENT_EACH = 50
Maker = Callable[[int, random.Random], bytes]


def recipient(number: int) -> str:
    """The envelope's recipient, by which a mail is known again whatever becomes of its text."""
    return f"m{number}@{DOMAIN}"


def number_of(address: str) -> int | None:
    """The mail's number, or None for an address that is no mail's of a load test."""
    local, _, domain = address.partition("@")
    return int(local[1:]) if domain == DOMAIN and local[:1] == "m" and local[1:].isdigit() else None


def sender(number: int, senders: int) -> str:
    """Who wrote it: one of `senders` addresses."""
    return f"person{number % max(1, senders)}@people.example"


def is_hostile(number: int, share: float) -> bool:
    """Whether it is one of the share of mails that are made to harm."""
    return random.Random(number * 2 + 1).random() < share  # noqa: S311 - no secret


def mail(number: int, senders: int, hostile: float) -> bytes:
    """The mail's bytes."""
    chance = random.Random(number)  # noqa: S311 - no secret
    if is_hostile(number, hostile):
        return HOSTILE[number % len(HOSTILE)](number, chance)
    kind = chance.random()
    make = _plain if kind < 0.8 else _with_html if kind < 0.95 else _with_scan
    return make(number, senders, chance)


def _head(number: int, senders: int, kind: str, more: str = "") -> bytes:
    word = "Urgent: " if number % _URGENT_EACH == 0 else ""
    return (
        f"From: Person <{sender(number, senders)}>\r\nTo: info@{DOMAIN}\r\n"
        f"Subject: {word}word{number % 5000} in room {number}\r\nMessage-ID: <{number}@people.example>\r\n"
        f"Date: Mon, 02 Mar 2026 09:00:00 +0000\r\nMIME-Version: 1.0\r\n{more}Content-Type: {kind}\r\n"
    ).encode()


def _text(number: int, chance: random.Random, lines: int = _LINES) -> str:
    body = "\r\n".join(
        " ".join(chance.choices(_WORDS, k=14)) for _ in range(chance.randint(lines // 2, 3 * lines))
    )
    return f"This is mail {number}.\r\n{body}\r\n"


def _plain(number: int, senders: int, chance: random.Random) -> bytes:
    head = _head(number, senders, "text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit\r\n")
    return head + b"\r\n" + _text(number, chance).encode()


def _with_html(number: int, senders: int, chance: random.Random) -> bytes:
    text = _text(number, chance, 3 * _LINES)
    page = (
        "<html><body>"
        + "".join(f"<p style='margin:0'>{line}</p>" for line in text.split("\r\n"))
        + "</body></html>"
    )
    parts = [
        f"--b\r\nContent-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{body}\r\n"
        for kind, body in (("plain", text), ("html", page))
    ]
    return (
        _head(number, senders, "multipart/alternative; boundary=b")
        + ("\r\n" + "".join(parts) + "--b--\r\n").encode()
    )


def _with_scan(number: int, senders: int, chance: random.Random) -> bytes:
    scan = base64.encodebytes(chance.randbytes(chance.randint(10_000, 100_000))).replace(b"\n", b"\r\n")
    text = _text(number, chance).encode()
    return (
        _head(number, senders, "multipart/mixed; boundary=b")
        + b"\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
        + text
        + b"\r\n--b\r\nContent-Type: application/pdf; name=scan.pdf\r\nContent-Transfer-Encoding: base64\r\n"
        + b"Content-Disposition: attachment; filename=scan.pdf\r\n\r\n"
        + scan
        + b"--b--\r\n"
    )


# ---------------------------------------------------------------- mails that are made to harm


def _nested(number: int, _: random.Random) -> bytes:
    """Parts within parts, deeper than any mail."""
    opened = b"".join(
        b"--%d\r\nContent-Type: multipart/mixed; boundary=%d\r\n\r\n" % (n, n + 1) for n in range(300)
    )
    return _head(number, 1, "multipart/mixed; boundary=0") + b"\r\n" + opened + b"x"


def _many_headers(number: int, _: random.Random) -> bytes:
    return _head(number, 1, "text/plain", "".join(f"X-{n}: {n}\r\n" for n in range(5_000))) + b"\r\nx\r\n"


def _long_header(number: int, _: random.Random) -> bytes:
    return _head(number, 1, "text/plain", "X-Long: " + "a" * 200_000 + "\r\n") + b"\r\nx\r\n"


def _many_addresses(number: int, _: random.Random) -> bytes:
    many = ", ".join(f"a{n} <a{n}@x.example>" for n in range(3_000))
    return _head(number, 1, "text/plain", f"Cc: {many}\r\n") + b"\r\nx\r\n"


def _garbage(number: int, chance: random.Random) -> bytes:
    """No mail at all."""
    return b"%d\r\n" % number + chance.randbytes(4_000).replace(b"\r", b"").replace(b"\n", b"")


def _bad_coding(number: int, chance: random.Random) -> bytes:
    kind = "text/plain; charset=unknown-8bit\r\nContent-Transfer-Encoding: base64"
    return _head(number, 1, kind) + b"\r\n" + b"=?&%" * 700 + b"%d" % number


def _words_without_end(number: int, _: random.Random) -> bytes:
    """Encoded words (RFC 2047) that stop in the middle."""
    return _head(number, 1, "text/plain", "X-A: " + "=?utf-8?b?" * 3_000 + "\r\n") + b"\r\nx\r\n"


def _open_tags(number: int, _: random.Random) -> bytes:
    return _head(number, 1, "text/html") + b"\r\n" + b"<div><table><b>" * 6_000 + b"%d" % number


def _mails_in_mails(number: int, _: random.Random) -> bytes:
    return _head(number, 1, "message/rfc822") + b"\r\n" + b"Content-Type: message/rfc822\r\n\r\n" * 400 + b"x"


def _one_line(number: int, _: random.Random) -> bytes:
    return _head(number, 1, "text/plain") + b"\r\n" + b"%d " % number + b"a" * 300_000 + b"\r\n"


HOSTILE: tuple[Maker, ...] = (
    _nested,
    _many_headers,
    _long_header,
    _many_addresses,
    _garbage,
    _bad_coding,
    _words_without_end,
    _open_tags,
    _mails_in_mails,
    _one_line,
)
