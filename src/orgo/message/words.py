"""Header values become text: encoded words (RFC 2047), raw 8-bit, folding (pure, linear)."""

import base64
import binascii
import quopri
import re

from orgo.lib.text import clean_header
from orgo.message.charsets import decode

_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*?)\?=")
_BETWEEN = re.compile(r"(\?=)[ \t\r\n]+(=\?)")
# Between the quotes of broken mailers an encoded word holds spaces; they mean themselves.


def header_text(raw: bytes | str) -> str:
    """A header's value as one line of text, encoded words decoded, controls gone."""
    text = raw_text(raw) if isinstance(raw, bytes) else raw
    if "=?" not in text:
        return clean_header(text)
    return clean_header(decode_words(text))


def raw_text(raw: bytes) -> str:
    """The letters of a raw header: ASCII, UTF-8, or what 8-bit headers mostly are."""
    if raw.isascii():
        return raw.decode("ascii")
    return decode(raw, "utf-8")[0]


def decode_words(text: str) -> str:
    """Replace the encoded words of a text; neighbours of one charset are joined before decoding (split characters)."""
    parts: list[str] = []
    pending: tuple[str, bytes] | None = None
    end = 0
    for found in _WORD.finditer(text):
        between = text[end : found.start()]
        charset, data = found[1].partition("*")[0], _payload(found[2], found[3])
        if data is None:
            continue
        if pending is not None and not between.strip():
            if charset.lower() == pending[0].lower():
                pending = (pending[0], pending[1] + data)
                end = found.end()
                continue
            parts.append(decode(pending[1], pending[0])[0])
        else:
            if pending is not None:
                parts.append(decode(pending[1], pending[0])[0])
            parts.append(between)
        pending, end = (charset, data), found.end()
    if pending is not None:
        parts.append(decode(pending[1], pending[0])[0])
    return "".join(parts) + text[end:]


def _payload(kind: str, text: str) -> bytes | None:
    try:
        raw = text.encode("latin-1")
    except UnicodeEncodeError:
        raw = text.encode("utf-8", "replace")
    if kind in "qQ":
        return quopri.decodestring(raw.replace(b"_", b"=20"))
    compact = re.sub(rb"[^A-Za-z0-9+/]", b"", raw)
    if len(compact) % 4 == 1:
        compact = compact[:-1]
    try:
        return base64.b64decode(compact + b"=" * (-len(compact) % 4))
    except (binascii.Error, ValueError):
        return None
