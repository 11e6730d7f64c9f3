"""Bytes become text, whatever their label says (pure)."""

import codecs
import re
from functools import lru_cache

from orgo.lib.text import clean_text

# Labels that mail really has, and what is meant by them.
_MEANT_BY = {
    "utf-8": "us-ascii ascii ansi_x3.4-1968 unknown-8bit 8bit binary default x-unknown unknown utf8 utf-8mb4",
    "cp1252": "iso-8859-1 latin1 latin-1 iso8859-1 iso_8859-1 x-windows-1252 ansi",
    "iso-8859-8": "iso-8859-8-i iso-8859-8-e",
    "cp1254": "iso-8859-9",
    "gb18030": "gb2312 gbk x-gbk",
    "cp949": "ks_c_5601-1987 ks_c_5601 euc-kr",
    "cp932": "x-sjis shift_jis shift-jis sjis windows-31j",
    "mac_roman": "x-mac-roman macintosh",
    "euc_jp": "x-euc-jp",
    "iso2022_jp_ext": "iso-2022-jp",
    "cp874": "windows-874 tis-620",
    "utf-7": "unicode-1-1-utf-7",
    "cp850": "cp-850",
    "big5hkscs": "big5",
}
_MEANT = {"": "utf-8"} | {label: name for name, labels in _MEANT_BY.items() for label in labels.split()}
_WINDOWS = re.compile(r"(?:x-)?(?:windows|cp|win|ms)[-_]?(\d{3,5})\Z")
_NO_TEXT = (
    "base64",
    "hex",
    "quopri",
    "uu",
    "zip",
    "bz2",
    "rot",
    "idna",
    "punycode",
    "unicode_escape",
    "raw_unicode_escape",
    "undefined",
)


# Charsets whose bytes may well be valid UTF-8 and mean something else; for all others valid UTF-8 is UTF-8.
_OWN_BYTES = (
    "utf_16",
    "utf-16",
    "utf_32",
    "utf-32",
    "utf-7",
    "utf_7",
    "iso2022",
    "hz",
    "big5",
    "gb",
    "euc",
    "cp9",
    "shift",
    "johab",
)


@lru_cache(512)
def codec(label: str) -> str | None:
    """The name of the Python codec that a charset label means, or None where there is none."""
    word = label.strip().strip("\"'").lower().replace(" ", "")
    word = _MEANT.get(word, word)
    windows = _WINDOWS.match(word)
    name = f"cp{windows[1]}" if windows else word
    try:
        found = codecs.lookup(name).name
    except (LookupError, ValueError):
        return None
    return None if found.startswith(_NO_TEXT) else found


def decode(data: bytes, label: str) -> tuple[str, bool]:
    """The text of `data`, and whether its label told the truth.

    UTF-8 is tried first where the bytes are valid UTF-8 and not ASCII: hardly any other text happens to be that.
    """
    name = codec(label)
    if not data:
        return "", True
    if name is None or not name.startswith(_OWN_BYTES):
        try:
            return clean_text(data.decode("utf-8")), name is not None
        except UnicodeDecodeError:
            pass
    if name is not None:
        try:
            return clean_text(data.decode(name)), True
        except (UnicodeDecodeError, UnicodeError):
            pass
    return clean_text(guess(data, name)), False


def guess(data: bytes, label: str | None = None) -> str:
    """The text of bytes whose label is wrong: UTF-8 with few faults, else what they look like, else Windows' Latin."""
    replaced = data.decode("utf-8", "replace")
    if replaced.count("\ufffd") * 20 < len(replaced) and any(
        ord(c) > 127 and c != "\ufffd" for c in replaced[:20_000]
    ):
        return replaced
    if label is not None and not label.startswith(("utf", "cp1252", "ascii")):
        return data.decode(label, "replace")
    if sum(byte > 127 for byte in data[:4000]) > len(data[:4000]) / 5:
        import charset_normalizer

        best = charset_normalizer.from_bytes(data[:20_000]).best()
        if best is not None:
            return data.decode(best.encoding, "replace")
    return data.decode("cp1252", "replace")
