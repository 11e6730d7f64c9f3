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
_BOUNDARY = re.compile(rb"(?i)boundary\s*=\s*(?:\"([^\"\r\n]{0,200})|([^\s;\"]{1,200}))")
_MARK = re.compile(
    rb"(?im)^(?:content-type:[ \t]*(?P<type>(?:multipart/|message/rfc822)[^\r\n]*(?:\r?\n[ \t][^\r\n]*){0,8})"
    rb"|--(?P<line>[^\r\n]{1,210})\r?$)"
)


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
        return (
            "limit.addresses"
            if addresses
            else "limit.params"
            if field.count(b";") > PARAMETERS
            else "limit.header"
        )
    if field.count(b"@") > ADDRESSES and _ADDRESS_HEADER.match(field):
        return "limit.addresses"
    if field.count(b";") > PARAMETERS and field[:8].lower() == b"content-":
        return "limit.params"
    return None


def _in_body(raw: bytes) -> str | None:
    """Depth and number of the parts, by following the boundaries that the mail names, in one pass and without a tree."""
    open_boundaries: list[bytes] = []
    parts = 0
    for found in _MARK.finditer(raw):
        if found["type"] is not None:
            open_boundaries.append(_boundary_of(found["type"]))
            if len(open_boundaries) > DEPTH:
                return "limit.depth"
        else:
            parts += _close(open_boundaries, found["line"].strip())
            if parts > PARTS:
                return "limit.parts"
    return None


def _boundary_of(header: bytes) -> bytes:
    """The boundary of a multipart's Content-Type; for a mail within the mail a mark that no line is equal to."""
    found = _BOUNDARY.search(header)
    return (found[1] if found[1] is not None else found[2]).strip() if found else b"\0"


def _close(open_boundaries: list[bytes], line: bytes) -> int:
    """A delimiter line ends what is open within its part, and with "--" behind it the whole; returns the parts begun."""
    ends = line.endswith(b"--") and line[:-2] in open_boundaries
    name = line[:-2] if ends else line
    if name not in open_boundaries:
        return 0
    while open_boundaries[-1] != name:
        open_boundaries.pop()
    if ends:
        open_boundaries.pop()
    return 0 if ends else 1
