"""FETCH responses as imaplib hands them over, read quickly (pure); anything unusual is left to imapclient's whole parser.

imaplib gives a list: a line is bytes, a line that ends in a literal is a pair of that line and the literal, and what
follows the literal is a line again (RFC 3501 section 7.4.2).
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from imapclient.response_parser import parse_fetch_response

_UID = re.compile(rb"[( ]UID ([0-9]{1,10})[ )]", re.IGNORECASE)
_SIZE = re.compile(rb"[( ]RFC822\.SIZE ([0-9]{1,10})[ )]", re.IGNORECASE)
_DATE = re.compile(
    rb'INTERNALDATE "([ 0-9][0-9])-([A-Z][a-z]{2})-([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) ([-+])([0-9]{2})([0-9]{2})"'
)
_BODY = re.compile(rb"[( ]BODY\[\] \{[0-9]+\}$", re.IGNORECASE)
_MONTHS = {
    name: number for number, name in enumerate(b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)
}


def sizes(lines: Sequence[Any]) -> dict[int, tuple[int, datetime | None]]:
    """The size in bytes of each mail by its UID, and when the server got it (None where it doesn't say)."""
    found = {}
    for line in lines:
        uid, size = (_UID.search(line), _SIZE.search(line)) if isinstance(line, bytes) else (None, None)
        if uid is None or size is None:
            return _sizes_slowly(lines)
        found[int(uid[1])] = (int(size[1]), _date(line))
    return found


def _date(line: bytes) -> datetime | None:
    match = _DATE.search(line)
    if match is None or match[2] not in _MONTHS:
        return None
    hour, minute, second = int(match[4]), int(match[5]), int(match[6])
    east = timedelta(hours=int(match[8]), minutes=int(match[9])) * (1 if match[7] == b"+" else -1)
    try:
        there = datetime(int(match[3]), _MONTHS[match[2]], int(match[1]), hour, minute, second, tzinfo=UTC)
        return there - east
    except (ValueError, OverflowError):
        return None


def _sizes_slowly(lines: Sequence[Any]) -> dict[int, tuple[int, datetime | None]]:
    found = {}
    for uid, item in _parsed(lines):
        at = item.get(b"INTERNALDATE")
        if b"RFC822.SIZE" in item:
            found[uid] = (int(item[b"RFC822.SIZE"]), at.astimezone(UTC) if isinstance(at, datetime) else None)
    return found


def bodies(lines: Sequence[Any]) -> dict[int, bytes]:
    """The bytes of each mail by its UID; those without any are left out."""
    found = {}
    for number, line in enumerate(lines):
        if not isinstance(line, tuple):
            if b"BODY[]" in line.upper() and b"BODY[] NIL" not in line.upper():
                return _bodies_slowly(lines)
            continue
        rest = lines[number + 1] if number + 1 < len(lines) else b""
        uid = _UID.search(line[0]) or (_UID.search(rest) if isinstance(rest, bytes) else None)
        if uid is None or not _BODY.search(line[0]) or not isinstance(rest, bytes):
            return _bodies_slowly(lines)
        found[int(uid[1])] = line[1]
    return found


def _bodies_slowly(lines: Sequence[Any]) -> dict[int, bytes]:
    return {uid: item[b"BODY[]"] for uid, item in _parsed(lines) if isinstance(item.get(b"BODY[]"), bytes)}


def _parsed(lines: Sequence[Any]) -> list[tuple[int, Any]]:
    if not lines or lines == [None]:
        return []
    return list(parse_fetch_response(list(lines), False, True).items())
