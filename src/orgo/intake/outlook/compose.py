"""An item of Outlook's becomes a mail's bytes (RFC 5322), the same each time it is read (pure).

The headers that it came with are kept as they were, but for those of the MIME structure, which Outlook did not keep.
"""

import binascii
import hashlib
import mimetypes
import re
import struct
import zlib
from collections.abc import Iterator
from email.header import Header
from email.utils import format_datetime
from operator import itemgetter
from typing import TypeAlias
from urllib.parse import quote

from orgo.intake.outlook.item import DEEPEST, TOO_DEEP, File, Item, Recipient
from orgo.lib.text import clean_header

Pieces: TypeAlias = list[bytes | bytearray]
Part: TypeAlias = tuple[list[str], Pieces]
"""The headers that describe a part, and its bytes; they are joined once, for a mail may be large."""
_FIRST = itemgetter(0)
_AT_ONCE = 57 * 10_000  # whole lines, and never many of them at a time: each is an object
_FIELD = re.compile(r"^([!-9;-~]+)[ \t]*:")
_OURS = ("content-", "mime-version")
_TOKEN = re.compile(r"[A-Za-z0-9.-]{1,60}/[A-Za-z0-9.+-]{1,80}")
_PLAIN_ADDRESS = re.compile(r"[^\s<>()\[\],;:\\\"@]+@[^\s<>()\[\],;:\\\"@]+")


def compose(item: Item) -> bytes:
    """The mail that the item was."""
    return b"".join(pieces_of(item))


def pieces_of(item: Item, depth: int = 0) -> Pieces:
    """As `compose`, in pieces: a large mail need not be there twice."""
    kind, body = _body(item, depth)
    head = [*_kept(item.headers), "MIME-Version: 1.0", *kind]
    names = {line.partition(":")[0].strip().lower() for line in head}
    head = [line for name, line in _rebuilt(item) if name.lower() not in names] + head
    return [_encoded(head), *body]


def _encoded(head: list[str]) -> bytes:
    return "\r\n".join([*head, "", ""]).encode("utf-8", "surrogateescape")


# ---------------------------------------------------------------- headers


def _kept(text: str) -> list[str]:
    """The headers that it came with, without those of the structure; folded lines stay with theirs."""
    kept: list[str] = []
    dropped = True
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if line[:1] in (" ", "\t"):
            if not dropped and line.strip():
                kept.append(line)
            continue
        field = _FIELD.match(line)
        dropped = field is None or field[1].lower().startswith(_OURS)
        if not dropped:
            kept.append(line)
    return kept


def _rebuilt(item: Item) -> Iterator[tuple[str, str]]:
    """The headers that can be told from the item's properties, each with its name."""
    if item.sender is not None:
        yield "From", f"From: {_address(item.sender)}"
    for kind in ("To", "Cc"):
        found = [_address(one) for one in item.recipients if one.kind == kind]
        if found:
            yield kind, f"{kind}: {f',{chr(13)}{chr(10)} '.join(found)}"
    yield "Subject", f"Subject: {_words(item.subject)}"
    if item.date is not None:
        yield "Date", f"Date: {format_datetime(item.date.replace(microsecond=0))}"
    for name, value in (
        ("Message-ID", item.message_id),
        ("In-Reply-To", item.in_reply_to),
        ("References", item.references),
    ):
        if value:
            yield name, f"{name}: {clean_header(value).encode('ascii', 'replace').decode()[:5000]}"


def _address(one: Recipient) -> str:
    """A name and an address; Exchange's own ("/O=..") is none that a mail could name."""
    address = clean_header(one.address)
    name = clean_header(one.name).strip("'\" ")
    if not _PLAIN_ADDRESS.fullmatch(address):
        return f"{_phrase(name or address)} <>" if name or address else "<>"
    return address if not name or name == address else f"{_phrase(name)} <{address}>"


def _phrase(name: str) -> str:
    if name.isascii():
        return '"' + name.replace("\\", "\\\\").replace('"', '\\"')[:500] + '"'
    return _words(name[:300])


def _words(text: str) -> str:
    text = clean_header(text)
    return text if text.isascii() and len(text) < 900 else Header(text, "utf-8").encode(linesep="\r\n")


# ---------------------------------------------------------------- body


def _body(item: Item, depth: int) -> Part:
    """The headers of the structure, and what they describe."""
    texts = [("text/plain", item.text)] if item.text or not item.html else []
    texts += [("text/html", item.html)] if item.html else []
    parts = [_text(kind, text) for kind, text in texts]
    whole = parts[0] if len(parts) == 1 else _multipart("alternative", parts)
    if not item.files:
        return whole
    return _multipart("mixed", [whole, *(_file(file, depth) for file in item.files)])


def _text(kind: str, text: str) -> Part:
    head = [f"Content-Type: {kind}; charset=utf-8", "Content-Transfer-Encoding: base64"]
    return head, [_base64(text.encode("utf-8", "replace"))]


def _base64(data: bytes) -> bytearray:
    """Base64 in lines of 76 letters (RFC 2045 section 6.8); the library's takes ten times as long."""
    found = bytearray()  # not joined, which takes the room of a large file twice
    for at in range(0, len(data), _AT_ONCE):
        found += _lines(data[at : at + _AT_ONCE])
    return found


def _lines(data: bytes) -> bytes:
    letters = binascii.b2a_base64(data, newline=False)
    whole = len(letters) // 76 * 76
    lines = map(_FIRST, struct.iter_unpack("76s", letters[:whole]))
    return b"\r\n".join([*lines, letters[whole:], b""] if whole < len(letters) else [*lines, b""])


def _multipart(kind: str, parts: list[Part]) -> Part:
    boundary = f"=_orgo_{_digest(kind, parts)}"  # no line of base64 begins so
    dashes = f"\r\n--{boundary}".encode()
    pieces: Pieces = []
    for head, body in parts:
        pieces += [dashes, b"\r\n", _encoded(head), *body]
    pieces[0] = dashes.removeprefix(b"\r\n")
    return [f'Content-Type: multipart/{kind}; boundary="{boundary}"'], [*pieces, dashes, b"--\r\n"]


def _digest(kind: str, parts: list[Part]) -> str:
    """The same for the same parts; what is in them is summed up by their CRC, for they may be large."""
    digest = hashlib.sha256(kind.encode())
    for head, body in parts:
        digest.update(_encoded(head))
        digest.update(b"".join(zlib.crc32(piece).to_bytes(4, "big") for piece in body))
    return digest.hexdigest()[:32]


def _file(file: File, depth: int) -> Part:
    if file.item is not None and depth < DEEPEST:
        return ["Content-Type: message/rfc822", _disposition(file)], pieces_of(file.item, depth + 1)
    if file.data is None:
        reason = file.missing or (TOO_DEEP if file.item is not None else "it could not be read")
        return _text("text/plain", f"[The attachment {file.name or 'without a name'} is not here: {reason}]")
    kind = _kind(file)
    head = [f"Content-Type: {kind}", "Content-Transfer-Encoding: base64", _disposition(file)]
    if file.content_id:
        head.append(f"Content-ID: <{re.sub(r'[^!-~]|[<>]', '', file.content_id)[:200]}>")
    return head, [_base64(file.data)]


def _kind(file: File) -> str:
    """The type that it was given, else what its name tells; never a multipart or a mail, which it would have to be."""
    kind = file.kind or mimetypes.guess_type(file.name)[0] or ""
    usual = _TOKEN.fullmatch(kind) and not kind.lower().startswith(("multipart/", "message/"))
    return kind if usual else "application/octet-stream"


def _disposition(file: File) -> str:
    """RFC 2231: the name whole, in UTF-8."""
    kind = "inline" if file.content_id else "attachment"
    name = clean_header(file.name)[:200]
    return f"Content-Disposition: {kind}" + (f"; filename*=utf-8''{quote(name, safe='')}" if name else "")
