"""The parent's side of the process that reads a .pst: it takes the mails, and goes on behind an item that broke it."""

import os
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import msgspec

SECONDS = 60.0
MOST_BREAKS = 100
SIGNATURE = b"!BDN"
_SOURCE = str(Path(__file__).resolve().parents[3])
Trouble = Callable[[str, str], None]


def mails(file: Path, shown: str, trouble: Trouble, folder: str = "") -> Iterator[tuple[str, bytes]]:
    """The mails of an archive: where each stands, and its bytes. What can't be read is told to `trouble`.

    `folder` keeps those whose path has this text in it. Items that are no mail (contacts, tasks ..) are passed over.
    """
    verdict = _verdict(file)
    if verdict:
        trouble(shown, verdict)
        return
    done = 0
    for _ in range(MOST_BREAKS):
        reader = _Reader(file, shown, trouble, done, folder)
        yield from reader.mails()
        if reader.ended:
            return
        if reader.at is None:
            trouble(shown, f"is damaged: {reader.last_words()}")
            return
        trouble(f"{shown}:{reader.where}", reader.why())
        done = reader.at + 1
    trouble(shown, f"broke the reader {MOST_BREAKS} times: the rest is left")


def _verdict(file: Path) -> str:
    """Why a file is no Outlook archive at all, "" where it looks like one ([MS-PST] section 2.2.2.6)."""
    with file.open("rb") as stream:
        head = stream.read(16)
    if not head:
        return "is empty"
    if not head.startswith(SIGNATURE):
        return "is no Outlook archive (its first bytes are not !BDN)"
    return "is no Outlook archive but another file of its kind" if head[8:10] not in (b"SM", b"SO") else ""


class _Reader:
    """One run of the process, from the item number `skip` on."""

    def __init__(self, file: Path, shown: str, trouble: Trouble, skip: int, folder: str) -> None:
        self.shown, self.trouble = shown, trouble
        self.at: int | None = None
        self.where = ""
        self.ended = self.late = False
        self._errors: list[bytes] = []
        path = os.pathsep.join(filter(None, [_SOURCE, os.environ.get("PYTHONPATH", "")]))
        command = [
            sys.executable,
            "-m",
            "orgo.intake.outlook.child",
            str(file),
            str(skip),
            *([folder] if folder else []),
        ]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path},
            start_new_session=True,  # Ctrl-C is for the parent, which ends it
            pipesize=1 << 20,
        )
        self._closed, self._due = threading.Event(), time.monotonic() + SECONDS
        threading.Thread(target=self._watch, name="orgo-archive-watch", daemon=True).start()

    def mails(self) -> Iterator[tuple[str, bytes]]:
        """The mails up to the end, or to where the process broke."""
        try:
            for frame in self._frames():
                if frame[0] == "mail":
                    yield f"{self.shown}:{frame[1]}", frame[2]
                elif frame[0] == "at":
                    self.at, self.where = frame[1], frame[2]
                elif frame[0] == "unread":
                    self.trouble(f"{self.shown}:{frame[1]}", frame[2])
                elif frame[0] == "end":
                    self.ended = True
        finally:
            self._close()

    def why(self) -> str:
        """Why the process broke at the item it was at."""
        return f"took longer than {SECONDS:.0f} s" if self.late else f"broke the reader ({self.last_words()})"

    def last_words(self) -> str:
        """What the process said at last."""
        words = b"".join(self._errors).decode("utf-8", "replace").strip().splitlines()
        last = words[-1] if words else f"it ended with {self.process.returncode}"
        return last.replace("OSError: ", "").partition(" libpff_")[0].partition(" libcfile_")[0][:300]

    def _frames(self) -> Iterator[list[Any]]:
        out = self.process.stdout
        assert out is not None
        while (head := self._read(out, 4)) is not None:
            body = self._read(out, struct.unpack(">I", head)[0])
            if body is None:
                return
            yield msgspec.msgpack.decode(body)

    def _read(self, out: IO[bytes], size: int) -> bytes | None:
        """So many bytes, or None where the process has ended; one that says nothing for too long is ended."""
        self._due = time.monotonic() + SECONDS
        data = out.read(size)
        self._due = time.monotonic() + SECONDS * 60  # how long the mail is used is not the process's fault
        return data if len(data) == size else None

    def _watch(self) -> None:
        while not self._closed.wait(0.5):
            if time.monotonic() > self._due:
                self.late = True
                self.process.kill()
                return

    def _close(self) -> None:
        self._closed.set()
        if self.process.poll() is None and not self.ended:
            self.process.kill()
        assert self.process.stderr is not None and self.process.stdout is not None
        self._errors.append(self.process.stderr.read()[-5_000:])
        self.process.stdout.close()
        self.process.stderr.close()
        self.process.wait()
