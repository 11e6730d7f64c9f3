"""Stage 2, bytes become a typed Message: headers, addresses, bodies, attachments, who really wrote it (pure)."""

from collections.abc import Iterable
from typing import Any

from orgo.message.forwarded import forwarded_from
from orgo.message.model import Address, Attachment, Bounce, BounceRecipient, Message
from orgo.message.parse import parse
from orgo.message.parts import attachment_content
from orgo.message.reply import reply_text as _cut_reply

__all__ = [
    "Address",
    "Attachment",
    "Bounce",
    "BounceRecipient",
    "Message",
    "as_json",
    "attachment_content",
    "body_text",
    "content_key",
    "forwarded_from",
    "noted",
    "parse",
    "reply_text",
]

TWO_TALES = "its text and its HTML say different things"


def body_text(message: Message) -> str:
    """The text of a mail: its text part, else the text of its HTML."""
    if message.text.strip() or not message.html:
        return message.text
    from orgo.message.html import html_to_text

    return html_to_text(message.html)


def reply_text(message: Message | str) -> str:
    """The reply's own words, without the quoted mail and the signature."""
    return _cut_reply(message if isinstance(message, str) else body_text(message))


def noted(message: Message) -> list[str]:
    """What is odd about a mail, for who reads it: what the parser saw, and whether its text and its HTML differ."""
    if not message.text.strip() or not message.html or message.limit:
        return list(message.warnings)
    from orgo.message.differing import differ

    return [*message.warnings, *([TWO_TALES] if differ(message.text, message.html) else [])]


def content_key(message: Message) -> str | None:
    """The hash by which the same mail is known by whatever way it came; None without a Message-ID and a Date."""
    return message.content_key or None


def as_json(message: Message, keywords: Iterable[str] = ()) -> dict[str, Any]:
    """The message as `orgo mail parse --json` prints it (DESIGN.md section 9)."""
    sender = message.sender
    bounce = message.bounce
    return {
        "message_id": message.message_id,
        "from": {
            "name": sender.name if sender else "",
            "address": sender.address if sender else "",
            "trusted": message.trusted,
        },
        "to": [address.address for address in message.to],
        "cc": [address.address for address in message.cc],
        "reply_to": [address.address for address in message.reply_to],
        "subject": message.subject,
        "date": message.date.isoformat() if message.date else None,
        "text": body_text(message),
        "html": message.html,
        "reply_text": reply_text(message),
        "keywords": list(keywords),
        "attachments": [
            {"filename": a.filename, "content_type": a.content_type, "size": a.size, "inline": a.inline}
            for a in message.attachments
        ],
        "is_auto_reply": message.is_auto_reply,
        "is_bounce": message.is_bounce,
        "bounce": {
            "recipients": [
                {"address": r.address, "action": r.action, "status": r.status} for r in bounce.recipients
            ]
        }
        if bounce
        else None,
        "is_list": message.is_list,
        "in_reply_to": message.in_reply_to,
        "references": message.references,
        "warnings": noted(message),
    }
