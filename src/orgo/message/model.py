"""A mail as a typed value (pure). Everything here can be sent from the parser's process by msgpack."""

from datetime import datetime
from typing import Literal

import msgspec


class Address(msgspec.Struct, frozen=True):
    """A mailbox: the name as it is shown ("" where there is none) and the address."""

    name: str
    address: str


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """A part that is no body. `filename` is safe to show and to offer; `index` finds the content again in the raw mail."""

    filename: str
    content_type: str
    size: int
    index: int
    inline: bool = False
    content_id: str = ""
    damaged: bool = False


class File(msgspec.Struct, frozen=True):
    """An attachment to be handed out: its name, safe as `Attachment.filename` is ("" where it has none), and its bytes."""

    name: str
    data: bytes


class BounceRecipient(msgspec.Struct, frozen=True):
    """For whom a mail could not be delivered, and what was said (RFC 3464 section 2.3)."""

    address: str
    action: Literal["failed", "delayed", "delivered", "relayed", "expanded"] = "failed"
    status: str = ""
    diagnostic: str = ""


class Bounce(msgspec.Struct, frozen=True):
    """A report on a mail of ours. `kind`: dsn (RFC 3464), text (unstructured), feedback (RFC 5965)."""

    kind: Literal["dsn", "text", "feedback"]
    recipients: list[BounceRecipient] = []
    original_message_id: str = ""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What a mail says. Texts are decoded and clean; what is odd stands in `warnings`.

    `trusted`: there is exactly one sender and nothing is wrong with how it is written (design/security.md S05).
    `attached_sender` wrote the one mail that is attached to this one and passed on by it. `loop_marks` are of the Orgos
    that it has passed, `spam_score` is what filters wrote into its headers. `limit` names the limit that
    was passed: then nothing but some headers was read. `trace` are the Received and Authentication-Results as
    (name in lower case, text as it is written), the topmost first.
    """

    message_id: str = ""
    sender: Address | None = None
    trusted: bool = False
    from_all: list[Address] = []
    to: list[Address] = []
    cc: list[Address] = []
    reply_to: list[Address] = []
    subject: str = ""
    date: datetime | None = None
    headers: list[tuple[str, str]] = []
    text: str = ""
    html: str = ""
    attachments: list[Attachment] = []
    attached_sender: Address | None = None
    in_reply_to: str = ""
    references: list[str] = []
    is_auto_reply: bool = False
    is_auto_generated: bool = False
    is_bounce: bool = False
    bounce: Bounce | None = None
    is_list: bool = False
    list_id: str = ""
    is_bulk: bool = False
    loop_marks: list[str] = []
    spam_score: float | None = None
    is_encrypted: bool = False
    language: str = ""
    trace: list[tuple[str, str]] = []
    received_count: int = 0
    content_key: str = ""
    words_key: str = ""
    warnings: list[str] = []
    limit: str | None = None

    def header(self, name: str) -> str:
        """The first value of a header, "" where it has none."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")
