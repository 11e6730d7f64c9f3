"""Header values become text: encoded words (RFC 2047), raw 8-bit, folding (pure, linear)."""

import binascii
import re

from orgo.lib.text import clean_header
from orgo.message.charsets import decode

LONGEST = 20_000
# Broken mailers leave spaces within an encoded word; they mean themselves.
_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*(?:\?(?!=)[^?]*)*)\?=")
_NO_LETTER = re.compile(rb"[^A-Za-z0-9+/]")


def header_text(text: str) -> str:
    """A header's value as one line of text, encoded words decoded, controls gone; of a longer one its first LONGEST letters."""
    text = text[:LONGEST]
    if "=?" in text:
        return clean_header(decode_words(text))
    if text.isascii() and text.isprintable():
        return " ".join(text.split()) if "  " in text else text.strip()
    return clean_header(text)


def raw_text(raw: bytes) -> str:
    """The letters of a raw header: ASCII, UTF-8, or what 8-bit headers mostly are."""
    return raw.decode("ascii") if raw.isascii() else decode(raw, "utf-8")[0]


def decode_words(text: str) -> str:
    """Replace the encoded words of a text; neighbours of one charset are joined before decoding (split characters)."""
    if text.count("=?") == 1:  # the usual case, without the care that several words want
        word = _WORD.search(text)
        return text[: word.start()] + _decoded(word) + text[word.end() :] if word else text
    parts: list[str] = []
    label, data, end = "", b"", 0
    for found in _WORD.finditer(text):
        between = text[end : found.start()]
        charset = found[1].partition("*")[0].lower()
        payload = _payload(found[2], found[3])
        if data and (between.strip() or charset != label):
            parts.append(decode(data, label)[0])
            data = b""
        if between.strip() or not end:
            parts.append(between)
        label, data, end = charset, data + payload, found.end()
    return "".join(parts) + (decode(data, label)[0] if data else "") + text[end:]


def _decoded(word: "re.Match[str]") -> str:
    return decode(_payload(word[2], word[3]), word[1].partition("*")[0])[0]


def _payload(kind: str, text: str) -> bytes:
    try:
        raw = text.encode("latin-1")
    except UnicodeEncodeError:
        raw = text.encode("utf-8", "replace")
    if kind in "qQ":
        return binascii.a2b_qp(raw, header=True)
    letters = _NO_LETTER.sub(b"", raw)
    letters = letters[:-1] if len(letters) % 4 == 1 else letters
    return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))
