"""One look through a mailbox: take what is new in each folder, then mark, move or remove what was stored before."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime

import msgspec
from msgspec import structs

from orgo import dispatch
from orgo.intake import space
from orgo.intake.mailbox.golive import settle_observed
from orgo.intake.mailbox.ledger import Ledger, Overtaken
from orgo.intake.mailbox.ports import (
    Fetched,
    FolderMissing,
    Look,
    MailboxError,
    NoRoomHere,
    Refused,
    Session,
    Waiting,
)
from orgo.intake.mailbox.suspects import Suspects
from orgo.intake.models import Folder
from orgo.intake.store import keep
from orgo.lib import clock
from orgo.lib.ahead import ahead
from orgo.lib.crash import crashpoint

log = logging.getLogger("orgo.mailbox")


class Piece(msgspec.Struct, frozen=True):
    """What one transaction takes: the mails, the place in the folder that is reached by it, how many mails are to come."""

    large: list[Waiting]
    fetched: list[Fetched]
    up_to: int
    left: int


class Round:
    """Looks through the mailbox of `ledger` by `session`. Every method raises MailboxError."""

    def __init__(self, session: Session, ledger: Ledger, suspects: Suspects | None = None) -> None:
        self.suspects = suspects or Suspects()
        self.session, self.ledger, self.account = session, ledger, ledger.account
        self.missing: FolderMissing | None = None

    def go(self, *, first: bool = True, broken: bool = False) -> int:
        """Look into every folder; the first one is open at the end. Returns how many mails were taken.

        `first` is for the first round of a connection, which tries mails again that could not be read; `broken` tries
        those again that ended connections, when all else is done. A folder that is `missing` does not keep the others
        from being read.
        """
        settle_observed(self.account.name)
        names = [*self.account.folders[1:], self.account.folders[0]]
        taken, missing = 0, []
        for name in names:
            try:
                taken += self._folder(name, first, broken)
            except FolderMissing as error:
                missing.append(error)
        if len(missing) == len(names):
            raise missing[0]
        self.missing = missing[0] if missing else None
        return taken

    def _folder(self, name: str, first: bool, broken: bool) -> int:
        began = clock.now()
        write = self.ledger.box.mode == "live" and self.account.after != "keep"
        look = self.session.look(name, write)
        folder = self.ledger.folder(name, look)
        if not self.session.by_number:  # what this very session takes is left to a later one (POP3)
            self.ledger.forget_vanished(folder, self._listed())
            self._settle(folder, look.read_only)
        try:
            taken = self._take_left(folder, self.ledger.left(folder, again=first))
            taken += self._take_changed(folder, look, began)
            for mail in self.ledger.broken(folder) if broken else ():
                taken += self._take_left(folder, [mail])
        except Overtaken:
            log.info("%s of %s is being read by another process", name, self.account.name)
            return 0
        except space.NoRoom:
            raise NoRoomHere from None
        if self.session.by_number:
            self._settle(folder, look.read_only)
        return taken

    def _take_changed(self, folder: Folder, look: Look, began: datetime) -> int:
        taken = 0 if self._is_unchanged(folder, look) else self._take_new(folder)
        self.ledger.read_through(folder, look.highestmodseq, began)
        return taken

    def _is_unchanged(self, folder: Folder, look: Look) -> bool:
        return self.session.by_number and 0 < look.highestmodseq == folder.highestmodseq

    def _listed(self) -> frozenset[str]:
        return frozenset(mail.uid for some in self.session.waiting(0) for mail in some)

    # -- taking

    def _take_new(self, folder: Folder) -> int:
        taken = 0
        known = frozenset() if self.session.by_number else self.ledger.known(folder)
        with closing(ahead(self._pieces(folder, known))) as pieces:
            for piece in pieces:
                taken += self._commit(folder, piece)
        return taken

    def _pieces(self, folder: Folder, known: frozenset[str]) -> Iterator[Piece]:
        """What is new on the server, a transaction's worth at a time; only the server is spoken to here."""
        left = 0
        for waiting in self._waiting(folder):
            left = left or self.session.found
            left -= len(waiting)
            new = [mail for mail in waiting if mail.uid not in known]
            large = [mail for mail in new if mail.size > self.account.max_size]
            small = [mail for mail in new if mail.size <= self.account.max_size]
            for batch in self.suspects.groups(folder, small) if small else [small]:
                is_last = batch[-1:] == small[-1:]
                yield Piece(
                    large, self._fetched(folder, batch), self._number(waiting if is_last else batch), left
                )
                large = []

    def _waiting(self, folder: Folder) -> Iterator[list[Waiting]]:
        """What is new on the server; a mail that ends the connection when it is weighed is taken without."""
        self.session.chunk = self.suspects.weighed(folder)
        try:
            yield from self.session.waiting(folder.last_uid if self.session.by_number else 0)
        except MailboxError:
            self.suspects.blame_weighing(folder)
            raise
        self.suspects.clear_weighing(folder)

    def _fetched(self, folder: Folder, batch: Sequence[Waiting]) -> list[Fetched]:
        """These mails; one that ended the connection whenever it was asked for alone is asked for no more."""
        if self.suspects.is_broken(folder, batch):
            return [Fetched(batch[0], None, broken=True)]
        space.need()  # before its bytes are fetched and packed for nothing
        try:
            found = [_kept(mail) for mail in self.session.fetch(batch)] if batch else []
        except MailboxError:
            self.suspects.blame(folder, batch)
            raise
        self.suspects.clear(folder, batch)
        return found

    def _take_left(self, folder: Folder, mails: Sequence[Waiting]) -> int:
        """Take mails that were left on the server; what is gone from there is forgotten."""
        taken = 0
        for batch in self.suspects.groups(folder, mails):
            fetched = self._fetched(folder, batch)
            there = {mail.waiting.uid for mail in fetched}
            self.ledger.gone(folder, [mail.uid for mail in batch if mail.uid not in there])
            self.ledger.still_left(folder, [mail for mail in fetched if mail.data is None])
            came = [mail for mail in fetched if mail.data is not None]
            taken += self._heard(self.ledger.take(folder, came, 0, anew=True))
        return taken

    def _commit(self, folder: Folder, piece: Piece) -> int:
        self.ledger.leave(folder, piece.large, "too_large")
        if not piece.fetched and piece.up_to <= folder.last_uid:
            return 0
        return self._heard(self.ledger.take(folder, piece.fetched, piece.up_to, piece.left))

    def _heard(self, taken: int) -> int:
        if taken:
            dispatch.ring("routing")
        return taken

    def _number(self, mails: Sequence[Waiting]) -> int:
        return int(mails[-1].uid) if mails and self.session.by_number else 0

    # -- what is owed

    def _settle(self, folder: Folder, read_only: str) -> None:
        """Mark, move or remove what was stored before."""
        problem = ""
        for owed in self.ledger.owed(folder):
            refused = self._refused([receipt.uid for receipt in owed], read_only)
            self.ledger.settled([receipt for receipt in owed if receipt.uid not in refused])
            problem = next(iter(refused.values()), problem)
        self.ledger.folder_problem(folder, f"mails in it can't be marked: {problem}" if problem else "")

    def _refused(self, uids: list[str], read_only: str) -> dict[str, str]:
        """Which of these mails can't be marked, moved or removed, and why; the others are."""
        if read_only:
            return dict.fromkeys(uids, read_only)
        crashpoint("H1.before_mark")
        try:
            return self.session.after(uids, self.account.after, self.account.after_folder)
        except Refused as error:
            return dict.fromkeys(uids, str(error))


def _kept(mail: Fetched) -> Fetched:
    return structs.replace(mail, kept=keep(mail.data)) if mail.data is not None else mail
