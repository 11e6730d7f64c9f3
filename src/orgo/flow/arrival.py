"""By which addresses and mailboxes a task's mail came: the same mail in two mailboxes is one task, and both are shown."""

from collections.abc import Iterable, Sequence
from contextlib import suppress

import msgspec

from orgo.flow.showing import Unreadable, is_read, noted_of, senders_in
from orgo.intake.blobs import BlobAway, BlobLost
from orgo.intake.models import Mail
from orgo.intake.queries import same_mails
from orgo.lib.text import clip
from orgo.outbox.token import claim_of_address, letter_of_return_path
from orgo.task.models import Task

MOST_READ = 20
SEVERAL = frozenset({"it has two From headers", "it has more than one sender"})
LONGEST_SENDERS = 500
CONFLICT = "another mail with other words had the same Message-ID"


class Way(msgspec.Struct, frozen=True):
    """A way in: the address that the mail was for, the mailbox that it was fetched from; "" where there is none."""

    address: str
    mailbox: str

    @property
    def words(self) -> str:
        """Both, or the one that says it: a mailbox is often called as its address."""
        if self.address and self.mailbox and self.address.lower() != self.mailbox.lower():
            return f"{self.address} ({self.mailbox})"
        return self.address or self.mailbox


def ways_of(task: Task) -> list[Way]:
    """The ways by which the mail that opened the task came, each once, in their order."""
    mails = same_mails(task.mail) if task.mail else []
    return list(dict.fromkeys(way for mail in mails for way in _ways(mail)))


def oddities(mails: Sequence[Mail]) -> dict[int, list[str]]:
    """What was odd about each of these mails, by its number: what the parser noted, and a Message-ID that is another's.

    From one on that can't be read any more none is: whoever opens the page waits for the limit once.
    """
    ids = {mail.message_id for mail in mails} - {""}
    rows = Mail.objects.filter(message_id__in=ids).values_list("id", "message_id", "content_key")
    known = [(id, name, key) for id, name, key in rows if key]
    found = {mail.pk: [*mail.warnings, *_conflict(mail, known)] for mail in mails}
    with suppress(Unreadable):
        for mail in [mail for mail in mails if mail.has_html and is_read(mail)][:MOST_READ]:
            with suppress(BlobAway, BlobLost):
                found[mail.pk] += [words for words in noted_of(mail) if words not in found[mail.pk]]
    return found


def senders_of(mail: Mail) -> str:
    """The addresses of all whom the mail's From headers name, where they are several; its row has the first alone."""
    if SEVERAL.isdisjoint(mail.warnings) or not is_read(mail):
        return ""
    with suppress(BlobAway, BlobLost, Unreadable):
        return clip(", ".join(senders_in(mail)), LONGEST_SENDERS)
    return ""


def _conflict(mail: Mail, known: Iterable[tuple[int, str, str]]) -> list[str]:
    """Never dropped for it (DESIGN.md section 3), but a person should know."""
    same = (key for id, name, key in known if name == mail.message_id and id < mail.pk)
    is_one = mail.content_key and any(key != mail.content_key for key in same)
    return [CONFLICT] if is_one else []


def _ways(mail: Mail) -> list[Way]:
    ways = [Way(_shown(address), mail.mailbox) for address in mail.envelope_to]
    return ways or ([Way("", mail.mailbox)] if mail.mailbox else [])


def _shown(address: str) -> str:
    """Without the tag of a reply address: whoever holds it acts for the letter's recipient."""
    if claim_of_address(address) is None and letter_of_return_path(address) is None:
        return address
    local, _, domain = address.rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"
