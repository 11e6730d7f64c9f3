"""Bytes become text, whatever their label says (pure)."""

import codecs
import re
from functools import lru_cache

from orgo.lib.text import clean_text

# Labels that mail really has, and what is meant by them.
_MEANT = {
    "": "utf-8", "us-ascii": "utf-8", "ascii": "utf-8", "ansi_x3.4-1968": "utf-8", "unknown-8bit": "utf-8", "8bit": "utf-8",
    "binary": "utf-8", "default": "utf-8", "x-unknown": "utf-8", "unknown": "utf-8", "utf8": "utf-8", "utf-8mb4": "utf-8",
    "iso-8859-1": "cp1252", "latin1": "cp1252", "latin-1": "cp1252", "iso8859-1": "cp1252", "iso_8859-1": "cp1252",
    "iso-8859-8-i": "iso-8859-8", "iso-8859-8-e": "iso-8859-8", "iso-8859-9": "cp1254", "gb2312": "gb18030", "gbk": "gb18030",
    "x-gbk": "gb18030", "ks_c_5601-1987": "cp949", "ks_c_5601": "cp949", "euc-kr": "cp949", "x-sjis": "cp932", "shift_jis": "cp932",
    "shift-jis": "cp932", "sjis": "cp932", "windows-31j": "cp932", "x-mac-roman": "mac_roman", "macintosh": "mac_roman",
    "x-euc-jp": "euc_jp", "iso-2022-jp": "iso2022_jp_ext", "windows-874": "cp874", "tis-620": "cp874", "unicode-1-1-utf-7": "utf-7",
    "x-windows-1252": "cp1252", "ansi": "cp1252", "cp-850": "cp850", "big5": "big5hkscs",
}  # fmt: skip
_WINDOWS = re.compile(r"(?:x-)?(?:windows|cp|win|ms)[-_]?(\d{3,5})\Z")
_NO_TEXT = ("base64", "hex", "quopri", "uu", "zip", "bz2", "rot", "idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined")


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
    if name in (None, "utf-8", "cp1252", "ascii") or not name.startswith(("utf", "iso2022", "hz")):
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            pass
        else:
            if name in (None, "utf-8", "ascii") or not text.isascii() or data.isascii():
                if name is None or name == "utf-8" or text.isascii() or _says_utf8(data, name):
                    return clean_text(text), name is not None
    if name is not None:
        try:
            return clean_text(data.decode(name)), True
        except (UnicodeDecodeError, UnicodeError):
            pass
    return clean_text(guess(data, name)), False


def _says_utf8(data: bytes, name: str) -> bool:
    """Whether bytes labelled with a one-byte charset are UTF-8 after all (never so for those of several bytes)."""
    return not name.startswith(("big5", "gb", "euc", "cp9", "shift", "johab", "hz"))


def guess(data: bytes, label: str | None = None) -> str:
    """The text of bytes whose label is wrong: UTF-8 with few faults, else what they look like, else Windows' Latin."""
    replaced = data.decode("utf-8", "replace")
    if replaced.count("\ufffd") * 20 < len(replaced) and any(ord(c) > 127 and c != "\ufffd" for c in replaced[:20_000]):
        return replaced
    if label is not None and not label.startswith(("utf", "cp1252", "ascii")):
        return data.decode(label, "replace")
    if sum(byte > 127 for byte in data[:4000]) > len(data[:4000]) / 5:
        import charset_normalizer

        best = charset_normalizer.from_bytes(data[:20_000]).best()
        if best is not None:
            return data.decode(best.encoding, "replace")
    return data.decode("cp1252", "replace")
