"""The structure of a mail, read from its raw bytes in one pass: headers, parts, transfer encodings (pure, linear).

Own reader instead of the stdlib's: it is five times as fast, keeps bytes as bytes, stops at the limits of `limits.py`
while it reads, and its forgiveness is written down here (docs/adr/0002-mail-parser.md).
"""

import re

from orgo.message import limits
from orgo.message.limits import LimitPassed
from orgo.message.part import Part
from orgo.message.words import raw_text

_FOLD = re.compile(rb"\n[ \t]+")
_BARE_CR = re.compile(rb"\r(?!\n)")
_NAME = re.compile(rb"[!-9;-~]{1,200}")
_FIELD = re.compile(r"(?m)^([!-9;-~]+)[ \t]*:[ \t]*([^\n]*)$")
_FIELD_OF_BYTES = re.compile(_FIELD.pattern.encode())
_NAME_AND_COLON = re.compile(rb"[!-9;-~]{1,200}[ \t]*:")
_KNOWN = re.compile(
    rb"(?i)(?:from|to|cc|subject|date|message-id|received|return-path|mime-version|content-type"
    rb"|content-transfer-encoding|reply-to|x-[a-z-]{2,40}):"
)
_BOUNDARY = re.compile(r"(?i)boundary\s*=\s*\"?([^\";\s]{1,200})")
_DELIMITER = re.compile(rb"(?m)^--([^\s-][^\r\n]{0,200}?)[ \t]*\r?\ncontent-", re.IGNORECASE)
_MOST_LOOKALIKES = 10_000
Fields = list[tuple[str, str]]


def read(raw: bytes) -> Part:
    """The tree of a mail's parts. Raises LimitPassed."""
    limits.check_size(raw)
    if raw.find(b"\n", 0, 100_000) < 0 <= raw.find(b"\r", 0, 100_000):
        raw = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    raw = raw.lstrip(b"\r\n").removeprefix(b"\xef\xbb\xbf")
    if raw.startswith((b"From ", b">From ")):
        raw = raw.partition(b"\n")[2]
    return _Reader(raw).part(0, "text/plain", 0)[0]


def summary(raw: bytes) -> Part:
    """The first headers of a mail that is too much to be read."""
    raw = raw[: limits.current().headers_size].lstrip(b"\r\n")
    head = raw[: _end_of_head(raw, 0, len(raw))[0]][:16_384]
    fields: Fields = []
    for line in _FOLD.sub(b" ", head.replace(b"\r\n", b"\n")).split(b"\n")[:30]:
        name, colon, value = line.partition(b":")
        if colon and _NAME.fullmatch(name):
            fields.append((name.decode("ascii"), raw_text(value.strip()[:1000])))
    return Part(fields)


class _Open:
    """A multipart that is being read: where the next of its delimiter lines stands (RFC 2046 section 5.1.1)."""

    def __init__(self, raw: bytes, boundary: bytes, at: int) -> None:
        self.raw = raw
        self.mark = b"--" + boundary
        self.at = -1
        self.below = 0  # where the line below the delimiter begins
        self.closes = False
        self.seek(at)

    def seek(self, start: int) -> None:
        """Find the first delimiter at or after `start`; `at` is the end of the mail where there is none."""
        if self.at >= start:
            return
        raw, found = self.raw, start
        for _ in range(_MOST_LOOKALIKES):
            found = raw.find(self.mark, found)
            if found < 0:
                self.at = self.below = len(raw)
                return
            end = found + len(self.mark)
            self.closes = raw.startswith(b"--", end)
            after = raw[end + 2 * self.closes : end + 2 * self.closes + 1]
            if (found == 0 or raw[found - 1] in b"\r\n") and (not after or after in b" \t\r\n"):
                self.at, self.below = found, raw.find(b"\n", end) + 1 or len(raw)
                return
            found = end
        raise LimitPassed("limit.parts")


class _Reader:
    """Goes through a mail from delimiter to delimiter; the innermost open multipart that knows a delimiter owns it."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.count = 0
        self.open: list[_Open] = []

    def part(self, at: int, default: str, depth: int, *, inner: bool = False) -> tuple[Part, int]:
        """The part that begins at `at`, and where the delimiter that ends it stands."""
        self.count += 1
        if self.count > limits.current().parts:
            raise LimitPassed("limit.parts")
        if depth > limits.current().depth:
            raise LimitPassed("limit.depth")
        end = self._next(at)
        fields, body, whole = _head(self.raw, at, end, top=depth == 0, strict=not inner)
        part = Part(fields, default)
        if not whole:
            part.defects.append("a line among its headers is none")
        if depth == 0 and not _is_unicode(self.raw[at:body]):
            part.defects.append("letters in its headers whose charset nobody named")
        if part.kind.startswith("multipart/"):
            end = self._multipart(part, body, end, depth, inner)
        elif part.kind == "message/rfc822" and body < end:
            end = self._mail(part, body, end, depth)
        if not part.children or part.kind == "message/rfc822":
            part.body = _without_end(self.raw[body:end]) if end < len(self.raw) else self.raw[body:]
        return part, end

    def _next(self, at: int) -> int:
        """Where the next delimiter of any open multipart stands."""
        nearest = len(self.raw)
        for multipart in self.open:
            multipart.seek(at)
            nearest = min(nearest, multipart.at)
        return nearest

    def _multipart(self, part: Part, at: int, end: int, depth: int, inner: bool) -> int:
        own = self._opened(part, at, end)
        if own is None:
            return end
        self.open.append(own)
        default = "message/rfc822" if part.kind == "multipart/digest" else "text/plain"
        stopped = own.at
        while stopped == own.at < len(self.raw) and not own.closes:
            child, stopped = self.part(own.below, default, depth + 1, inner=inner)
            part.children.append(child)
            own.seek(stopped)
        self.open.pop()
        if stopped == own.at < len(self.raw):
            return self._next(own.below)
        part.defects.append("a multipart that does not end")
        return stopped

    def _opened(self, part: Part, at: int, end: int) -> _Open | None:
        """The multipart's first delimiter: as its boundary says, else the first line that looks like one."""
        boundary = _boundary(part)
        own = _Open(self.raw, boundary, at) if boundary else None
        if own is not None and own.at <= end and own.at < len(self.raw):
            return own
        part.defects.append("a multipart whose boundary is another one, or none")
        guess = _DELIMITER.search(self.raw, at, end)
        return _Open(self.raw, guess[1], at) if guess else None

    def _mail(self, part: Part, at: int, end: int, depth: int) -> int:
        """A mail within the mail: looked into for its depth and its text; its own headers may be as odd as they like."""
        if part.header("content-transfer-encoding").strip().lower().startswith(("base64", "quoted")):
            part.body = self.raw[at:end]
            inside = _Reader(part.content.lstrip(b"\r\n"))
            inside.count = self.count
            part.children = [inside.part(0, "text/plain", depth + 1, inner=True)[0]]
            self.count = inside.count
            return end
        while at < end and self.raw[at] in b"\r\n":
            at += 1
        child, stopped = self.part(at, "text/plain", depth + 1, inner=True)
        part.children = [child]
        return stopped


def _boundary(part: Part) -> bytes:
    given = part.parameters.get("boundary", "")
    if not given:
        loose = _BOUNDARY.search(part.header("content-type"))
        given = loose[1] if loose else ""
    return given.rstrip().encode("utf-8", "surrogateescape")


def _without_end(piece: bytes) -> bytes:
    """The line end before a delimiter belongs to the delimiter."""
    return piece[:-2] if piece.endswith(b"\r\n") else piece[:-1] if piece[-1:] in (b"\n", b"\r") else piece


# ---------------------------------------------------------------- headers


def _end_of_head(raw: bytes, at: int, end: int) -> tuple[int, int]:
    """Where the headers end, and where the body begins: after the first empty line."""
    if raw.startswith((b"\n", b"\r\n"), at):
        return at, raw.find(b"\n", at) + 1
    first = raw.find(b"\n", at, end)
    if raw[first - 1 : first] == b"\r":  # then the other kind of empty line is soon found not to come before
        crlf = raw.find(b"\n\r\n", at, end)
        plain = raw.find(b"\n\n", at, crlf + 1 if crlf >= 0 else end)
    else:
        plain = raw.find(b"\n\n", at, end)
        crlf = raw.find(b"\n\r\n", at, plain + 2 if plain >= 0 else end)
    if crlf >= 0 and not 0 <= plain < crlf:
        return crlf, crlf + 3
    return (plain, plain + 2) if plain >= 0 else (end, end)


def _head(raw: bytes, at: int, end: int, *, top: bool, strict: bool) -> tuple[Fields, int, bool]:
    """The headers, where the body begins, and whether each line of the head was a header. Raises LimitPassed."""
    stop, body = _end_of_head(raw, at, end)
    head = raw[at : min(stop, at + limits.current().headers_size + 1)].rstrip(b"\r\n")
    if not head:
        return [], body, True
    head = _unfolded(head)
    fields: Fields = _FIELD.findall(head.decode("ascii")) if head.isascii() else _of_bytes(head)
    lines = head.count(b"\n") + 1
    if len(fields) != lines:
        return _odd_head(raw, at, body, head.split(b"\n"), top=top, strict=strict)
    if strict:
        _check(fields)
    if strict and stop - at > limits.current().headers_size:
        raise LimitPassed("limit.headers")
    return fields, body, True


def _is_unicode(head: bytes) -> bool:
    """Whether raw letters in a head are UTF-8, as RFC 6532 wants; what others mean is guessed."""
    try:
        return head.isascii() or bool(head.decode("utf-8"))
    except UnicodeDecodeError:
        return False


def _of_bytes(head: bytes) -> Fields:
    return [(name.decode("ascii"), raw_text(value)) for name, value in _FIELD_OF_BYTES.findall(head)]


def _odd_head(
    raw: bytes, at: int, body: int, lines: list[bytes], *, top: bool, strict: bool
) -> tuple[Fields, int, bool]:
    """A head with lines that are no headers: text without headers, text without an empty line before, rubbish."""
    if not _NAME_AND_COLON.match(lines[0]) and not (top and _last_known(lines) > 0):
        return [], at, True  # a text without headers is its own body
    fields, read = _fields(lines)
    if strict:
        _check(fields)
    if read < len(lines):
        return fields, _start_of_line(raw, at, read), False
    if strict and sum(map(len, lines)) > limits.current().headers_size:
        raise LimitPassed("limit.headers")
    return fields, body, False


def _check(fields: Fields) -> None:
    most = limits.current()
    shortest = min(most.parameters, most.addresses, most.header_size)
    for name, value in fields:
        if len(value) > shortest:  # what is shorter passes none
            limits.check_field(name.lower(), value)
    if len(fields) > most.headers:
        raise LimitPassed("limit.headers")


def _unfolded(head: bytes) -> bytes:
    """The head with a line for each header; a CR that ends no line is a blank."""
    return _FOLD.sub(b" ", _BARE_CR.sub(b" ", head).replace(b"\r", b""))


def _start_of_line(raw: bytes, at: int, number: int) -> int:
    """Where the unfolded line of this number begins in the mail."""
    while number:
        at = raw.find(b"\n", at) + 1
        number -= raw[at : at + 1] not in (b" ", b"\t")
    return at


def _fields(lines: list[bytes]) -> tuple[Fields, int]:
    """The headers, and where the body begins: at a line that is no header and has no more headers below it."""
    fields: Fields = []
    last = _last_known(lines)
    for number, line in enumerate(lines):
        if _NAME_AND_COLON.match(line):
            name, _, value = line.partition(b":")
            fields.append((name.rstrip().decode("ascii"), raw_text(value.strip())))
        elif line.strip() and number > last:
            return fields, number
    return fields, len(lines)


def _last_known(lines: list[bytes]) -> int:
    """The line of the last but one of the headers that most mails have, -1 where there are not two."""
    known = [number for number, line in enumerate(lines) if _KNOWN.match(line)]
    return known[-2] if len(known) > 1 else -1
