"""A probe mail by the configured mail server into a mailbox, looked for while somebody waits."""

import time
from collections.abc import Iterator
from typing import NamedTuple

from orgo.conf.config import Config, Mailbox
from orgo.flow.canary import probe
from orgo.flow.house import open_house
from orgo.flow.posting import parcel_of
from orgo.intake.mailbox.dial import open_session
from orgo.intake.mailbox.ports import Fetched, Session, Waiting
from orgo.intake.models import Mail
from orgo.ops.up import courier_for

LOOK_EVERY = 2.0
_LARGEST = 200_000  # a probe mail is small, whatever the servers on its way add


class Arrived(NamedTuple):
    """The folder that the probe is in ("" where the running Orgo has taken it already), and after how many seconds."""

    folder: str
    seconds: float


def fly(account: Mailbox, config: Config, within: float) -> tuple[str, Arrived | None]:
    """Send a probe to a mailbox; returns what the mail server said, and where it arrived, None where it did not.

    Nothing is marked or taken there. `config` has an `smtp:`. Raises DeliveryError, MailboxError.
    """
    letter = probe(str(account.receives), open_house())
    courier = courier_for(config)
    session = open_session(account)
    try:
        looks = _Looks(session, account)
        sent, began = courier.deliver(parcel_of(letter), lambda: True), time.monotonic()
        while (found := looks.find(letter.message_id)) is None and time.monotonic() < began + within:
            session.wait(min(LOOK_EVERY, within), lambda: False)
    finally:
        courier.close()
        session.close()
    return sent, None if found is None else Arrived(found, round(time.monotonic() - began, 1))


class _Looks:
    """What is new in a mailbox's folders since the last look."""

    def __init__(self, session: Session, account: Mailbox) -> None:
        self._session, self._folders = session, account.folders
        self._after: dict[str, int] = {}
        self._seen = set[tuple[str, str]]()
        for folder in self._folders:
            for _ in self._new(folder):
                pass

    def find(self, message_id: str) -> str | None:
        """The folder that a mail has come into; "" where it is stored already."""
        for folder in self._folders:
            mails = [mail for mail in self._new(folder) if mail.size <= _LARGEST]
            if any(message_id.encode() in (mail.data or b"") for mail in self._fetched(mails)):
                return folder
        return "" if Mail.objects.filter(message_id=message_id).exists() else None

    def _fetched(self, mails: list[Waiting]) -> Iterator[Fetched]:
        if mails:
            yield from self._session.fetch(mails)

    def _new(self, folder: str) -> Iterator[Waiting]:
        """By number only what is above the last one that was there at first: a folder may be large."""
        look = self._session.look(folder, False)
        first = max(0, look.uidnext - 1) if self._session.by_number else 0
        for some in self._session.waiting(self._after.setdefault(folder, first)):
            for mail in some:
                if (folder, mail.uid) not in self._seen:
                    self._seen.add((folder, mail.uid))
                    yield mail
