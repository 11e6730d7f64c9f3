"""Where a mail is too much, looked for on the raw bytes before anything rich reads them (design/security.md S15; pure)."""

import re

HEADERS_SIZE = 262_144
HEADER_SIZE = 65_536
HEADERS = 1_000
ADDRESSES = 1_000
PARAMETERS = 100
PARTS = 1_000
DEPTH = 20
SIZE = 50_000_000
_ADDRESS_HEADER = re.compile(rb"(?im)^(?:from|to|cc|reply-to|sender|bcc):")
_HEADER = re.compile(rb"(?m)^[!-9;-~]+[ \t]*:")
_MULTIPART = re.compile(rb"(?i)content-type:\s*(?:multipart/|message/rfc822)")
_BOUNDARY = re.compile(rb"(?i)boundary\s*=")
_DELIMITER = re.compile(rb"(?m)^--[^\r\n]{1,2100}\r?$")


def head_of(raw: bytes) -> bytes:
    """The bytes before the first empty line."""
    ends = [at for at in (raw.find(b"\r\n\r\n"), raw.find(b"\n\n"), raw.find(b"\r\r")) if at >= 0]
    return raw[: min(ends)] if ends else raw


def passed(raw: bytes) -> str | None:
    """The name of the limit that a mail passes, or None. Linear in its size."""
    if not raw.strip():
        return "empty"
    if len(raw) > SIZE:
        return "limit.size"
    head = head_of(raw)
    return _in_head(head) or _in_body(raw)


def _in_head(head: bytes) -> str | None:
    if not _HEADER.search(head[:20_000]):
        return None  # no headers at all: a text, which is its own body
    if len(head) > HEADERS_SIZE:
        return "limit.headers" if head.count(b"\n") > HEADERS else "limit.header"
    if head.count(b"\n") > HEADERS and len(_HEADER.findall(head)) > HEADERS:
        return "limit.headers"
    for field in re.split(rb"\r?\n(?![ \t])", head):
        limit = _in_field(field)
        if limit is not None:
            return limit
    return None


def _in_field(field: bytes) -> str | None:
    if len(field) > HEADER_SIZE:
        addresses = _ADDRESS_HEADER.match(field) is not None and field.count(b"@") > ADDRESSES
        return "limit.addresses" if addresses else "limit.params" if field.count(b";") > PARAMETERS else "limit.header"
    if field.count(b"@") > ADDRESSES and _ADDRESS_HEADER.match(field):
        return "limit.addresses"
    if field.count(b";") > PARAMETERS and field[:8].lower() == b"content-":
        return "limit.params"
    return None


def _in_body(raw: bytes) -> str | None:
    kinds = _MULTIPART.findall(raw)
    if len(kinds) > DEPTH:
        return "limit.depth" if len(kinds) < PARTS and _nested(raw) else "limit.parts" if len(kinds) > PARTS else _deep(raw)
    if _BOUNDARY.search(raw) and raw.count(b"\n--") > PARTS:
        return _many(raw)
    return None


def _nested(raw: bytes) -> bool:
    """Whether the containers stand within each other rather than beside each other: many boundaries, each used little."""
    boundaries = re.findall(rb"(?i)boundary\s*=\s*\"?([^\"\r\n;]{1,100})", raw)
    return len(set(boundaries)) > DEPTH


def _deep(raw: bytes) -> str | None:
    return "limit.depth" if raw.lower().count(b"message/rfc822") > DEPTH and not _BOUNDARY.search(raw) else None


def _many(raw: bytes) -> str | None:
    """Parts are counted by the delimiter lines of boundaries that the mail really names."""
    named = {b.strip() for b in re.findall(rb"(?i)boundary\s*=\s*\"?([^\"\r\n;]{1,100})", raw)}
    count = sum(1 for line in _DELIMITER.findall(raw) if line.strip()[2:] in named)
    return "limit.parts" if count > PARTS else None
