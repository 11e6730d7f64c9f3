"""Stored mail is read once more, to be shown: in a child process, as when it came, so that no mail takes the page down.

With `orgo up` intake and clock run in the page's process too. What lies in quarantine, or waits to be tried again, is not read.
"""

import atexit

from orgo.flow.unit import UNREAD
from orgo.intake.models import Mail
from orgo.intake.store import read_raw
from orgo.message import Message
from orgo.message.model import File
from orgo.message.pool import ParserPool

# One for the process; its child is started by who asks first.
reader = ParserPool()
atexit.register(reader.close)


class Unreadable(Exception):
    """A mail that could be read when it came, and now can't be: its reader died, took too long, or may read less."""


def is_read(mail: Mail) -> bool:
    """Whether the mail could be read when it came."""
    return mail.outcome not in UNREAD


def html_of(mail: Mail) -> str:
    """The mail's HTML, cleaned. Raises Unreadable, and BlobAway or BlobLost."""
    found = reader.html(read_raw(mail.pk))
    if found is None:
        raise Unreadable(f"mail {mail.pk}")
    return found


def file_of(mail: Mail, place: int) -> File:
    """One of the mail's attachments. Raises Unreadable, and BlobAway or BlobLost."""
    found = reader.file(read_raw(mail.pk), place)
    if found is None:
        raise Unreadable(f"mail {mail.pk}, attachment {place}")
    return found


def noted_of(mail: Mail) -> list[str]:
    """What is odd about the mail. Raises Unreadable, and BlobAway or BlobLost."""
    found = reader.noted(read_raw(mail.pk))
    if found is None:
        raise Unreadable(f"mail {mail.pk}")
    return found


def senders_in(mail: Mail) -> list[str]:
    """The addresses in the mail's From headers. Raises Unreadable, and BlobAway or BlobLost."""
    (found,) = reader.parse([read_raw(mail.pk)])
    if not isinstance(found, Message):
        raise Unreadable(f"mail {mail.pk}")
    return [one.address for one in found.from_all]
