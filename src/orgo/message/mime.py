"""The structure of a mail, read from its raw bytes in one pass: headers, parts, transfer encodings (pure, linear).

Own reader instead of the stdlib's: it is five times as fast, keeps bytes as bytes, stops at the limits of `limits.py`
while it reads, and its forgiveness is written down here (docs/adr/0002-mail-parser.md).
"""

import binascii
import re
from collections.abc import Iterator
from functools import cached_property

from orgo.message import limits
from orgo.message.limits import LimitPassed
from orgo.message.names import parameters
from orgo.message.words import raw_text

_FOLD = re.compile(rb"\n[ \t]+")
_NAME = re.compile(rb"[!-9;-~]{1,200}")
_NAME_AND_COLON = re.compile(rb"[!-9;-~]{1,200}[ \t]*:")
_KNOWN = re.compile(
    rb"(?i)(?:from|to|cc|subject|date|message-id|received|return-path|mime-version|content-type"
    rb"|content-transfer-encoding|reply-to|x-[a-z-]{2,40}):"
)
_BOUNDARY = re.compile(r"(?i)boundary\s*=\s*\"?([^\";\s]{1,200})")
_DELIMITER = re.compile(rb"(?m)^--([^\s-][^\r\n]{0,200}?)[ \t]*\r?\ncontent-", re.IGNORECASE)
_BASE64 = bytes(range(48, 58)) + bytes(range(65, 91)) + bytes(range(97, 123)) + b"+/="
_SPACE = b" \t\r\n\x0b\x0c"
_MOST_LOOKALIKES = 10_000
_KIND = re.compile(r"[a-z0-9!#$&^_.+-]{1,100}/[a-z0-9!#$&^_.+-]{1,100}")


class Part:
    """A mail or a part of one: its headers in order (`fields`), its undecoded body, its parts and what is odd about it."""

    def __init__(self, fields: list[tuple[bytes, bytes]], body: bytes, default: str = "text/plain") -> None:
        self.fields = fields
        self.body = body
        self.default = default
        self.children: list[Part] = []
        self.defects: list[str] = []

    @cached_property
    def texts(self) -> list[tuple[str, str]]:
        """The headers as text, in their order; encoded words are left as they are."""
        return [(name.decode("ascii"), raw_text(value)) for name, value in self.fields]

    @cached_property
    def headers(self) -> dict[str, list[str]]:
        """The same by their lower-case name."""
        found: dict[str, list[str]] = {}
        for name, value in self.texts:
            found.setdefault(name.lower(), []).append(value)
        return found

    def header(self, name: str) -> str:
        """The first header of this lower-case name, "" where there is none."""
        found = self.headers.get(name)
        return found[0] if found else ""

    @cached_property
    def kind(self) -> str:
        """The content type in lower case; the default where none is given that can be."""
        value = self.header("content-type").partition(";")[0]
        found = _KIND.match(value.strip().lower())
        return found[0] if found else self.default

    @cached_property
    def parameters(self) -> dict[str, str]:
        """The parameters of the content type."""
        value = self.header("content-type")
        return parameters(value) if ";" in value else {}

    @cached_property
    def disposition(self) -> str:
        """ "inline", "attachment" or ""."""
        return self.header("content-disposition").partition(";")[0].strip().lower()

    @cached_property
    def content(self) -> bytes:
        """The bytes of the part, its transfer encoding undone."""
        return self._decoded[0]

    @property
    def damaged(self) -> bool:
        """Whether the transfer encoding was broken."""
        return self._decoded[1]

    @cached_property
    def _decoded(self) -> tuple[bytes, bool]:
        encoding = self.header("content-transfer-encoding").strip(" \t\"'.;").lower()
        if encoding.startswith("base64"):
            return base64(self.body)
        if encoding.startswith("quoted-printable"):
            return binascii.a2b_qp(self.body), False
        if encoding in ("x-uuencode", "uuencode", "uue", "x-uue"):
            return uudecoded(self.body)
        return self.body, False

    def leaves(self) -> Iterator["Part"]:
        """The parts that hold something, in their order; a mail within the mail is one of them."""
        if self.children and self.kind.startswith("multipart/"):
            for child in self.children:
                yield from child.leaves()
        else:
            yield self

    def all_defects(self) -> Iterator[str]:
        """What is odd about the structure, of this part and those in it."""
        yield from self.defects
        for child in self.children:
            yield from child.all_defects()


def read(raw: bytes) -> Part:
    """The tree of a mail's parts. Raises LimitPassed."""
    limits.check_size(raw)
    if b"\n" not in raw[:100_000] and b"\r" in raw[:100_000]:
        raw = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    raw = raw.lstrip(b"\r\n").removeprefix(b"\xef\xbb\xbf")
    if raw.startswith((b"From ", b">From ")):
        raw = raw.partition(b"\n")[2]
    return _Reader(raw).part(0, "text/plain", 0)[0]


def summary(raw: bytes) -> Part:
    """The first headers of a mail that is too much to be read."""
    raw = raw[: limits.HEADERS_SIZE].lstrip(b"\r\n")
    head = raw[: _end_of_head(raw, 0, len(raw))[0]][:16_384]
    fields = []
    for line in _FOLD.sub(b" ", head.replace(b"\r\n", b"\n")).split(b"\n")[:30]:
        name, colon, value = line.partition(b":")
        if colon and _NAME.fullmatch(name):
            fields.append((name, value.strip()[:1000]))
    return Part(fields, b"")


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
        if self.count > limits.PARTS:
            raise LimitPassed("limit.parts")
        if depth > limits.DEPTH:
            raise LimitPassed("limit.depth")
        end = self._next(at)
        fields, body, whole = _head(self.raw, at, end, top=depth == 0, strict=not inner)
        part = Part(fields, b"", default)
        if not whole:
            part.defects.append("a line among its headers is none")
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
    plain = raw.find(b"\n\n", at, end)
    crlf = raw.find(b"\n\r\n", at, plain + 2 if plain >= 0 else end)
    if crlf >= 0:
        return crlf, crlf + 3
    return (plain, plain + 2) if plain >= 0 else (end, end)


def _head(
    raw: bytes, at: int, end: int, *, top: bool, strict: bool
) -> tuple[list[tuple[bytes, bytes]], int, bool]:
    """The headers, where the body begins, and whether each line of the head was a header. Raises LimitPassed."""
    stop, body = _end_of_head(raw, at, end)
    head = raw[at : min(stop, at + limits.HEADERS_SIZE + 1)].rstrip(b"\r\n")
    if not head:
        return [], body, True
    lines = _unfolded(head).split(b"\n")
    if not _NAME_AND_COLON.match(lines[0]) and not (top and _last_known(lines) > 0):
        return [], at, True  # a text without headers is its own body
    fields, read = _fields(lines, strict)
    if read < len(lines):
        return fields, _start_of_line(raw, at, read), False
    if strict and stop - at > limits.HEADERS_SIZE:
        raise LimitPassed("limit.headers")
    return fields, body, len(fields) == len(lines)


def _unfolded(head: bytes) -> bytes:
    if b"\r" in head:
        head = head.replace(b"\r\n", b"\n").replace(b"\r", b" ")
    return _FOLD.sub(b" ", head)


def _start_of_line(raw: bytes, at: int, number: int) -> int:
    """Where the unfolded line of this number begins in the mail."""
    while number:
        at = raw.find(b"\n", at) + 1
        number -= raw[at : at + 1] not in (b" ", b"\t")
    return at


def _fields(lines: list[bytes], strict: bool) -> tuple[list[tuple[bytes, bytes]], int]:
    """The headers, and where the body begins: at a line that is no header and has no more headers below it."""
    fields: list[tuple[bytes, bytes]] = []
    last = None
    for number, line in enumerate(lines):
        name, colon, value = line.partition(b":")
        name = name.rstrip()
        if colon and (name.replace(b"-", b"").isalnum() or _NAME.fullmatch(name)):
            value = value.strip()
            if strict:
                limits.check_field(name.lower(), value)
            fields.append((name, value))
        elif line.strip():
            last = _last_known(lines) if last is None else last
            if number > last:
                return fields, number
        if strict and len(fields) > limits.HEADERS:
            raise LimitPassed("limit.headers")
    return fields, len(lines)


def _last_known(lines: list[bytes]) -> int:
    """The line of the last but one of the headers that most mails have, -1 where there are not two."""
    known = [number for number, line in enumerate(lines) if _KNOWN.match(line)]
    return known[-2] if len(known) > 1 else -1


# ---------------------------------------------------------------- transfer encodings


def base64(raw: bytes) -> tuple[bytes, bool]:
    """Base64 as far as it can be read: foreign letters left out, a torn end filled up; and whether that was needed."""
    letters = raw.translate(None, _SPACE)
    foreign = letters.translate(None, _BASE64)
    if foreign:
        letters = letters.translate(None, bytes(set(foreign)))
    first, *more = letters.rstrip(b"=").split(b"=")
    # What follows the padding is junk, unless it is long: then the output of several encoders was put together.
    data = _quads(first) + b"".join(_quads(other) for other in more if len(other) >= 60)
    return data, bool(foreign) or len(first) % 4 == 1 or any(more)


def _quads(letters: bytes) -> bytes:
    whole = letters[:-1] if len(letters) % 4 == 1 else letters
    return binascii.a2b_base64(whole + b"=" * (-len(whole) % 4))


def uudecoded(raw: bytes) -> tuple[bytes, bool]:
    """The content of uuencoded lines as far as they can be read, and whether some could not."""
    data, damaged, inside = [], False, False
    for line in raw.splitlines():
        if not inside:
            inside = line.startswith(b"begin ")
        elif line.strip() in (b"end", b"`", b""):
            break
        else:
            try:
                data.append(binascii.a2b_uu(line))
            except binascii.Error:
                damaged = True
    return (b"".join(data), damaged) if inside else (raw, True)
