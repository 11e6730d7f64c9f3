"""A parcel as the JSON that a webhook gets, and its signature (pure). The form is told in docs/operator/webhooks.md."""

import hmac
import json
import re
from typing import Literal

from orgo.delivery.ports import Parcel
from orgo.lib.text import clip, is_within

Form = Literal["orgo", "chat"]
LONGEST_CHAT = 3_500
# What makes a chat ring for everybody; a zero-width space after the @ leaves it readable.
_EVERYBODY = re.compile(r"@(?=(?:all|channel|everyone|here)\b)", re.IGNORECASE)
# What a chat makes a link of: an address, and Markdown's [label](address).
_LINK = re.compile(r"(https?:)(//[^\s<>\"]*)|\b(www)(\.)|(\])(\()", re.IGNORECASE)


def body_of(parcel: Parcel, form: Form) -> bytes:
    """The bytes to send: the same for each try. `parcel.headers` are the facts of the letter (reference, link ..)."""
    value = {"text": _said(parcel)} if form == "chat" else _fields(parcel)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def _fields(parcel: Parcel) -> dict[str, object]:
    return {
        **parcel.headers,
        "version": 1,
        "id": parcel.message_id.strip("<>"),
        "date": parcel.date.isoformat(),
        "subject": parcel.subject,
        "text": parcel.text,
    }


def _said(parcel: Parcel) -> str:
    """Subject and text for people. `<..>` is escaped, for chats read commands in it, and nobody rings all by mail.

    Only links to our own pages can be clicked on: who wrote the others is a stranger (design/security.md S13).
    """
    text = clip(f"{parcel.subject}\n\n{parcel.text.strip()}", LONGEST_CHAT)
    home = parcel.headers.get("link", "").partition("/tasks/")[0]
    text = _LINK.sub(lambda found: found[0] if is_within(found[0], home) else _broken(found), text)
    for sign, name in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(sign, name)
    return _EVERYBODY.sub("@\u200b", text)


def _broken(link: re.Match[str]) -> str:
    """A link that is none any more, and reads the same."""
    first, *more = filter(None, link.groups())
    return "\u200b".join([first, *more])


def signature(secret: str, timestamp: int, body: bytes) -> str:
    """The value of Orgo-Signature: HMAC-SHA256 over the timestamp's digits, a full stop, and the body, in hex."""
    signed = f"{timestamp}.".encode() + body
    return "v1=" + hmac.new(secret.encode(), signed, "sha256").hexdigest()
