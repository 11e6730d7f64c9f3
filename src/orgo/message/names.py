"""File names of attachments: read however they are written, made safe to show and to offer (S19, S21; pure)."""

import re
import unicodedata
from urllib.parse import unquote_to_bytes

from orgo.lib.text import clean_name, clip
from orgo.message.charsets import decode
from orgo.message.words import decode_words

_DEVICE = re.compile(r"(?i)(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)")
_FORBIDDEN = re.compile(r'[/\\:*?"<>|\x00-\x1f]')
_PARAMETER = re.compile(r";\s*([^\s=;\"]{1,60})\s*=\s*(\"(?:[^\"\\]|\\.)*\"?|[^;]*)", re.DOTALL)


def parameters(header: str) -> dict[str, str]:
    """The parameters of a Content-Type or Content-Disposition, RFC 2231's continuations and charsets put together."""
    plain: dict[str, str] = {}
    if ";" not in header:
        return plain
    pieces: dict[str, dict[int, tuple[bool, str]]] = {}
    for found in _PARAMETER.finditer(header[:70_000]):
        name, value = found[1].lower(), _unquoted(found[2].strip())
        base, star, rest = name.partition("*")
        if not star:
            plain.setdefault(name, value)
            continue
        number, coded, _ = rest.partition("*") if rest else ("0", "*", "")
        is_coded = bool(coded) or name.endswith("*")
        if number.isdigit() and int(number) < 100:
            pieces.setdefault(base, {}).setdefault(int(number), (is_coded, value))
    for base, numbered in pieces.items():
        text = _joined(numbered)
        if text:
            plain[base] = text
    return plain


def _unquoted(value: str) -> str:
    if value.startswith('"'):
        return re.sub(r"\\(.)", r"\1", value[1:].removesuffix('"'))
    return value


def _joined(numbered: dict[int, tuple[bool, str]]) -> str:
    """RFC 2231 section 3 and 4: pieces in their order up to the first gap; a coded first piece names the charset."""
    charset, data, number = "", b"", 0
    while number in numbered:
        coded, value = numbered[number]
        if coded and number == 0 and value.count("'") >= 2:
            charset, _, value = value.split("'", 2)
        data += unquote_to_bytes(value) if coded else value.encode("utf-8", "surrogateescape")
        number += 1
    return decode(data, charset or "utf-8")[0]


def file_name(headers: dict[str, list[str]]) -> str:
    """The name that a part gives itself in its headers, "" where it gives none."""
    for header, key in (("content-disposition", "filename"), ("content-type", "name")):
        if header not in headers or "name" not in headers[header][0].lower():
            continue
        found = parameters(headers[header][0]).get(key, "")
        if found:
            return decode_words(found) if "=?" in found else found
    return ""


def safe_name(name: str) -> str:
    """The name without a path, controls and what hides or reverses letters; never a device's, at most 120 characters.

    Normalised first and checked afterwards, on what will be used (CVE-2024-34078, CVE-2026-28289).
    """
    text = clean_name(unicodedata.normalize("NFC", name))
    text = _FORBIDDEN.sub("_", re.split(r"[/\\]", text)[-1]).strip().strip(".").strip()
    if _DEVICE.match(text):
        text = f"_{text}"
    if len(text) > 120:
        stem, dot, ending = text.rpartition(".")
        text = f"{clip(stem, 110)}{dot}{ending}" if dot and len(ending) < 9 else clip(text, 120)
    return text
