"""One look through a mailbox: take what is new in each folder, then mark, move or remove what was stored before."""

import logging
from collections.abc import Iterator, Sequence

from orgo import dispatch
from orgo.intake.mailbox.golive import settle_observed
from orgo.intake.mailbox.ledger import Ledger, Overtaken
from orgo.intake.mailbox.ports import Fetched, FolderMissing, Look, Refused, Session, Waiting
from orgo.intake.models import Folder

log = logging.getLogger("orgo.mailbox")
BATCH = 200
BATCH_BYTES = 8_000_000


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
        try:
            taken = self._take_left(folder, first) + self._take_changed(folder, look)
        except Overtaken:
            log.info("%s of %s is being read by another process", name, self.account.name)
            return 0
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
        taken, seen = 0, 0
        for waiting in self.session.waiting(folder.last_uid if self.session.by_number else 0):
            self.ledger.waiting(self.session.found - seen)
            taken += self._take_chunk(folder, waiting)
            seen += len(waiting)
        self.ledger.waiting(0)
        return taken

    def _take_chunk(self, folder: Folder, waiting: Sequence[Waiting]) -> int:
        unknown = self.ledger.unknown(folder, waiting)
        most = self.account.max_size
        self.ledger.leave(folder, [mail for mail in unknown if mail.size > most], "too_large")
        small = [mail for mail in unknown if mail.size <= most]
        taken = sum(self._take(folder, batch, self._number(batch)) for batch in batches(small))
        if waiting and self._number(waiting) > folder.last_uid:
            self._commit(folder, [], self._number(waiting))
        return taken

    def _take_left(self, folder: Folder, first: bool) -> int:
        """Mails that were left on the server and may be taken now."""
        left = self.ledger.left(folder, again=first)
        taken = sum(self._take(folder, batch, 0) for batch in batches(left))
        if left:
            still = {mail.uid for mail in self.ledger.left(folder, again=False)}
            self.ledger.gone(folder, [mail.uid for mail in left if mail.uid in still])
        return taken

    def _take(self, folder: Folder, batch: Sequence[Waiting], up_to: int) -> int:
        return self._commit(folder, list(self.session.fetch(batch)), up_to)

    def _commit(self, folder: Folder, fetched: Sequence[Fetched], up_to: int) -> int:
        taken = self.ledger.take(folder, fetched, up_to)
        if taken:
            dispatch.ring("routing")
        return taken

    def _number(self, mails: Sequence[Waiting]) -> int:
        return int(mails[-1].uid) if self.session.by_number else 0

    # -- what is owed

    def _settle(self, folder: Folder, read_only: str) -> None:
        """Mark, move or remove what was stored before."""
        problem = ""
        for owed in self.ledger.owed(folder):
            try:
                if read_only:
                    raise Refused(read_only)
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
