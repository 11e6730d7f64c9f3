"""A mailbox, watched: connect, take what is new, do what is owed on the server, wait for news; back off when in trouble."""

import logging
import random
import threading
from collections.abc import Callable, Iterator, Sequence

from django.db import close_old_connections, connection

from orgo import dispatch
from orgo.conf.config import Mailbox as Account
from orgo.intake.mailbox.dial import open_session
from orgo.intake.mailbox.golive import settle_observed
from orgo.intake.mailbox.ledger import Ledger, Overtaken
from orgo.intake.mailbox.ports import Fetched, MailboxError, ReadOnly, Session, Waiting
from orgo.intake.models import Folder

log = logging.getLogger("orgo.mailbox")
BATCH = 200
BATCH_BYTES = 8_000_000
LOOK_AGAIN = 5.0
Told = Callable[[str, str | None], None]


class Watcher:
    """Watches one mailbox on the thread that calls `run`. `tell` hears of trouble (a sentence) and of its end (None)."""

    def __init__(self, account: Account, tell: Told = lambda name, sentence: None) -> None:
        self.account = account
        self.tell = tell
        self.stopping = threading.Event()
        self._session: Session | None = None

    def run(self) -> None:
        """Watch until `stop` is called."""
        while not self.stopping.is_set():
            self._turn()
        connection.close()

    def stop(self) -> None:
        """End the watching, from another thread; a connection that hangs is cut."""
        self.stopping.set()
        session = self._session
        if session is not None:
            session.abort()

    def round(self) -> int:
        """Connect, take what is new, and end the connection; returns how many mails were taken. Raises MailboxError."""
        ledger = Ledger(self.account)
        session = open_session(self.account)
        try:
            taken = self._look_through(session, ledger)
        finally:
            session.close()
        ledger.well()
        return taken

    # -- one connection

    def _turn(self) -> None:
        close_old_connections()
        try:
            ledger = Ledger(self.account)
            if ledger.box.paused or ledger.seconds_to_wait() > 0:
                self.stopping.wait(min(LOOK_AGAIN, ledger.seconds_to_wait() or LOOK_AGAIN))
                return
            self._connected(ledger)
        except Exception:
            log.exception("mailbox %s could not be looked at", self.account.name)
            connection.close()
            self.stopping.wait(LOOK_AGAIN)

    def _connected(self, ledger: Ledger) -> None:
        try:
            self._session = open_session(self.account)
            self._stay(self._session, ledger)
        except MailboxError as error:
            if not self.stopping.is_set():
                ledger.trouble(error.state, str(error), random.random())  # noqa: S311 - it only spreads tries
                self.tell(self.account.name, str(error))
        finally:
            if self._session is not None:
                self._session.close()
            self._session = None

    def _stay(self, session: Session, ledger: Ledger) -> None:
        """Rounds, and waits between them, until the mailbox is paused or this watcher is stopped."""
        while not self.stopping.is_set() and not ledger.refresh().paused:
            self._look_through(session, ledger)
            ledger.well()
            self.tell(self.account.name, None)
            session.wait(self._pause(session), self._enough(ledger))

    def _pause(self, session: Session) -> float:
        poll = self.account.poll.days * 86_400.0 + self.account.poll.seconds
        return 29 * 60.0 if session.pushes and len(self.account.folders) == 1 else poll

    def _enough(self, ledger: Ledger) -> Callable[[], bool]:
        """Whether the wait is over: this watcher is stopped, or somebody changed the mailbox's row."""
        before = (ledger.box.mode, ledger.box.paused)
        asked = 0

        def enough() -> bool:
            nonlocal asked
            asked += 1
            if self.stopping.is_set() or asked % int(LOOK_AGAIN):
                return self.stopping.is_set()
            now = ledger.refresh()
            return (now.mode, now.paused) != before

        return enough

    # -- one round

    def _look_through(self, session: Session, ledger: Ledger) -> int:
        """Take what is new in every folder, and do what is owed there; the first is open at the end."""
        settle_observed(self.account.name)
        names = [*self.account.folders[1:], self.account.folders[0]]
        return sum(self._folder(session, ledger, name) for name in names)

    def _folder(self, session: Session, ledger: Ledger, name: str) -> int:
        write = ledger.box.mode == "live" and self.account.after != "keep"
        look = session.look(name, write)
        folder = ledger.folder(name, look)
        taken = self._take_new(session, ledger, folder)
        self._settle(session, ledger, folder, look.read_only)
        return taken

    def _take_new(self, session: Session, ledger: Ledger, folder: Folder) -> int:
        taken = 0
        after = folder.last_uid if session.by_number else 0
        for waiting in session.waiting(after):
            unknown = ledger.unknown(folder, waiting)
            for batch in batches(unknown):
                taken += self._take(session, ledger, folder, batch)
        return taken

    def _take(self, session: Session, ledger: Ledger, folder: Folder, batch: Sequence[Waiting]) -> int:
        fetched: list[Fetched] = list(session.fetch(batch))
        up_to = int(batch[-1].uid) if session.by_number else 0
        try:
            taken = ledger.take(folder, fetched, up_to)
        except Overtaken:
            folder.refresh_from_db()
            return 0
        if taken:
            dispatch.ring("routing")
        return taken

    def _settle(self, session: Session, ledger: Ledger, folder: Folder, read_only: str) -> None:
        """Mark, move or remove what was stored before."""
        for due in ledger.due(folder):
            if read_only:
                ledger.folder_problem(folder, f"its mails can't be marked: {read_only}")
                return
            try:
                session.after([receipt.uid for receipt in due], self.account.after, self.account.after_folder)
            except ReadOnly as error:
                ledger.folder_problem(folder, f"its mails can't be marked: {error}")
                return
            ledger.settled(due, self.account.after)
        ledger.folder_problem(folder, "")


def batches(mails: Sequence[Waiting]) -> Iterator[list[Waiting]]:
    """Mails in their order, in groups that one transaction takes."""
    batch: list[Waiting] = []
    size = 0
    for mail in mails:
        if batch and (len(batch) >= BATCH or size + mail.size > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(mail)
        size += mail.size
    if batch:
        yield batch
