"""What the rules may look at: a mail as fields, and how it came (pure)."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from orgo.lib.text import fold

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
# Fields that hold people: addresses, and beside them the names that the mail gives them.
PEOPLE = frozenset({"from", "to", "cc", "recipients", "reply_to"})
# A mail's text is looked at as far as this, so that no mail can hold the others up.
LOOKED_AT = 200_000
# Patterns look less far: an unlucky one costs thousands of steps a letter.
PATTERNS_LOOK_AT = 20_000


@dataclass(kw_only=True, eq=False)
class Facts:
    """One mail as the rules see it. Every argument is a field of the language; those not given are empty.

    `sender`, `to` and the like hold addresses, and may hold names beside them. `date`, `hour` and `weekday` are those of
    `received_at` in `zone` (an IANA name), never those of the Date header. `keywords` are set by the rule set that
    decides. Folded forms (without case and accents) are made once, when they are asked for.
    """

    subject: str = ""
    body: str = ""
    sender: Sequence[str] = ()
    to: Sequence[str] = ()
    cc: Sequence[str] = ()
    recipients: Sequence[str] = ()
    reply_to: Sequence[str] = ()
    received_at: datetime | None = None
    zone: str = "UTC"
    attachment_names: Sequence[str] = ()
    attachment_types: Sequence[str] = ()
    size: int = 0
    headers: Sequence[tuple[str, str]] = ()
    list_id: str = ""
    language: str = ""
    organization: str = ""
    mailbox: str = ""
    spam_score: float | None = None
    spf: str = ""
    dkim: str = ""
    dmarc: str = ""
    is_reply: bool = False
    is_bounce: bool = False
    is_auto_reply: bool = False
    keywords: tuple[str, ...] = ()
    _folded: dict[str, tuple[str, ...]] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def local(self) -> datetime | None:
        """When the mail came, in `zone`."""
        return self.received_at.astimezone(ZoneInfo(self.zone)) if self.received_at else None

    @property
    def day(self) -> date | None:
        """The day on which the mail came."""
        return self.local.date() if self.local else None

    def number(self, name: str) -> float | None:
        """A field that counts; None where the mail does not have it. `time` is in minutes after midnight."""
        if name in ("hour", "time"):
            local = self.local
            return None if local is None else local.hour if name == "hour" else local.hour * 60 + local.minute
        if name == "attachments":
            return len(self.attachment_names)
        return self.size if name == "size" else self.spam_score

    def flag(self, name: str) -> bool:
        """A field that is true or not."""
        return bool(self.attachment_names) if name == "has_attachment" else bool(getattr(self, name))

    def raw(self, name: str) -> tuple[str, ...]:
        """The texts of a field (a name of the language, or "header:x-name") as they are."""
        if name.startswith("header:"):
            wanted = name.removeprefix("header:")
            return tuple(value for key, value in self.headers if key.lower() == wanted)
        return tuple(_TEXTS[name](self))

    def folded(self, name: str) -> tuple[str, ...]:
        """The texts of a field, folded."""
        found = self._folded.get(name)
        if found is None:
            found = self._folded[name] = self._fold(name)
        return found

    def _fold(self, name: str) -> tuple[str, ...]:
        if name == "text":
            return (*self.folded("subject"), *self.folded("body"))
        return tuple(fold(text) for text in self.raw(name))

    def forget_keywords(self, keywords: tuple[str, ...]) -> None:
        """Take over the keywords that a rule set found, in place of those of another."""
        self.keywords = keywords
        self._folded.pop("keywords", None)


_TEXTS: dict[str, Callable[[Facts], Iterable[str]]] = {
    "subject": lambda facts: (facts.subject,),
    "body": lambda facts: (facts.body[:LOOKED_AT],),
    "text": lambda facts: (facts.subject, facts.body[:LOOKED_AT]),
    "from": lambda facts: facts.sender,
    "to": lambda facts: facts.to,
    "cc": lambda facts: facts.cc,
    "recipients": lambda facts: facts.recipients,
    "reply_to": lambda facts: facts.reply_to,
    "keywords": lambda facts: facts.keywords,
    "attachments": lambda facts: facts.attachment_names,
    "attachment_names": lambda facts: facts.attachment_names,
    "attachment_types": lambda facts: facts.attachment_types,
    "list_id": lambda facts: (facts.list_id,),
    "language": lambda facts: (facts.language,),
    "organization": lambda facts: (facts.organization,),
    "mailbox": lambda facts: (facts.mailbox,),
    "weekday": lambda facts: (WEEKDAYS[facts.local.weekday()],) if facts.local else (),
    "auth.spf": lambda facts: (facts.spf,),
    "auth.dkim": lambda facts: (facts.dkim,),
    "auth.dmarc": lambda facts: (facts.dmarc,),
}
TEXT_FIELDS = frozenset(_TEXTS)


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
        recipients=tuple(recipients),
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
    """Addresses and, beside them, names; a name that looks like an address is left out, for anybody can write one."""
    people = list(addresses)
    names = [person.name for person in people if person.name and "@" not in fold(person.name)]
    return [person.address for person in people if person.address] + names
