"""A mailbox, watched: connect, look through it, wait for news; back off when it is in trouble."""

import logging
import random
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import close_old_connections, connection

from orgo.conf.config import Mailbox as Account
from orgo.conf.logging import within
from orgo.intake import space
from orgo.intake.mailbox import backoff
from orgo.intake.mailbox.dial import open_session
from orgo.intake.mailbox.ledger import Ledger
from orgo.intake.mailbox.ports import MailboxError, NoRoomHere, Session
from orgo.intake.mailbox.rounds import Round
from orgo.intake.mailbox.suspects import Suspects
from orgo.intake.models import Mailbox as MailboxRow

log = logging.getLogger("orgo.mailbox")
LOOK_AGAIN = 5.0
Told = Callable[[str, str | None], None]
Connected = Callable[[Account, datetime | None], None]


class Watcher:
    """Watches one mailbox on the thread that calls `run`. `tell` hears of trouble (a sentence) and of its end (None).

    `connected` hears, with each session, until when the server's certificate is good (None: no TLS).
    """

    def __init__(
        self,
        account: Account,
        tell: Told = lambda name, sentence: None,
        connected: Connected = lambda account, until: None,
    ) -> None:
        self.account = account
        self.tell = tell
        self.connected = connected
        self.stopping = threading.Event()
        self._session: Session | None = None
        self._suspects = Suspects()

    def run(self) -> None:
        """Watch until `stop` is called."""
        with within(mailbox=self.account.name):
            while not self.stopping.is_set():
                self._turn()
        connection.close()

    def stop(self) -> None:
        """End the watching, from another thread; a connection that hangs is cut."""
        self.stopping.set()
        session = self._session
        if session is not None:
            session.abort()

    def fetch(self, *, broken: bool = False) -> int:
        """Connect, look through the mailbox once, and end the connection; returns how many mails were taken.

        `broken` tries mails again that were put aside because they ended every connection.
        Raises MailboxError, which the mailbox's row shows as well.
        """
        ledger = Ledger(self.account)
        try:
            session = self._open()
            try:
                return self._round(session, ledger, first=True, broken=broken)
            finally:
                session.close()
        except MailboxError as error:
            self._failed(ledger, error)
            raise

    def _open(self) -> Session:
        """A new session; a server whose mail would find no room here is not asked."""
        if space.is_lacking():
            raise NoRoomHere
        session = open_session(self.account)
        self.connected(self.account, session.good_until)
        return session

    def _round(self, session: Session, ledger: Ledger, *, first: bool, broken: bool = False) -> int:
        this = Round(session, ledger, self._suspects)
        taken = this.go(first=first, broken=broken)
        missing = str(this.missing) if this.missing else ""
        ledger.well(missing)
        self.tell(self.account.name, missing or None)
        return taken

    def _failed(self, ledger: Ledger, error: MailboxError) -> None:
        ledger.trouble(error.state, str(error), random.random())  # noqa: S311 - it only spreads tries
        self.tell(self.account.name, str(error))

    # -- one connection

    def _turn(self) -> None:
        close_old_connections()
        try:
            ledger = Ledger(self.account)
            wait = LOOK_AGAIN if ledger.box.paused else min(LOOK_AGAIN, ledger.seconds_to_wait())
            if wait > 0:
                self.stopping.wait(wait)
            else:
                self._connected(ledger)
        except Exception as error:
            log.exception("mailbox %s could not be looked at", self.account.name)
            self.tell(self.account.name, f"{type(error).__name__}: {error}")
            connection.close()
            self.stopping.wait(LOOK_AGAIN)

    def _connected(self, ledger: Ledger) -> None:
        try:
            self._session = self._open()
            self._stay(self._session, ledger)
        except MailboxError as error:
            if not self.stopping.is_set():
                self._failed(ledger, error)
        finally:
            if self._session is not None:
                self._session.close()
            self._session = None

    def _stay(self, session: Session, ledger: Ledger) -> None:
        """Rounds, and waits between them, until the mailbox is paused or this watcher is stopped."""
        first = True
        while not self.stopping.is_set() and not (box := ledger.refresh()).paused:
            self._round(session, ledger, first=first)
            first = False
            # As it was before the round: what somebody changes meanwhile is seen after it.
            session.wait(self._pause(session), self._enough(ledger, box))

    def _pause(self, session: Session) -> float:
        """Seconds until the next look: where the server tells what comes, and no other folder is read, that is long."""
        return backoff.wait(self.account.poll, pushes=session.pushes and len(self.account.folders) == 1)

    def _enough(self, ledger: Ledger, box: MailboxRow) -> Callable[[], bool]:
        """Whether the wait is over: stopped, or (looked at every 5 s) the mailbox's row was changed or more mails are owed."""
        before, owed = _told(box), ledger.newest_owed()
        asked = 0

        def enough() -> bool:
            nonlocal asked
            asked += 1
            if self.stopping.is_set() or asked % int(LOOK_AGAIN):
                return self.stopping.is_set()
            return _told(ledger.refresh()) != before or ledger.newest_owed() != owed

        return enough


def _told(box: MailboxRow) -> tuple[Any, ...]:
    """What somebody may change of a mailbox's row."""
    return box.mode, box.cutoff, box.paused
