"""Reading a mail: ours beside a bare Rust parser and the stdlib's compat32, on mails of which half are not ASCII."""

import email
import statistics
import time
from collections.abc import Callable
from email import policy
from typing import TypeVar

import fast_mail_parser

from orgo.message import body_text, parse, reply_text
from orgo.message.mime import read as read_structure

HEAD = (
    "Received: from a.example by b.example; Mon, 7 Sep 2026 08:00:00 +0200\r\nReceived: from c.example by a.example; Mon, 7 Sep 2026 07:59:58 +0200\r\n"
    "Authentication-Results: mx.city.example; dmarc=pass\r\nFrom: {name} <anna{n}@x.example>\r\nTo: info@city.example\r\nCc: b@y.example, c@z.example\r\n"
    "Subject: {subject}\r\nDate: Mon, 07 Sep 2026 08:00:00 +0200\r\nMessage-ID: <{n}@x.example>\r\nMIME-Version: 1.0\r\n"
)
PLAIN = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{body}\r\n"
BOTH = (
    'Content-Type: multipart/alternative; boundary="--_=_part_{n}_b1"\r\n\r\n----_=_part_{n}_b1\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{body}\r\n'
    "----_=_part_{n}_b1\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>{body}</p>\r\n----_=_part_{n}_b1--\r\n"
)
T = TypeVar("T")
WORDS = (
    "Hello, the window in the summer room was broken. ",
    "Bonjour, la fenêtre de la salle été a été cassée. ",
)
MAILS = 100


def mails() -> list[bytes]:
    """Mails of about 3 kB: plain and with HTML, ASCII and not."""
    found = []
    for n in range(MAILS):
        french = n % 2
        name, subject = (
            ("=?utf-8?q?H=C3=A9l=C3=A8ne?=", "=?utf-8?q?Fen=C3=AAtre?=")
            if french
            else ("Anna Abel", "Window")
        )
        form = HEAD + (BOTH if n % 4 > 1 else PLAIN)
        found.append(form.format(name=name, subject=subject, n=n, body=WORDS[french] * 20).encode())
    return found


def run() -> list[tuple[str, float, float, float]]:
    """Rows of (part, ours in µs a mail, floor in µs a mail, ratio)."""
    raws = mails()
    ours = _each(raws, parse)
    rust = _each(raws, fast_mail_parser.parse_email)
    stdlib = _each(raws, lambda raw: email.message_from_bytes(raw, policy=policy.compat32))
    read = [parse(raw) for raw in raws]
    rows = [
        ("parse, beside fast-mail-parser", ours, rust),
        ("parse, beside compat32's tree alone", ours, stdlib),
        ("structure and limits on the raw bytes", _each(raws, read_structure), rust),
        ("text of HTML (when asked)", _each(read, body_text), rust),
        ("reply's own words (when asked)", _each(read, reply_text), rust),
    ]
    return [(part, mine, floor, mine / floor) for part, mine, floor in rows]


def _each(items: "list[T]", work: "Callable[[T], object]") -> float:
    """The median time of one, in µs, over several rounds."""
    rounds = []
    for _ in range(7):
        began = time.perf_counter()
        for item in items:
            work(item)
        rounds.append((time.perf_counter() - began) / len(items) * 1e6)
    return statistics.median(rounds)


if __name__ == "__main__":
    for part, ours, floor, ratio in run():
        print(f"{part:40} {ours:10.1f} µs  floor {floor:10.1f} µs  x{ratio:.2f}")
