"""One look through a mailbox: take what is new in each folder, then mark, move or remove what was stored before."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import closing

import msgspec
from msgspec import structs

from orgo import dispatch
from orgo.intake.mailbox.golive import settle_observed
from orgo.intake.mailbox.ledger import Ledger, Overtaken
from orgo.intake.mailbox.ports import Fetched, FolderMissing, Look, Refused, Session, Waiting
from orgo.intake.models import Folder
from orgo.intake.store import pack
from orgo.lib.ahead import ahead
from orgo.lib.crash import crashpoint

log = logging.getLogger("orgo.mailbox")
BATCH = 500
BATCH_BYTES = 8_000_000


class Piece(msgspec.Struct, frozen=True):
    """What one transaction takes: the mails, the place in the folder that is reached by it, how many mails are to come."""

    large: list[Waiting]
    fetched: list[Fetched]
    up_to: int
    left: int


class Round:
    """Looks through the mailbox of `ledger` by `session`. Every method raises MailboxError."""

    def __init__(self, session: Session, ledger: Ledger) -> None:
        self.session, self.ledger, self.account = session, ledger, ledger.account
        self.missing: FolderMissing | None = None

    def go(self, *, first: bool = True) -> int:
        """Look into every folder; the first one is open at the end. Returns how many mails were taken.

        `first` is for the first round of a connection, which tries mails again that could not be read. A folder that
        is `missing` does not keep the others from being read.
        """
        settle_observed(self.account.name)
        names = [*self.account.folders[1:], self.account.folders[0]]
        taken, missing = 0, []
        for name in names:
            try:
                taken += self._folder(name, first)
            except FolderMissing as error:
                missing.append(error)
        if len(missing) == len(names):
            raise missing[0]
        self.missing = missing[0] if missing else None
        return taken

    def _folder(self, name: str, first: bool) -> int:
        write = self.ledger.box.mode == "live" and self.account.after != "keep"
        look = self.session.look(name, write)
        folder = self.ledger.folder(name, look)
        if not self.session.by_number:  # what this very session takes is left to a later one (POP3)
            self._settle(folder, look.read_only)
        try:
            taken = self._take_left(folder, first) + self._take_changed(folder, look)
        except Overtaken:
            log.info("%s of %s is being read by another process", name, self.account.name)
            return 0
        if self.session.by_number:
            self._settle(folder, look.read_only)
        return taken

    def _take_changed(self, folder: Folder, look: Look) -> int:
        if self._is_unchanged(folder, look):
            return 0
        taken = self._take_new(folder)
        self.ledger.read_through(folder, look.highestmodseq)
        return taken

    def _is_unchanged(self, folder: Folder, look: Look) -> bool:
        return self.session.by_number and 0 < look.highestmodseq == folder.highestmodseq

    # -- taking

    def _take_new(self, folder: Folder) -> int:
        taken = 0
        known = frozenset() if self.session.by_number else self.ledger.known(folder)
        with closing(ahead(self._pieces(folder.last_uid, known))) as pieces:
            for piece in pieces:
                taken += self._commit(folder, piece)
        return taken

    def _pieces(self, last: int, known: frozenset[str]) -> Iterator[Piece]:
        """What is new on the server, a transaction's worth at a time; only the server is spoken to here."""
        left = 0
        for waiting in self.session.waiting(last if self.session.by_number else 0):
            left = left or self.session.found
            left -= len(waiting)
            new = [mail for mail in waiting if mail.uid not in known]
            large = [mail for mail in new if mail.size > self.account.max_size]
            small = [mail for mail in new if mail.size <= self.account.max_size]
            for batch in batches(small) if small else [small]:
                is_last = batch[-1:] == small[-1:]
                fetched = [_packed(mail) for mail in self.session.fetch(batch)] if batch else []
                yield Piece(large, fetched, self._number(waiting if is_last else batch), left)
                large = []

    def _take_left(self, folder: Folder, first: bool) -> int:
        """Mails that were left on the server and may be taken now; what is gone from there is forgotten."""
        taken = 0
        for batch in batches(self.ledger.left(folder, again=first)):
            fetched = list(self.session.fetch(batch))
            there = {mail.waiting.uid for mail in fetched}
            self.ledger.gone(folder, [mail.uid for mail in batch if mail.uid not in there])
            taken += self._heard(self.ledger.take(folder, fetched, 0, anew=True))
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
            try:
                if read_only:
                    raise Refused(read_only)
                crashpoint("H1.before_mark")
                uids = [receipt.uid for receipt in owed]
                self.session.after(uids, self.account.after, self.account.after_folder)
            except Refused as error:
                problem = f"its mails can't be marked: {error}"
                break
            self.ledger.settled(owed)
        self.ledger.folder_problem(folder, problem)


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


def _packed(mail: Fetched) -> Fetched:
    return structs.replace(mail, packed=pack(mail.data)) if mail.data is not None else mail
