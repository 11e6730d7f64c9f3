"""Mails that may be what ends a connection: they are fetched one by one, and one that ends it always is put aside."""

from collections.abc import Iterator, Sequence

from orgo.intake.mailbox.ports import Waiting
from orgo.intake.models import Folder

MOST_ALONE = 3
# How many are weighed by one command, fewer after each connection that ended over it; at last none is.
WEIGHED = (500, 50, 5, 1, 0)
BATCH = 500
BATCH_BYTES = 8_000_000
_Key = tuple[int, int, str]


class Suspects:
    """What a watcher remembers from one connection to the next: how often each mail was the only one asked for in vain."""

    def __init__(self) -> None:
        self._failures: dict[_Key, int] = {}
        self._unweighed: dict[int, int] = {}

    def blame(self, folder: Folder, mails: Sequence[Waiting]) -> None:
        """The connection ended while these were fetched."""
        for mail in mails:
            key = _key(folder, mail)
            self._failures[key] = self._failures.get(key, 0) + (len(mails) == 1)

    def clear(self, folder: Folder, mails: Sequence[Waiting]) -> None:
        """These were fetched: none of them was it."""
        for mail in mails if self._failures else ():
            self._failures.pop(_key(folder, mail), None)

    def is_broken(self, folder: Folder, mails: Sequence[Waiting]) -> bool:
        """Whether it was asked for alone often enough."""
        return len(mails) == 1 and self._failures.get(_key(folder, mails[0]), 0) >= MOST_ALONE

    def weighed(self, folder: Folder) -> int:
        """How many mails of this folder may be weighed by one command."""
        return WEIGHED[min(self._unweighed.get(folder.pk, 0), len(WEIGHED) - 1)]

    def blame_weighing(self, folder: Folder) -> None:
        """The connection ended while mails were weighed."""
        self._unweighed[folder.pk] = self._unweighed.get(folder.pk, 0) + 1

    def clear_weighing(self, folder: Folder) -> None:
        """All that is new was weighed, or taken without."""
        self._unweighed.pop(folder.pk, None)

    def groups(self, folder: Folder, mails: Sequence[Waiting]) -> Iterator[list[Waiting]]:
        """Mails in their order, in groups that one transaction takes; each suspect is a group of its own."""
        together: list[Waiting] = []
        for mail in mails:
            if _key(folder, mail) in self._failures:
                yield from batches(together)
                yield [mail]
                together = []
            else:
                together.append(mail)
        yield from batches(together)


def batches(mails: Sequence[Waiting]) -> Iterator[list[Waiting]]:
    """Mails in their order, in groups that one transaction takes."""
    batch: list[Waiting] = []
    size = 0
    for mail in mails:
        weight = mail.size or BATCH_BYTES  # a mail of which no size is told is taken alone
        if batch and (len(batch) >= BATCH or size + weight > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(mail)
        size += weight
    if batch:
        yield batch


def _key(folder: Folder, mail: Waiting) -> _Key:
    return folder.pk, folder.uidvalidity, mail.uid
