"""A folder that is watched: mail files that are put there are taken in, and moved out of the way once they are stored."""

import hashlib
import logging
import os
import stat
import time
from collections.abc import Generator, Iterator
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path
from typing import Literal

from orgo import dispatch
from orgo.intake import space
from orgo.intake.envelope import envelope_of
from orgo.intake.importing import (
    MOST_UNASKED,
    OWN_FAULT,
    WORK_SINCE,
    Count,
    Plan,
    batches,
    is_taken,
    is_under_way,
    one_by_one,
    steps,
    surveyed,
    why_not,
)
from orgo.intake.models import ImportRun, Mail, WaitingFile
from orgo.intake.readers import Item, holds_many, read
from orgo.intake.space import NoRoom
from orgo.intake.store import Incoming, store
from orgo.lib import clock
from orgo.lib.crash import crashpoint
from orgo.lib.text import clean_text, clip

log = logging.getLogger("orgo.folder")
After = Literal["keep", "move", "delete"]
DONE, FAILED = "done", "failed"
ASK_EVERY = timedelta(days=1)
AT_A_TIME = 5.0
_HALF = (".part", ".tmp", ".crdownload", ".filepart")
_BY = "folder"
_Stamp = tuple[int, int]


class FolderWatch:
    """Looks into `path` once a round. A file is taken when two looks in a row found it of the same size and time.

    `after` says what becomes of it then: `move` into `done/`, `delete`, or `keep`. One that can't be read or stored goes to
    `failed/`, and the others are taken; one of which a part can't be goes to `done/` with a report beside it. An archive
    waits while another program has it open, and where more than 100 tasks would come of it.
    """

    def __init__(self, path: Path, after: After) -> None:
        self.path, self.after = path, after
        self._seen: dict[Path, _Stamp] = {}
        self._finished: dict[Path, _Stamp] = {}
        self._folders = set[Path]()
        self._steps: Generator[int, None, None] | None = None

    def round(self) -> int:
        """Take what is ready, for some seconds; the next call goes on. Returns how many mails were stored.

        Where there is too little room the files stay as they are. Raises OSError where the folder can't be read.
        """
        if space.is_lacking():  # no archive is read in vain
            return 0
        stored, end = 0, time.monotonic() + AT_A_TIME
        steps = self._steps = self._steps or self._taken()
        try:
            for count in steps:
                stored += count
                if time.monotonic() > end:
                    break
            else:
                self._steps = None
        except NoRoom:
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
        self._forget(there)
        self._finished = {file: stamp for file, stamp in self._finished.items() if there.get(file) == stamp}
        for file in ready:
            if file not in self._finished:
                yield from self._tried(file, there[file])

    def _files(self) -> Iterator[tuple[Path, _Stamp]]:
        for entry in sorted(self.path.iterdir()):
            if entry.name.startswith(".") or entry.name.lower().endswith(_HALF):
                continue
            found = _found(entry)
            if found is None:
                continue
            if stat.S_ISDIR(found.st_mode):
                self._tell_of_folder(entry)
            else:
                yield entry, (found.st_size, found.st_mtime_ns)

    def _tell_of_folder(self, entry: Path) -> None:
        """Say once that a folder (a Maildir) waits in vain."""
        if entry.name not in (DONE, FAILED) and entry not in self._folders:
            self._folders.add(entry)
            log.warning("%s is a folder, and is not looked into: orgo import reads it", entry.name)

    def _tried(self, file: Path, stamp: _Stamp) -> Iterator[int]:
        """Take a file. One whose own fault it is that it can't be taken stops no other; a database that is away does."""
        try:
            yield from self._take(file, stamp)
        except OWN_FAULT as error:
            log.exception("the reading of %s broke off", file.name)
            self._finished[file] = stamp
            self._fail(file, why_not(error))

    def _take(self, file: Path, stamp: _Stamp) -> Iterator[int]:
        """Store the mails of a file, then put it out of the way (a second taking of the same bytes is known)."""
        count = Count()
        if not holds_many(file):
            yield from self._take_mail(file, count)
        elif self.after == "keep" and is_taken(file, _plan(), _BY):
            self._finished[file] = stamp  # an earlier start took it
            return
        elif self._is_held(file) or (yield from self._asks(file)):
            return
        else:
            WaitingFile.objects.filter(name=self._shown(file)).delete()
            yield from self._take_archive(file, count)
        self._finished[file] = stamp
        crashpoint("H1f.before_move")
        self._put_away(file, count.mails, count.unread)
        crashpoint("H1f.after_move")

    def _take_mail(self, file: Path, count: Count) -> Iterator[int]:
        """Store a file's mail, which is work whatever its date; an mbox of one mail is such a file as well."""
        for batch in batches(read([file], lambda where, why: count.unread.append((where, why)))):
            stored, refused = one_by_one(self._store, batch)
            count.mails += len(batch) - len(refused)
            count.unread += [(item.where, why) for item, why in refused]
            yield stored

    def _take_archive(self, file: Path, count: Count) -> Iterator[int]:
        """Import an archive, like `orgo import --as work`; it goes on where an earlier start left it."""
        stored = 0
        with closing(steps([file], _plan(), count, _BY)) as going:
            for _ in going:
                stored, before = count.taken, stored
                yield stored - before

    def _put_away(self, file: Path, mails: int, troubles: list[tuple[str, str]]) -> None:
        if troubles and not mails:
            self._fail(file, "; ".join(why for _, why in troubles[:3]))
        elif troubles:
            log.warning("%s: %s read, %s not; the list is in %s/", file.name, mails, len(troubles), DONE)
            self._report(file, mails, troubles)
            if self.after != "keep":
                self._move(file, DONE)
        elif self.after == "move":
            self._move(file, DONE)
        elif self.after == "delete":
            self._remove(file)

    def _fail(self, file: Path, why: str) -> None:
        """Move a file to `failed/`, and note why; that is shown as long as it lies there."""
        log.warning("%s can't be taken: %s; it is moved to %s/", file.name, why, FAILED)
        found = {"reason": "failed", "why": clip(clean_text(why), 1000), "since": clock.now()}
        WaitingFile.objects.update_or_create(name=self._shown(self._free(FAILED, file.name)), defaults=found)
        self._move(file, FAILED)

    def _report(self, file: Path, mails: int, troubles: list[tuple[str, str]]) -> None:
        """What of a file could not be read, as a list beside it where it goes."""
        lines = [f"{mails} read, {len(troubles)} not", *(f"{where}: {why}" for where, why in troubles)]
        try:
            (self.path / DONE).mkdir(exist_ok=True)
            self._free(DONE, f"{file.name}.txt").write_text("\n".join([*lines, ""]), "utf-8", "replace")
        except OSError as error:
            log.warning("the list for %s can't be written: %s", file.name, error.strerror or error)

    # ---------------------------------------------------------------- archives that wait

    def _is_held(self, file: Path) -> bool:
        """Whether another program (Outlook) has an archive locked; it is waited for, with a word."""
        held = _is_locked(file)
        if held and self._wait(file, "locked"):
            log.warning("%s waits: another program (Outlook?) has it open", file.name)
        return held

    def _asks(self, file: Path) -> Generator[int, None, bool]:
        """Whether so many tasks would come of an archive that somebody has to mean it.

        That is looked at again after each import, which may have taken its mails, and each day, for mail grows old.
        """
        waits = WaitingFile.objects.filter(name=self._shown(file), reason="asks").first()
        is_fresh = waits and waits.since > clock.now() - ASK_EVERY
        if waits and is_fresh and not ImportRun.objects.filter(finished_at__gt=waits.since).exists():
            return True
        if is_under_way(file, _plan(), _BY):
            return False
        count = Count()
        for _ in surveyed([file], _plan(), count, _BY):
            yield 0
        asks = count.work > MOST_UNASKED
        if asks and self._wait(file, "asks", count.work):
            log.warning("%s waits: %s tasks would come of it, see orgo status", file.name, count.work)
        return asks

    def _wait(self, file: Path, reason: str, tasks: int = 0) -> bool:
        """Note why a file waits; says whether that is new."""
        found = {"tasks": tasks, "since": clock.now()}
        is_new = not WaitingFile.objects.filter(name=self._shown(file), reason=reason).exists()
        if is_new or tasks:
            WaitingFile.objects.update_or_create(name=self._shown(file), defaults={"reason": reason, **found})
        return is_new

    def _forget(self, there: dict[Path, _Stamp]) -> None:
        """Those that somebody took away wait no more."""
        noted = set(WaitingFile.objects.values_list("name", flat=True))
        if noted:
            failed = self.path / FAILED
            lying = failed.iterdir() if failed.is_dir() else ()
            gone = noted - {self._shown(file) for file in (*there, *lying)}
            WaitingFile.objects.filter(name__in=gone).delete()

    def _shown(self, file: Path) -> str:
        """Where a file lies in the folder, as text, whatever bytes its name is made of."""
        return os.fsencode(file.relative_to(self.path).as_posix()).decode("utf-8", "replace")

    def _store(self, batch: list[Item]) -> int:
        mails = self._unknown([self._incoming(item.data) for item in batch])
        crashpoint("H1f.before_store")
        return len(store(mails)) if mails else 0

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
            file.rename(self._free(folder, file.name))
        except OSError as error:
            log.warning("%s stays where it is: %s", file.name, error.strerror or error)

    def _free(self, folder: str, name: str) -> Path:
        """A path in this folder that nothing has yet."""
        wanted = target = self.path / folder / name
        number = 1
        while os.path.lexists(target):
            target, number = wanted.with_stem(f"{wanted.stem}-{number}"), number + 1
        return target

    def _remove(self, file: Path) -> None:
        try:
            file.unlink()
        except OSError as error:
            log.warning("%s can't be deleted: %s", file.name, error.strerror or error)


def _found(entry: Path) -> os.stat_result | None:
    """What is there, or the link itself where it can't be followed; None where somebody took it away meanwhile."""
    for look in (entry.stat, entry.lstat):
        with suppress(OSError):
            return look()
    return None


def _plan() -> Plan:
    """What becomes of an archive's mails: as with `orgo import --as work`."""
    return Plan("work", clock.now() - WORK_SINCE)


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
