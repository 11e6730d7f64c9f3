"""Which parts of a mail are its body, and which are attached (pure)."""

from collections.abc import Sequence

import msgspec

from orgo.lib.text import clean_name
from orgo.message.charsets import decode
from orgo.message.invitation import words_of
from orgo.message.limits import LimitPassed, check_attachments
from orgo.message.mime import read
from orgo.message.model import Attachment
from orgo.message.names import file_name, safe_name
from orgo.message.part import Part
from orgo.message.tnef import is_tnef, unpack
from orgo.message.words import header_text

# The index of a file that is packed in a part: that of the part, and this for each file.
WITHIN = 10_000
# Formatted text that is shown as it stands where there is no better.
_READABLE = (
    "text/enriched",
    "text/richtext",
    "text/markdown",
    "text/x-markdown",
    "text/x-plain",
    "text/unknown",
)


class Body(msgspec.Struct):
    """What the parts come to."""

    texts: list[str] = []
    htmls: list[str] = []
    attachments: list[Attachment] = []
    warnings: list[str] = []


def text_of(part: Part) -> tuple[str, bool]:
    """The text of a text part, and whether its charset told the truth."""
    charset = part.parameters.get("charset", "")
    return decode(part.content, charset.split()[0] if charset.strip() else "")


def read_body(root: Part, leaves: list[Part]) -> Body:
    """The texts and attachments of a mail with these leaves: attached is what has a file name, says so, or is no text.

    Raises LimitPassed where there are too many attachments.
    """
    body = Body()
    for index, part in enumerate(leaves):
        name = file_name(part.headers)
        attached = bool(name) or part.disposition == "attachment"
        if part.kind in ("text/plain", "text/html") and (part is root or not attached):
            _add_text(part, body)
        else:
            attached = part is not root or not part.kind.startswith("multipart/")
        if attached and is_tnef(part.kind, name):
            _add_packed(part, name, index, body)
        elif attached:
            body.attachments.append(_attachment(part, name, index, body.warnings))
        check_attachments(len(body.attachments))
    if not body.texts and not body.htmls:
        _add_second_choice(root, leaves, body)
    return body


def _add_packed(part: Part, name: str, index: int, body: Body) -> None:
    """What Outlook packed into winmail.dat, in its place; one that can't be unpacked is kept as a file."""
    found = unpack(part.content)
    if found is None:
        body.warnings.append(f"{safe_name(name) or 'winmail.dat'} can't be unpacked")
        body.attachments.append(_attachment(part, name, index, body.warnings))
        return
    if not body.texts and not body.htmls:
        body.texts += [found.text] if found.text else []
        body.htmls += [found.html] if found.html else []
    for number, file in enumerate(found.files, 1):
        place = index + number * WITHIN
        body.attachments.append(
            Attachment(
                filename=safe_name(file.name), content_type=file.kind, size=len(file.data), index=place
            )
        )


def lasting(part: Part) -> bytes:
    """The content without what servers change on the way: how it is encoded, line ends, and blanks at the end."""
    return part.content.replace(b"\r", b"").strip() if part.kind.startswith("text/") else part.content


def _add_text(part: Part, body: Body) -> None:
    text, honest = text_of(part)
    if not honest:
        body.warnings.append("a charset that is not the text's own")
    (body.htmls if part.kind == "text/html" else body.texts).append(text)


def _add_second_choice(root: Part, leaves: list[Part], body: Body) -> None:
    """Where there is no body: a text that has a file's name (MMS gateways call it text_0.txt), formatted text as it stands,
    or the text of a mail that is nothing but a mail.
    """
    named = (part for part in leaves if part.kind == "text/plain" and part.disposition != "attachment")
    if first := next(named, None):
        _add_text(first, body)
        return
    for part in leaves:
        if part.kind in _READABLE or part.kind.startswith(
            "multipart/"
        ):  # without its boundary a text with odd lines
            body.texts.append(text_of(part)[0])
        elif part.kind == "message/rfc822" and (part is root or part.default == "message/rfc822"):
            inner = [leaf for child in part.children for leaf in child.leaves()]
            body.texts += [text_of(leaf)[0] for leaf in inner if leaf.kind == "text/plain"]
            body.htmls += [text_of(leaf)[0] for leaf in inner if leaf.kind == "text/html"]
        elif part.kind == "text/calendar":
            body.texts += [words] if (words := words_of(part.content)) else []


def _attachment(part: Part, name: str, index: int, warnings: list[str]) -> Attachment:
    filename = safe_name(name) or _own_name(part)
    size = len(part.content)
    if part.damaged:
        warnings.append(f"the attachment {filename or index + 1} is damaged")
    content_id = part.header("content-id").strip().strip("<>")
    return Attachment(
        filename=filename,
        content_type=part.kind,
        size=size,
        index=index,
        inline=part.disposition == "inline" or (bool(content_id) and part.disposition != "attachment"),
        content_id=clean_name(content_id)[:200],
        damaged=part.damaged,
    )


def _own_name(part: Part) -> str:
    """What a mail or an invitation within the mail is called where nobody named it: by its subject, or by what it asks."""
    if part.kind == "message/rfc822" and part.children:
        subject = header_text(part.children[0].header("subject"))
        words = " ".join(subject.replace("/", " ").replace("\\", " ").split())  # no folders
        return f"{safe_name(words)[:100]}.eml" if words else ""
    method = part.parameters.get("method", "")
    return safe_name(f"{method.lower()[:40]}.ics") if part.kind == "text/calendar" and method else ""


def attachment_content(raw: bytes, index: int) -> bytes:
    """The content of the part with this index, read out of the raw mail. Raises IndexError when there is none."""
    return content_of(leaves_of(raw), index)


def leaves_of(raw: bytes) -> list[Part]:
    """The parts that hold something, read once for all who ask. Raises IndexError where the mail is not read."""
    try:
        return list(read(raw).leaves())
    except LimitPassed as passed:
        raise IndexError(f"the mail is not read: {passed.name}") from passed


def content_of(leaves: Sequence[Part], index: int) -> bytes:
    """The content of the part with this index, or of the file in it. Raises IndexError when there is none."""
    content = leaves[index % WITHIN].content
    if index < WITHIN:
        return content
    found = unpack(content)
    if found is None:
        raise IndexError(f"nothing is packed at {index}")
    return found.files[index // WITHIN - 1].data
