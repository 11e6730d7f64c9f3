"""The parent's side of the process that reads a .pst: it takes the mails, and goes on behind an item that broke it."""

import contextlib
import json
import math
import os
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

import msgspec

SECONDS = 60.0
MOST_BREAKS = 100
SIGNATURE, OLE = b"!BDN", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SOURCE = str(Path(__file__).resolve().parents[3])
Told = Callable[[str, str], None]


def nobody(where: str, what: str) -> None:
    """Tells nobody."""


class Found(NamedTuple):
    """A mail of an archive: where it stands, its bytes, what it is known by (item.py), and whether nothing of it is missing.

    `share` is how much of the archive is read with it, as a number from 0 to 1; `number` how many of its items.
    """

    where: str
    data: bytes
    key: str
    is_whole: bool
    share: float
    number: int


class Archives:
    """Reads archives one after the other by one process, which is begun when it is needed. Close it at the end."""

    def __init__(self) -> None:
        self._process: _Process | None = None

    def mails(
        self, file: Path, shown: str, trouble: Told, folder: str = "", other: Told = nobody, skip: int = 0
    ) -> Generator[Found]:
        """The mails of an archive, or of a .msg file. What can't be read is told to `trouble`.

        `folder` keeps those whose path has this text in it. Items that are no mail (contacts, tasks ..) are told to `other`
        with their class. The first `skip` items of the wanted folders are passed by unread.
        """
        verdict = _verdict(file)
        if verdict:
            trouble(shown, verdict)
            return
        done, trouble = skip, _once(trouble)
        for _ in range(MOST_BREAKS):
            reading = _Reading(shown, trouble, other)
            process = self._running()
            try:
                yield from reading.mails(process.frames(str(file), done, folder))
            finally:
                if not reading.ended:  # it broke, or nobody wants the rest
                    self.close()
            if reading.ended:
                return
            if reading.at is None:
                trouble(shown, f"is damaged: {process.last_words()}")
                return
            trouble(reading.place(reading.where), process.why())
            done = reading.at + 1
        trouble(shown, f"broke the reader {MOST_BREAKS} times: the rest is left")

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            process.end()

    def _running(self) -> "_Process":
        if self._process is None or not self._process.is_alive():
            self.close()
            self._process = _Process()
        return self._process


def _verdict(file: Path) -> str:
    """Why a file is no Outlook archive at all, "" where it looks like one ([MS-PST] section 2.2.2.6)."""
    with file.open("rb") as stream:
        head = stream.read(16)
    if not head:
        return "is empty"
    if head.startswith(OLE):
        return ""
    if not head.startswith(SIGNATURE):
        return "is no Outlook archive (its first bytes are not !BDN)"
    return "is no Outlook archive but another file of its kind" if head[8:10] not in (b"SM", b"SO") else ""


def _once(trouble: Told) -> Told:
    """Tells of the same thing once: a reading that begins anew meets the same folders again."""
    told: set[tuple[str, str]] = set()

    def telling(where: str, why: str) -> None:
        if (where, why) not in told:
            told.add((where, why))
            trouble(where, why)

    return telling


class _Reading:
    """How far the reading of one archive is: `at` and `where` say which item was begun last."""

    def __init__(self, shown: str, trouble: Told, other: Told) -> None:
        self.shown, self.trouble, self.other = shown, trouble, other
        self.total = 0
        self.met = 0
        self.at: int | None = None
        self.where = ""
        self.ended = False

    def mails(self, frames: Iterator[list[Any]]) -> Iterator[Found]:
        """The mails among the frames, up to the archive's end or to where the process broke."""
        for frame in frames:
            if frame[0] == "mail":
                _, where, data, key, is_whole = frame
                share = min(1.0, self.met / max(self.total, 1))
                yield Found(self.place(where), data, key, is_whole, share, (self.at or 0) + 1)
            elif frame[0] == "at":
                _, self.at, self.where, self.met = frame
            elif frame[0] == "total":
                self.total = frame[1]
            elif frame[0] == "other":
                self.other(self.place(frame[1]), frame[2])
            elif frame[0] == "unread":
                self.trouble(self.place(frame[1]), frame[2])
            elif frame[0] == "end":
                self.ended = True
                return

    def place(self, where: str) -> str:
        """A place in the archive, for people."""
        return f"{self.shown}:{where}" if where else self.shown


class _Process:
    """The process (child.py). One that says nothing for too long is ended."""

    def __init__(self) -> None:
        path = os.pathsep.join(filter(None, [_SOURCE, os.environ.get("PYTHONPATH", "")]))
        self._late = self._broke = False
        self._errors = b""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "orgo.intake.outlook.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path},
            start_new_session=True,  # Ctrl-C is for the parent, which ends it
            pipesize=1 << 20,
        )
        self._closed, self._due = threading.Event(), math.inf
        threading.Thread(target=self._watch, name="orgo-archive-watch", daemon=True).start()

    def is_alive(self) -> bool:
        """Whether it can be asked."""
        return self._process.poll() is None and not self._closed.is_set()

    def frames(self, *asked: object) -> Iterator[list[Any]]:
        """What it says of an archive (file, how many items to skip, folder); it says nothing more where it broke."""
        into, out = self._process.stdin, self._process.stdout
        assert into is not None and out is not None
        try:
            into.write(json.dumps(asked).encode() + b"\n")  # msgspec takes no name that is not UTF-8
            into.flush()
        except OSError:
            self._broke = True
            return
        while (head := self._read(out, 4)) is not None:
            body = self._read(out, struct.unpack(">I", head)[0])
            if body is None:
                return
            frame = msgspec.msgpack.decode(body)
            if frame[0] == "mail":
                frame[2] = self._read(out, frame[2])
            if frame[0] != "mail" or frame[2] is not None:
                yield frame

    def why(self) -> str:
        """Why it broke at the item it was at."""
        return (
            f"took longer than {SECONDS:.0f} s" if self._late else f"broke the reader ({self.last_words()})"
        )

    def last_words(self) -> str:
        """What it said at last; known when it has ended."""
        words = self._errors.decode("utf-8", "replace").strip().splitlines()
        last = words[-1] if words else f"it ended with {self._process.returncode}"
        return last.replace("OSError: ", "").partition(" libpff_")[0].partition(" libcfile_")[0][:300]

    def end(self) -> None:
        """End it, in the middle of an archive as well: it only reads."""
        self._closed.set()
        process = self._process
        assert process.stdin is not None and process.stdout is not None and process.stderr is not None
        if not self._broke:
            process.kill()
        self._errors = process.stderr.read()[-5_000:]
        with contextlib.suppress(OSError):
            process.stdin.close()
        process.stdout.close()
        process.stderr.close()
        process.wait()

    def _read(self, out: IO[bytes], size: int) -> bytes | None:
        """So many bytes, or None where the process has ended."""
        self._due = time.monotonic() + SECONDS
        data = out.read(size)
        self._due = math.inf  # how long the mail is used is not the process's fault
        self._broke = len(data) < size
        return None if self._broke else data

    def _watch(self) -> None:
        while not self._closed.wait(0.5):
            if time.monotonic() > self._due:
                self._late = True
                self._process.kill()
                return
