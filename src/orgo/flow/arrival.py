"""By which addresses and mailboxes a task's mail came: the same mail in two mailboxes is one task, and both are shown."""

import msgspec

from orgo.intake.models import Mail
from orgo.intake.queries import same_mails
from orgo.outbox.token import claim_of_address, letter_of_return_path
from orgo.task.models import Task


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


def _ways(mail: Mail) -> list[Way]:
    ways = [Way(_shown(address), mail.mailbox) for address in mail.envelope_to]
    return ways or ([Way("", mail.mailbox)] if mail.mailbox else [])


def _shown(address: str) -> str:
    """Without the tag of a reply address: whoever holds it acts for the letter's recipient."""
    if claim_of_address(address) is None and letter_of_return_path(address) is None:
        return address
    local, _, domain = address.rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"
