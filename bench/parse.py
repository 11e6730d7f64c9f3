"""Reading a mail: ours beside a bare Rust parser and the stdlib's compat32, on mails of which half are not ASCII."""

import email
import statistics
import time
from collections.abc import Callable
from email import policy
from typing import TypeVar

import fast_mail_parser
import msgspec

from bench import Row
from orgo.message import body_text, parse, reply_text
from orgo.message.mime import read as read_structure
from orgo.message.pool import ParserPool

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
BATCH = 20
ROUNDS = 25
MAY_TAKE = 100  # µs, at the median


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


def run() -> list[Row]:
    """What the median mail costs, in µs."""
    raws = mails()
    read = [parse(raw) for raw in raws]
    html = [msgspec.structs.replace(message, text="") for message in read if message.html]
    pool = ParserPool()
    took = _medians(
        {
            "parse": _of_each(raws, parse),
            "rust": _of_each(raws, fast_mail_parser.parse_email),
            "compat32": _of_each(raws, lambda raw: email.message_from_bytes(raw, policy=policy.compat32)),
            "structure": _of_each(raws, read_structure),
            "process": _of_each([raws[at : at + BATCH] for at in range(0, MAILS, BATCH)], pool.parse, BATCH),
            "html": _of_each(html, body_text),
            "reply": _of_each(read, reply_text),
        }
    )
    pool.close()
    sides = [
        ("parse, beside fast-mail-parser", "parse", "rust"),
        ("parse, beside compat32's tree alone", "parse", "compat32"),
        ("structure and limits on the raw bytes", "structure", "rust"),
        (f"parse in its process, {BATCH} at once, beside parse here", "process", "parse"),
        ("text of HTML (when asked)", "html", "rust"),
        ("reply's own words (when asked)", "reply", "rust"),
    ]
    rows = [Row(part, took[mine], took[floor]) for part, mine, floor in sides]
    return [rows[0]._replace(most=MAY_TAKE), *rows[1:]]


def _of_each(items: "list[T]", work: "Callable[[T], object]", size: int = 1) -> Callable[[], list[float]]:
    """What measures once what the work takes a mail, in µs, for each item; an item holds `size` mails."""

    def one(item: "T") -> float:
        began = time.perf_counter()
        work(item)
        return (time.perf_counter() - began) / size * 1e6

    return lambda: [one(item) for item in items]


def _medians(works: dict[str, Callable[[], list[float]]]) -> dict[str, float]:
    """What the median mail takes at the best of several rounds, for what other processes take is not the reader's.

    All have their turn in each round, so that a busy machine is as busy for the one as for the other.
    """
    rounds = [{name: measured() for name, measured in works.items()} for _ in range(ROUNDS)]
    return {
        name: statistics.median(map(min, zip(*(took[name] for took in rounds), strict=True)))
        for name in works
    }
