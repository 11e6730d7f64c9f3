"""The envelope of a mail that came as a file, from what its headers tell (no more than a guess, for rules and dates)."""

import email.utils
from datetime import UTC, datetime
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import compat32

import msgspec

_MOST = 262_144
_MOST_RECIPIENTS = 100
_DELIVERED = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to")


class Envelope(msgspec.Struct, frozen=True):
    """Whom the mail was delivered to, as far as its headers say, its date, and when the last server got it (`received`)."""

    to: tuple[str, ...] = ()
    date: datetime | None = None
    received: datetime | None = None


def envelope_of(data: bytes) -> Envelope:
    """The envelope of these bytes; an empty one where nothing can be read."""
    try:
        head = BytesHeaderParser(policy=compat32).parsebytes(_head(data))
        date, received = (str(head.get(name, "")) for name in ("date", "received"))
        # Each server writes its line above the others, with the date behind the last semicolon (RFC 5321 section 4.4).
        came = _date(received.rpartition(";")[2])
        return Envelope(_recipients(head), _date(date), came)
    except (ValueError, TypeError, AttributeError, IndexError, LookupError):
        return Envelope()


def _recipients(head: Message) -> tuple[str, ...]:
    """Whom the headers name; nobody where the library can't go through them: it enters each bracket one deeper."""
    named = [str(value) for name in _DELIVERED for value in head.get_all(name, [])]
    written = [str(value) for name in ("to", "cc") for value in head.get_all(name, [])]
    try:
        found = email.utils.getaddresses((named or written)[:_MOST_RECIPIENTS])
    except RecursionError:
        return ()
    to = [address.lower() for _, address in found if "@" in address]
    return tuple(dict.fromkeys(to))[:_MOST_RECIPIENTS]


def _head(data: bytes) -> bytes:
    """The headers without the body, which the library would go through as well."""
    ends = [data.find(gap, 0, _MOST) for gap in (b"\n\r\n", b"\n\n")]
    return data[: min((end for end in ends if end >= 0), default=_MOST) + 1]


def _date(text: str) -> datetime | None:
    try:
        date = email.utils.parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
