"""winmail.dat ([MS-OXTNEF]): what Outlook packed for another Outlook, unpacked (pure; bounded by the parser's process)."""

import mimetypes
import struct
from functools import lru_cache

import msgspec

from orgo.lib.rtf import text_of_rtf
from orgo.lib.text import clean_text

SIGNATURE = b"\x78\x9f\x3e\x22"
KINDS = ("application/ms-tnef", "application/vnd.ms-tnef")
MOST = 100
MOST_ATTRIBUTES = 2_000
LARGEST = 50_000_000
_ATTRIBUTE = struct.Struct("<BII")
_LEVELS = (1, 2)


class Packed(msgspec.Struct, frozen=True):
    """A file within: its name, a guess at its type, its bytes."""

    name: str
    kind: str
    data: bytes


class Tnef(msgspec.Struct, frozen=True):
    """What was packed: files, and the mail's text where it has one here."""

    files: list[Packed]
    text: str = ""
    html: str = ""


def is_tnef(kind: str, name: str) -> bool:
    """Whether a part of this type and file name is one of these."""
    return kind in KINDS or name.lower() == "winmail.dat"


@lru_cache(2)
def unpack(data: bytes) -> Tnef | None:
    """What is packed in these bytes; None where they are damaged, or none of these (then the file is kept as it is)."""
    if not data.startswith(SIGNATURE) or len(data) > LARGEST or not _is_whole(data):
        return None
    from tnefparse import TNEF

    try:
        found = TNEF(data, do_checksum=False)
        if len(found.attachments) > MOST:
            return None
        files = [_file(one) for one in found.attachments]
        return Tnef(
            files, _text(found.body) or text_of_rtf(bytes(found.rtfbody or b"")), _text(found.htmlbody)
        )
    except Exception:  # whatever a stranger's bytes do to the library
        return None


def _is_whole(data: bytes) -> bool:
    """Whether no attribute is cut off or has another checksum (section 2.1.3.1): the library would give what is left as whole.

    A few bytes behind the last one that begin no attribute are borne, as other readers do.
    """
    at, count = 6, 0
    while at < len(data) and data[at] in _LEVELS:
        if count == MOST_ATTRIBUTES or at + _ATTRIBUTE.size > len(data):
            return False
        end = at + _ATTRIBUTE.size + _ATTRIBUTE.unpack_from(data, at)[2]
        if data[end : end + 2] != struct.pack("<H", sum(data[at + _ATTRIBUTE.size : end]) & 0xFFFF):
            return False
        at, count = end + 2, count + 1
    return count > 0 and len(data[at:].strip(b"\0\r\n ")) <= _ATTRIBUTE.size


def _file(attached: object) -> Packed:
    name = str(attached.long_filename() or getattr(attached, "name", "") or "")  # type: ignore[attr-defined]
    data = bytes(attached.data or b"")  # type: ignore[attr-defined]
    return Packed(name, mimetypes.guess_type(name)[0] or "application/octet-stream", data)


def _text(value: object) -> str:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value or "")
    return clean_text(text.rstrip("\0"))
