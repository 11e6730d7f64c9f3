"""What the rules may look at: a mail as fields, and how it came (pure)."""

from collections.abc import Iterable
from datetime import date, datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from orgo.lib.text import fold

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class Facts:
    """One mail as the rules see it. Every argument is a field of the language; those not given are empty.

    `date`, `hour` and `weekday` are those of `received_at` in `zone` (an IANA name), never those of the Date header.
    Folded forms (without case and accents) are made once, when they are asked for.
    """

    def __init__(
        self,
        *,
        subject: str = "",
        body: str = "",
        sender: Iterable[str] = (),
        to: Iterable[str] = (),
        cc: Iterable[str] = (),
        recipients: Iterable[str] = (),
        reply_to: Iterable[str] = (),
        received_at: datetime | None = None,
        zone: str = "UTC",
        attachment_names: Iterable[str] = (),
        attachment_types: Iterable[str] = (),
        size: int = 0,
        headers: Iterable[tuple[str, str]] = (),
        list_id: str = "",
        language: str = "",
        organization: str = "",
        mailbox: str = "",
        spam_score: float | None = None,
        spf: str = "",
        dkim: str = "",
        dmarc: str = "",
        is_reply: bool = False,
        is_bounce: bool = False,
        is_auto_reply: bool = False,
    ) -> None:
        local = received_at.astimezone(ZoneInfo(zone)) if received_at else None
        self.local = local
        self.headers = tuple(headers)
        self.flags = {
            "has_attachment": bool(tuple(attachment_names)),
            "is_reply": is_reply,
            "is_bounce": is_bounce,
            "is_auto_reply": is_auto_reply,
        }
        self.numbers: dict[str, float | None] = {
            "size": size,
            "hour": local.hour if local else None,
            "spam_score": spam_score,
            "attachments": len(tuple(attachment_names)),
        }
        self.date: date | None = local.date() if local else None
        self.texts: dict[str, tuple[str, ...]] = {
            "subject": (subject,),
            "body": (body,),
            "text": (subject, body),
            "from": tuple(sender),
            "to": tuple(to),
            "cc": tuple(cc),
            "recipients": tuple(recipients),
            "reply_to": tuple(reply_to),
            "attachments": tuple(attachment_names),
            "attachment_names": tuple(attachment_names),
            "attachment_types": tuple(attachment_types),
            "list_id": (list_id,),
            "language": (language,),
            "organization": (organization,),
            "mailbox": (mailbox,),
            "weekday": (WEEKDAYS[local.weekday()],) if local else (),
            "auth.spf": (spf,),
            "auth.dkim": (dkim,),
            "auth.dmarc": (dmarc,),
        }
        self.keywords: tuple[str, ...] = ()
        self._folded: dict[str, tuple[str, ...]] = {}

    def folded(self, field: str) -> tuple[str, ...]:
        """The texts of a field (a name of the language, or "header:x-name"), folded."""
        found = self._folded.get(field)
        if found is None:
            found = self._folded[field] = self._fold(field)
        return found

    def raw(self, field: str) -> tuple[str, ...]:
        """The texts of a field as they are."""
        if field == "keywords":
            return self.keywords
        if field.startswith("header:"):
            name = field.removeprefix("header:")
            return tuple(value for key, value in self.headers if key.lower() == name)
        return self.texts.get(field, ())

    def _fold(self, field: str) -> tuple[str, ...]:
        if field == "text":
            return (*self.folded("subject"), *self.folded("body"))
        return tuple(fold(text) for text in self.raw(field))

    @cached_property
    def searched(self) -> str:
        """The folded texts in which most conditions look, as one text for the automaton."""
        return "\n".join((*self.folded("subject"), *self.folded("body"), *self.folded("from")))


def facts_of(message: Any, *, recipients: Iterable[str] = (), **more: Any) -> Facts:
    """The facts of a parsed message (any object with the attributes of message.Message).

    `more` is what the message does not know: received_at, zone, organization, mailbox, size, dmarc ..
    """
    sender = message.sender
    more.setdefault("body", message.text)
    return Facts(
        subject=message.subject,
        sender=_people([sender] if sender else []),
        to=_people(message.to),
        cc=_people(message.cc),
        recipients=recipients,
        reply_to=_people(message.reply_to),
        attachment_names=[a.filename for a in message.attachments if not a.inline],
        attachment_types=[a.content_type for a in message.attachments if not a.inline],
        headers=message.headers,
        list_id=message.list_id or "",
        language=message.language,
        is_reply=bool(message.in_reply_to or message.references),
        is_bounce=message.is_bounce,
        is_auto_reply=message.is_auto_reply,
        **more,
    )


def _people(addresses: Iterable[Any]) -> list[str]:
    """Address and, beside it, the name: `from is 'a@b'` means the address, `from contains 'Anna'` either."""
    return [text for address in addresses for text in (address.address, address.name) if text]
