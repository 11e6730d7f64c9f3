"""A folder that is watched: mail files that are put there are taken in, and moved out of the way once they are stored."""

import hashlib
import logging
import os
import time
from collections.abc import Generator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Literal

from orgo import dispatch
from orgo.intake.envelope import envelope_of
from orgo.intake.importing import Count, Plan, batches, take
from orgo.intake.models import Mail
from orgo.intake.readers import Item, read
from orgo.intake.store import Incoming, store
from orgo.lib import clock
from orgo.lib.crash import crashpoint

log = logging.getLogger("orgo.folder")
After = Literal["keep", "move", "delete"]
DONE, FAILED = "done", "failed"
ARCHIVES = (".pst", ".ost")
WORK_SINCE = timedelta(days=7)
AT_A_TIME = 5.0
_HALF = (".part", ".tmp", ".crdownload", ".filepart")
_Stamp = tuple[int, int]


class FolderWatch:
    """Looks into `path` once a round. A file is taken when two looks in a row found it of the same size and time.

    `after` says what becomes of it then: `move` into `done/`, `delete`, or `keep`. One that can't be read goes to `failed/`.
    """

    def __init__(self, path: Path, after: After) -> None:
        self.path, self.after = path, after
        self._seen: dict[Path, _Stamp] = {}
        self._finished: dict[Path, _Stamp] = {}
        self._held: set[Path] = set()
        self._steps: Generator[int, None, None] | None = None

    def round(self) -> int:
        """Take what is ready, for some seconds; the next call goes on. Returns how many mails were stored.

        Raises OSError where the folder can't be read.
        """
        stored, end = 0, time.monotonic() + AT_A_TIME
        steps = self._steps = self._steps or self._taken()
        try:
            for count in steps:
                stored += count
                if time.monotonic() > end:
                    break
            else:
                self._steps = None
        except BaseException:
            self._steps = None
            raise
        if stored:
            dispatch.ring("routing")
        return stored

    def close(self) -> None:
        """Read no further."""
        if self._steps is not None:
            self._steps.close()

    def _taken(self) -> Generator[int, None, None]:
        """How many mails were stored, after each batch, file by file."""
        self.path.mkdir(parents=True, exist_ok=True)
        there = dict(self._files())
        ready = [file for file, stamp in there.items() if self._seen.get(file) == stamp]
        self._seen = there
        self._finished = {file: stamp for file, stamp in self._finished.items() if there.get(file) == stamp}
        for file in ready:
            if file not in self._finished:
                yield from self._take(file, there[file])

    def _files(self) -> Iterator[tuple[Path, _Stamp]]:
        for entry in sorted(self.path.iterdir()):
            if entry.name.startswith(".") or entry.name.lower().endswith(_HALF) or entry.is_dir():
                continue
            try:
                found = entry.stat()
            except OSError:
                found = entry.lstat()
            yield entry, (found.st_size, found.st_mtime_ns)

    def _take(self, file: Path, stamp: _Stamp) -> Iterator[int]:
        """Store the mails of a file, then put it out of the way (a second taking of the same bytes is known)."""
        if self._is_held(file):
            return
        troubles: list[str] = []
        for batch in batches(read([file], lambda _, why: troubles.append(why))):
            yield self._store(batch, file)
        self._finished[file] = stamp
        crashpoint("H1f.before_move")
        if troubles:
            log.warning(
                "%s can't be read: %s; it is moved to %s/", file.name, "; ".join(troubles[:3]), FAILED
            )
            self._move(file, FAILED)
        elif self.after == "move":
            self._move(file, DONE)
        elif self.after == "delete":
            self._remove(file)
        crashpoint("H1f.after_move")

    def _store(self, batch: list[Item], file: Path) -> int:
        """Store some mails of a file. Those of an Outlook archive are work when they are young, like those of `orgo import`."""
        if file.suffix.lower() in ARCHIVES:
            count, plan = Count(), Plan("work", clock.now() - WORK_SINCE)
            take(batch, plan, count)
            return count.taken
        mails = self._unknown([self._incoming(item.data) for item in batch])
        crashpoint("H1f.before_store")
        return len(store(mails)) if mails else 0

    def _is_held(self, file: Path) -> bool:
        """Whether another program (Outlook) has an archive locked; it is waited for, with a word."""
        held = file.suffix.lower() in ARCHIVES and _is_locked(file)
        if held and file not in self._held:
            log.warning("%s waits: another program (Outlook?) has it open", file.name)
        (self._held.add if held else self._held.discard)(file)
        return held

    def _incoming(self, data: bytes) -> Incoming:
        """Where files are kept their bytes are a key for ever, so that a new start does not take them again."""
        key = f"{hashlib.sha256(data).hexdigest()}#folder" if self.after == "keep" else None
        return Incoming(data=data, source="folder", envelope_to=envelope_of(data).to, receipt_key=key)

    def _unknown(self, mails: list[Incoming]) -> list[Incoming]:
        """Without those that an earlier start took from a file that was kept."""
        keys = [mail.receipt_key for mail in mails if mail.receipt_key]
        known = set(Mail.objects.filter(receipt_key__in=keys).values_list("receipt_key", flat=True))
        return [mail for mail in mails if mail.receipt_key is None or mail.receipt_key not in known]

    def _move(self, file: Path, folder: str) -> None:
        try:
            (self.path / folder).mkdir(exist_ok=True)
            target, number = self.path / folder / file.name, 1
            while os.path.lexists(target):
                target, number = self.path / folder / f"{file.stem}-{number}{file.suffix}", number + 1
            file.rename(target)
        except OSError as error:
            log.warning("%s stays where it is: %s", file.name, error.strerror or error)

    def _remove(self, file: Path) -> None:
        try:
            file.unlink()
        except OSError as error:
            log.warning("%s can't be deleted: %s", file.name, error.strerror or error)


def _is_locked(file: Path) -> bool:
    """Whether a program has the file locked against others: on Windows it can't be opened then, elsewhere the lock is tried."""
    try:
        with file.open("r+b") as stream:
            try:
                import fcntl
            except ImportError:
                return False
            fcntl.lockf(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except PermissionError:
        return os.name == "nt"
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
