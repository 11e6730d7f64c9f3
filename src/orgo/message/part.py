"""A part of a mail: its headers, its undecoded body, its parts, and the content behind its transfer encoding (pure)."""

import binascii
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from orgo.message.names import parameters

_KIND = re.compile(r"[a-z0-9!#$&^_.+-]{1,100}/[a-z0-9!#$&^_.+-]{1,100}")
_BASE64 = bytes(range(48, 58)) + bytes(range(65, 91)) + bytes(range(97, 123)) + b"+/="
_NO_TYPE: tuple[str, Mapping[str, str]] = ("", {})
_LONGEST_USUAL = 200
_SPACE = b" \t\r\n\x0b\x0c"


class Part:
    """A mail or a part of one.

    `fields` are its headers in their order, `headers` the same by lower-case name, both with their encoded words;
    `kind` is the content type in lower case, or the default where none is given that can be, and `parameters` are its
    parameters. A mail within the mail is the one child of a part that is no multipart.
    """

    __slots__ = (
        "_content",
        "body",
        "children",
        "damaged",
        "default",
        "defects",
        "fields",
        "headers",
        "kind",
        "parameters",
    )

    def __init__(self, fields: list[tuple[str, str]], default: str = "text/plain") -> None:
        self.fields = fields
        self.default = default
        self.body = b""
        self.children: list[Part] = []
        self.defects: list[str] = []
        self.damaged = False
        headers: dict[str, list[str]] = {}
        for name, value in fields:
            name = name.lower()
            if name in headers:
                headers[name].append(value)
            else:
                headers[name] = [value]
        self.headers = headers
        kind, self.parameters = (
            content_type(headers["content-type"][0]) if "content-type" in headers else _NO_TYPE
        )
        self.kind = kind or default
        self._content: bytes | None = None

    def header(self, name: str) -> str:
        """The first header of this lower-case name, "" where there is none."""
        return self.headers[name][0] if name in self.headers else ""

    @property
    def disposition(self) -> str:
        """The content disposition: "inline", "attachment" or ""."""
        if "content-disposition" not in self.headers:
            return ""
        return self.headers["content-disposition"][0].partition(";")[0].strip().lower()

    @property
    def content(self) -> bytes:
        """The bytes of the part, its transfer encoding undone; `damaged` says afterwards whether that was broken."""
        if self._content is None:
            self._content, self.damaged = self._decoded()
        return self._content

    def _decoded(self) -> tuple[bytes, bool]:
        if "content-transfer-encoding" not in self.headers:
            return self.body, False
        encoding = self.headers["content-transfer-encoding"][0].strip(" \t\"'.;").lower()
        if encoding.startswith("base64"):
            return base64(self.body, text=self.kind.startswith("text/"))
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


def content_type(header: str) -> tuple[str, Mapping[str, str]]:
    """The type that a Content-Type names, in lower case ("" where it names none that can be), and its parameters."""
    return _usual_type(header) if len(header) < _LONGEST_USUAL else _usual_type.__wrapped__(header)


@lru_cache(256)
def _usual_type(header: str) -> tuple[str, Mapping[str, str]]:
    """The same once more at no cost: most parts of most mails have one of a few dozen."""
    found = _KIND.match(header.lower())
    return found[0] if found else "", parameters(header)


def base64(raw: bytes, *, text: bool = False) -> tuple[bytes, bool]:
    """Base64 as far as it can be read: foreign letters left out, a torn end filled up; and whether that was needed.

    A text that only says it is base64 (many servers lose the encoding but not its header) is left as it is.
    """
    letters = raw.translate(None, _SPACE)
    foreign = letters.translate(None, _BASE64)
    if (
        foreign
        and text
        and (len(foreign) * 20 > len(letters) or b" " in raw.strip().partition(b"\n")[0].strip())
    ):
        return raw, True
    if foreign:
        letters = letters.translate(None, bytes(set(foreign)))
    first, *more = letters.rstrip(b"=").split(b"=")
    # What follows the padding is junk, unless it is long: then the output of several encoders was put together.
    data = _quads(first) + b"".join(_quads(other) for other in more if len(other) >= 60)
    padding = len(letters) - len(
        letters.rstrip(b"=")
    )  # a wrong one is often all that shows that the end is missing
    return data, bool(foreign) or any(more) or padding != -len(first) % 4


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
