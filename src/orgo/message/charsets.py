"""Bytes become text, whatever their label says (pure)."""

import codecs
import re
from functools import lru_cache

from orgo.lib.text import clean_text, unix_lines

# Labels that mail really has, and what is meant by them.
_MEANT = {
    "": "utf-8", "us-ascii": "utf-8", "ascii": "utf-8", "ansi_x3.4-1968": "utf-8", "unknown-8bit": "utf-8", "8bit": "utf-8",
    "7bit": "utf-8", "binary": "utf-8", "default": "utf-8", "x-unknown": "utf-8", "unknown": "utf-8", "none": "utf-8",
    "utf8": "utf-8", "utf-8mb4": "utf-8", "utf8mb4": "utf-8",
    "iso-8859-1": "cp1252", "latin1": "cp1252", "latin-1": "cp1252", "iso8859-1": "cp1252", "iso_8859-1": "cp1252",
    "iso-8859-8-i": "iso-8859-8", "iso-8859-8-e": "iso-8859-8", "iso-8859-6-i": "iso-8859-6", "iso-8859-9": "cp1254",
    "gb2312": "gb18030", "gbk": "gb18030", "x-gbk": "gb18030", "cp936": "gb18030", "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949", "euc-kr": "cp949", "x-sjis": "cp932", "shift_jis": "cp932", "shift-jis": "cp932", "sjis": "cp932",
    "windows-31j": "cp932", "x-mac-roman": "mac_roman", "macintosh": "mac_roman", "x-mac-cyrillic": "mac_cyrillic",
    "x-euc-jp": "euc_jp", "iso-2022-jp": "iso2022_jp_ext", "windows-874": "cp874", "tis-620": "cp874",
    "unicode-1-1-utf-7": "utf-7", "ansi": "cp1252", "big5": "big5hkscs", "visual": "iso-8859-8",
}  # fmt: skip
_WINDOWS = re.compile(r"(?:x-)?(?:windows|win|cp|ms|ibm)[-_]?(\d{3,5})")
# Codecs of Python's that make no text of bytes, or run code-like escapes.
_NO_TEXT = (
    "base64",
    "hex",
    "quopri",
    "uu",
    "zlib",
    "zip",
    "bz2",
    "rot",
    "idna",
    "punycode",
    "unicode",
    "raw_unicode",
    "undef",
)
# In these a byte of UTF-8 may be half of another letter; under the other labels, text that is valid UTF-8 is UTF-8.
_OF_SEVERAL_BYTES = ("utf", "big5", "gb", "euc", "cp932", "cp949", "shift", "johab", "hz", "iso2022")
_ASCII = bytes(range(128))
_CONTROLS = bytes((*range(9), 11, 12, *range(14, 32), 127))
_GUESSED_FROM = 20_000
# A few words say too little: a subject of eight Latin letters is also four Chinese ones.
_SHORT = 60
_WITH_NULS = ["utf_16", "utf_16_le", "utf_16_be", "utf_32", "utf_32_le", "utf_32_be"]


@lru_cache(512)
def codec(label: str) -> tuple[str | None, tuple[str, ...]]:
    """The name of the Python codec that a charset label means, None where there is none, and those to be tried in turn."""
    name = _codec(label)
    if name is not None and name.startswith(_OF_SEVERAL_BYTES):
        return name, (name,)
    return name, ("utf-8", name or "ascii")


def _codec(label: str) -> str | None:
    word = label.strip(" \t\"';").lower().replace(" ", "")
    word = _MEANT.get(word, word)
    windows = _WINDOWS.fullmatch(word)
    try:
        found = codecs.lookup(f"cp{windows[1]}" if windows else word).name
    except (LookupError, ValueError):
        return None
    return None if found.startswith(_NO_TEXT) else found


def decode(data: bytes, label: str) -> tuple[str, bool]:
    """The clean text of `data`, and whether its label told the truth."""
    name, candidates = codec(label)
    if name in (None, "utf-8") and b"\x1b" in data and b"\x1b$" in data:
        name, candidates = codec("iso-2022-jp")
    for candidate in candidates:
        try:
            text = data.decode(candidate)
        except UnicodeError:
            continue
        return _clean(text, data, candidate), candidate == name or data.isascii()
    return clean_text(guess(data, name)), False


def _clean(text: str, data: bytes, name: str | None) -> str:
    """The text without controls, which most bytes have none of (looking for them in the bytes costs least)."""
    if name in ("utf-8", "cp1252") and len(data.translate(None, _CONTROLS)) == len(data):
        return unix_lines(text)
    return clean_text(text)


def guess(data: bytes, name: str | None = None) -> str:
    """The text of bytes whose label is wrong: UTF-8 with few faults, the label's own with faults, else what they look like."""
    sample = data[:_GUESSED_FROM]
    high = len(sample.translate(None, _ASCII))
    replaced = sample.decode("utf-8", "replace")
    faults = replaced.count("\ufffd")
    if not high or faults * 5 < len(replaced) - len(replaced.encode("ascii", "ignore")):
        return data.decode("utf-8", "replace")
    if name is not None and not name.startswith(("utf-8", "cp1252", "ascii")):
        return data.decode(name, "replace")
    if high * 5 > len(sample) * (3 if len(sample) < _SHORT else 1):
        import charset_normalizer

        best = charset_normalizer.from_bytes(sample, cp_exclusion=[] if 0 in sample else _WITH_NULS).best()
        if best is not None:
            return data.decode(best.encoding, "replace")
    return data.decode("cp1252", "replace")
