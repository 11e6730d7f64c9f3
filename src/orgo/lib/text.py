"""Text as it may be stored, compared and shown: no controls, no half characters, folded without case and accents."""

import re
import unicodedata
from collections.abc import Iterable
from io import IncrementalNewlineDecoder

_ACCENTS = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+")
_BEYOND_LATIN = re.compile("[^\x00-\x7f\u0300-\u036f]")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]+")
_BIDI = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069]")
_BODY_CONTROLS = re.compile(r"[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]+")


def clean_text(text: str) -> str:
    """A text that any database takes: NUL shown as its picture, other controls gone, lone surrogates replaced, line ends LF."""
    text = _BODY_CONTROLS.sub("", unix_lines(text)).replace("\0", "\u2400")
    return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace") if _has_surrogate(text) else text


def unix_lines(text: str) -> str:
    """The text with LF at the end of every line, in a third of the time that replacing CRLF and CR takes."""
    return IncrementalNewlineDecoder(None, translate=True).decode(text, final=True) if "\r" in text else text


def clean_header(text: str) -> str:
    """A header value of one line: no newline or other control survives (CVE-2024-6923, measured on CPython 3.11.7)."""
    if not text.isprintable():  # what is printable has no control, no line end and no half character
        text = _CONTROLS.sub(" ", clean_text(text))
    return " ".join(text.split())


def clean_name(text: str) -> str:
    """A name to show: one line, without characters that reverse or hide text."""
    return clean_header(text) if text.isprintable() else _BIDI.sub("", clean_header(text))


def fold(text: str) -> str:
    """The text for comparing: without case and accents ("Élève" is "eleve")."""
    if text.isascii():
        return text.lower()
    try:  # most are in a Western language: that takes a tenth of the time
        latin = text.encode("latin-1")
    except UnicodeEncodeError:
        return _fold_any(text)
    if any(letter in text for letter in _MANY):
        return _fold_any(text)
    return latin.translate(_FOLDED).decode("latin-1")


def _fold_any(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text.casefold())
    if not _BEYOND_LATIN.search(apart):  # a text in French: all that is to go is all that is not ASCII
        return apart.encode("ascii", "ignore").decode()
    return unicodedata.normalize("NFC", _ACCENTS.sub("", apart))


_LATIN = [_fold_any(chr(code)) for code in range(256)]
# The letters of Latin-1 that become two, or one that it has not.
_MANY = "".join(chr(code) for code, one in enumerate(_LATIN) if len(one) != 1 or ord(one) > 255)
_FOLDED = bytes(code if chr(code) in _MANY else ord(one) for code, one in enumerate(_LATIN))


def without(text: str, address: str) -> str:
    """The text with an ellipsis wherever it has this address: a mail server's answer names whom the letter was for."""
    plain = address.isascii() and text.isascii()
    if not address or (plain and address.lower() not in text.lower()):
        return text
    return re.sub(re.escape(address), "…", text, flags=re.IGNORECASE)


_LINK = r"https?://\S+"


def without_people(text: str, addresses: Iterable[str], names: Iterable[str]) -> str:
    """The text with an ellipsis wherever it has one of these addresses, or one of these names as a whole.

    Senders choose their names, and a part of one may be any word. The longest is looked for first, for one may hold another.
    Links keep what is no address: a name may be a word of them too.
    """
    for address in _longest_first(addresses):
        text = without(text, address)
    names = _longest_first(names)
    if not names:
        return text
    named = re.compile(rf"({_LINK})|(?<!\w)(?:{'|'.join(map(re.escape, names))})(?!\w)", re.IGNORECASE)
    return named.sub(lambda found: found[1] or "…", text)


def _longest_first(words: Iterable[str]) -> list[str]:
    return sorted(filter(None, words), key=len, reverse=True)


def clip(text: str, length: int) -> str:
    """At most `length` characters, with an ellipsis where it was cut, never within what a reader sees as one character.

    A grapheme that is longer than all that may stay (a megabyte of marks on one letter) is cut all the same.
    """
    if len(text) <= length:
        return text
    end = length - 1
    if not text[:length].isascii():
        from wcwidth import grapheme_boundary_before  # its tables take long to load

        # Where the grapheme of the first character that goes begins.
        end = grapheme_boundary_before(text[: 2 * length], length) or end
    return text[:end].rstrip() + "…"


def counted(number: int, what: str) -> str:
    """A number of things: "1 mail", "2 mails"."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _has_surrogate(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False


def is_within(url: str, home: str) -> bool:
    """Whether `url` is `home` or below it.

    Of https://x.example, https://x.example/a is; https://x.example.evil.example and https://x.example@evil.example are not.
    """
    home = home.rstrip("/")
    return bool(home) and url.startswith(home) and url[len(home) : len(home) + 1] in ("", "/", "?", "#")
