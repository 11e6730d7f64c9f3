"""The parts of a mail: which are its body, which are attached (pure). Read by the stdlib's tolerant compat32 parser."""

import binascii
import email
import re
from email import policy
from email.message import Message as Part

import msgspec

from orgo.lib.text import clean_name
from orgo.message.charsets import decode
from orgo.message.model import Attachment
from orgo.message.names import file_name, parameters, safe_name

MOST_ATTACHMENTS = 300
_BODY = ("text/plain", "text/html")
_FOREIGN = re.compile(rb"[^A-Za-z0-9+/=\s]")


class Body(msgspec.Struct):
    """What the parts come to."""

    texts: list[str] = []
    htmls: list[str] = []
    attachments: list[Attachment] = []
    warnings: list[str] = []
    calendar: bool = False


def parse_tree(raw: bytes) -> Part:
    """The tree of parts; the compat32 parser takes any bytes."""
    return email.message_from_bytes(raw, policy=policy.compat32)


def leaves(root: Part) -> list[Part]:
    """The parts that hold something, in their order; a mail within the mail is one of them. Without recursion."""
    found: list[Part] = []
    stack = [root]
    while stack:
        part = stack.pop()
        payload = part.get_payload()
        if isinstance(payload, list) and kind_of(part).startswith("multipart/"):
            stack.extend(child for child in reversed(payload) if isinstance(child, Part))
        else:
            found.append(part)
    return found


def kind_of(part: Part) -> str:
    """The content type, lower case; text/plain where it says none that can be."""
    try:
        return part.get_content_type()
    except (ValueError, TypeError, AttributeError):
        return "text/plain"


def disposition_of(part: Part) -> str:
    """inline, attachment or ""."""
    return str(part.get("content-disposition") or "").partition(";")[0].strip().lower()


def content_of(part: Part) -> tuple[bytes, bool]:
    """The bytes of a part, its transfer encoding undone, and whether they were damaged."""
    payload = part.get_payload()
    if isinstance(payload, list):
        inner = [child.as_bytes(policy=policy.compat32) for child in payload if isinstance(child, Part)]
        return b"".join(inner), False
    encoding = str(part.get("content-transfer-encoding") or "").strip().strip('"').lower()
    if encoding == "base64":
        return _base64(str(payload or "").encode("ascii", "replace"))
    # Asked to decode, the parser gives the bytes as they came for what needs no decoding; else it would replace them.
    data = part.get_payload(decode=True)
    return (data, False) if isinstance(data, bytes) else (b"", True)


def _base64(raw: bytes) -> tuple[bytes, bool]:
    """Base64 as far as it can be read: foreign letters left out, a torn end filled up."""
    damaged = _FOREIGN.search(raw) is not None
    first, *more = re.split(rb"=+", re.sub(rb"[^A-Za-z0-9+/=]", b"", raw))
    # What follows the padding is junk, unless it is long: then several encoders' output was put together.
    data = _decoded(first) + b"".join(_decoded(letters) for letters in more if len(letters) >= 60)
    return data, damaged or len(first) % 4 == 1 or any(more)


def _decoded(letters: bytes) -> bytes:
    whole = letters[:-1] if len(letters) % 4 == 1 else letters
    return binascii.a2b_base64(whole + b"=" * (-len(whole) % 4))


def text_of(part: Part) -> tuple[str, bool]:
    """The text of a text part, and whether its charset told the truth."""
    data, _ = content_of(part)
    charset = parameters(";" + str(part.get("content-type") or "").partition(";")[2]).get("charset", "")
    return decode(data, charset)


def read_body(root: Part) -> Body:
    """Which parts are the body and which are attached."""
    body = Body()
    found = leaves(root)
    multipart = len(found) > 1 or kind_of(root).startswith("multipart/")
    for index, part in enumerate(found):
        kind, name = kind_of(part), file_name(part)
        body.calendar = body.calendar or kind == "text/calendar"
        if kind in _BODY and disposition_of(part) != "attachment" and not (name and multipart):
            text, honest = text_of(part)
            if not honest:
                body.warnings.append("a charset that is not the text's own")
            (body.texts if kind == "text/plain" else body.htmls).append(text)
        elif len(body.attachments) < MOST_ATTACHMENTS and not (
            kind.startswith("multipart/") and not multipart
        ):
            body.attachments.append(_attachment(part, kind, name, index, body.warnings))
        elif kind.startswith("multipart/"):
            body.texts.append(text_of(part)[0])
    return body


def _attachment(part: Part, kind: str, name: str, index: int, warnings: list[str]) -> Attachment:
    data, damaged = content_of(part)
    if damaged:
        warnings.append(f"the attachment {safe_name(name) or index + 1} is damaged")
    content_id = str(part.get("content-id") or "").strip().strip("<>")
    return Attachment(
        filename=safe_name(name),
        content_type=clean_name(kind)[:100],
        size=len(data),
        index=index,
        inline=bool(content_id) and disposition_of(part) != "attachment",
        content_id=clean_name(content_id)[:200],
        damaged=damaged,
    )


def attachment_content(raw: bytes, index: int) -> bytes:
    """The content of the part with this index, read out of the raw mail. Raises IndexError when there is none."""
    return content_of(leaves(parse_tree(raw))[index])[0]
