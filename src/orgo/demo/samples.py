"""The demo's sample mails: files beside this one, two that are made when asked for, and where each must end."""

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from functools import cache
from pathlib import Path
from typing import Literal

from orgo.lib import yaml

MAILS = Path(__file__).parent / "mails"
CITY = Path(__file__).parent / "city"
Outcome = Literal["opened", "joined", "linked", "bounce", "ignored", "history", "quarantined"]
_LARGE = 5_000_000
_DATE = re.compile(rb"^Date: [^\n]*\n", re.MULTILINE)


@dataclass(frozen=True)
class Sample:
    """One sample: its envelope, how its bytes are made, and where it must end.

    `team` works on it, None where nobody does; `rule` is the rule that must decide, None where none has to; `why` is a
    word of explanation for people.
    """

    name: str
    envelope_from: str
    envelope_to: tuple[str, ...]
    make: Callable[[], bytes]
    outcome: Outcome
    team: str | None
    rule: str | None
    why: str

    @property
    def raw(self) -> bytes:
        """Its bytes (CRLF), made each time: some are large."""
        return self.make().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


@cache
def samples() -> tuple[Sample, ...]:
    """All sample mails, in the order in which they are to be sent (a duplicate comes after its first)."""
    path = MAILS / "expected.yaml"
    entries = yaml.load(path.read_bytes(), path.name).plain()["mails"]
    return tuple(_sample(entry) for entry in entries)


def _sample(entry: dict[str, object]) -> Sample:
    name = str(entry.get("file") or entry["recipe"])
    return Sample(
        name=name.removesuffix(".eml"),
        envelope_from=str(entry["from"]),
        envelope_to=tuple(entry["to"]),  # type: ignore[arg-type]
        make=(MAILS / name).read_bytes if "file" in entry else RECIPES[name.partition("-")[2]],
        outcome=entry["outcome"],  # type: ignore[arg-type]
        team=entry.get("team"),  # type: ignore[arg-type]
        rule=entry.get("rule"),  # type: ignore[arg-type]
        why=str(entry["why"]),
    )


def dated(raw: bytes, when: datetime) -> bytes:
    """A sample as if it had been written at `when` (aware): its first Date header is changed, nothing else.

    Give a duplicate the same instant as its first, else it is another mail.
    """
    head, gap, body = raw.partition(b"\r\n\r\n")
    line = f"Date: {format_datetime(when)}\n".encode()
    return (
        _DATE.sub(line, head.replace(b"\r\n", b"\n") + b"\n", count=1)[:-1].replace(b"\n", b"\r\n")
        + gap
        + body
    )


def large_attachment() -> bytes:
    """A mail with 5 MB of plans: too long to keep in the repository, small enough to be work."""
    plans = base64.encodebytes(bytes(range(256)) * (_LARGE // 256)).decode()
    head = _head("studio@architects.example", "Plans of the new playground", "large.1")
    return (
        f"{head}MIME-Version: 1.0\n"
        'Content-Type: multipart/mixed; boundary="plans"\n\n'
        "--plans\nContent-Type: text/plain; charset=utf-8\n\n"
        "Dear all, here are the plans of the new playground for the council.\n\nStudio Architects\n\n"
        '--plans\nContent-Type: application/octet-stream; name="playground.dwg"\n'
        'Content-Disposition: attachment; filename="playground.dwg"\n'
        f"Content-Transfer-Encoding: base64\n\n{plans}--plans--\n"
    ).encode()


def too_many_headers() -> bytes:
    """A mail of a device gone mad: ten thousand headers, ten times what is allowed."""
    status = "".join(f"X-Device-Status-{number}: toner low\n" for number in range(10_000))
    return f"{_head('printer-17@devices.example', 'Status', 'status.17')}{status}\nToner low.\n".encode()


def _head(sender: str, subject: str, message_id: str) -> str:
    domain = sender.partition("@")[2]
    return (
        f"Authentication-Results: mx.city.example; spf=pass smtp.mailfrom={domain}; dmarc=pass header.from={domain}\n"
        f"From: {sender}\nTo: info@city.example\nSubject: {subject}\n"
        f"Date: Mon, 07 Sep 2026 09:00:00 +0200\nMessage-ID: <{message_id}@{domain}>\n"
    )


RECIPES = {"large-attachment": large_attachment, "too-many-headers": too_many_headers}
