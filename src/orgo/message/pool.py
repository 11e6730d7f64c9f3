"""The parent's side of the parser's process: hands batches over, waits with a limit, starts it again when it died."""

import logging
import os
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from orgo.message import limits
from orgo.message.child import FILE, HTML, MESSAGES, NOTED, write_batch
from orgo.message.model import File, Message

log = logging.getLogger("orgo.message")
# For one mail, and for a batch, which takes a second: who has one that hangs in it waits twice as long, less than his lease.
SECONDS = 20.0
TICK = 0.2
_LONGEST_HEAD = 100_000
_SOURCE = str(Path(__file__).resolve().parents[2])
_ANSWERS: dict[bytes, msgspec.msgpack.Decoder[Any]] = {
    MESSAGES: msgspec.msgpack.Decoder(list[Message]),
    HTML: msgspec.msgpack.Decoder(str | None),
    FILE: msgspec.msgpack.Decoder(File | None),
    NOTED: msgspec.msgpack.Decoder(list[str]),
}


class ParseFailure(msgspec.Struct, frozen=True):
    """A mail that the parser's process could not read, and why (it died, or took too long).

    `head` is what its headers alone say; None where they can't be read either.
    """

    reason: str
    head: Message | None = None


class _Watch:
    """Kills a process that is late with its answer.

    One thread watches over many questions and ends when it finds none: a timer for each took longer than the parser does.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._asked: tuple[subprocess.Popen[bytes], float] | None = None

    def begin(self, child: "subprocess.Popen[bytes]", seconds: float) -> None:
        """From now on the child has this time."""
        with self._lock:
            self._asked = child, time.monotonic() + seconds
            if self._thread is None or not self._thread.is_alive():  # it does not live on in a forked process
                self._thread = threading.Thread(target=self._run, name="orgo-parser-watch", daemon=True)
                self._thread.start()

    def end(self) -> None:
        """It has answered, or never will."""
        with self._lock:
            self._asked = None

    def _run(self) -> None:
        while True:
            time.sleep(TICK)
            with self._lock:
                if self._asked is None:
                    self._thread = None
                    return
                child, end = self._asked
                if time.monotonic() >= end:
                    child.kill()


class ParserPool:
    """One parser process, used by several threads in turn."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self.seconds = seconds
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._watch = _Watch()

    def parse(self, raws: Sequence[bytes]) -> list[Message | ParseFailure]:
        """Read these mails; a batch that fails is read one by one, so that a bad mail blames nobody else."""
        if not raws:
            return []
        with self._lock:
            try:
                return list(self._ask(list(raws)))
            except (OSError, EOFError, msgspec.MsgspecError) as error:
                log.warning("the parser died on a batch of %s mails: %s", len(raws), error)
            return [self._alone(raw) for raw in raws]

    def html(self, raw: bytes) -> str | None:
        """The mail's HTML, cleaned to be shown; None where it has none or can't be read."""
        found: str | None = self._shown(HTML, raw)
        return found

    def file(self, raw: bytes, place: int) -> File | None:
        """The mail's attachment at this place (from 0); None where there is none or it can't be read."""
        found: File | None = self._shown(FILE, raw, b"%d" % place)
        return found

    def noted(self, raw: bytes) -> list[str] | None:
        """What is odd about the mail (see `orgo.message.noted`); None where it can't be read."""
        found: list[str] | None = self._shown(NOTED, raw)
        return found

    def _shown(self, question: bytes, *asked: bytes) -> Any:
        """Asked once: somebody waits for it, and can ask again."""
        with self._lock:
            try:
                return self._ask(list(asked), question)
            except (OSError, EOFError, msgspec.MsgspecError) as error:
                log.warning("the parser gave up on a mail that was to be shown: %s", error)
                return None

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._end()

    def _alone(self, raw: bytes) -> Message | ParseFailure:
        try:
            read: Message = self._ask([raw])[0]
            return read
        except (OSError, EOFError, msgspec.MsgspecError) as error:
            return ParseFailure(f"the parser gave up: {error}", self._head_of(raw))

    def _head_of(self, raw: bytes) -> Message | None:
        """What the headers say of a mail whose rest breaks the parser."""
        head, blank, _ = raw[:_LONGEST_HEAD].replace(b"\r\n", b"\n").partition(b"\n\n")
        if not blank:
            return None
        try:
            read: Message = self._ask([head + blank])[0]
            return read
        except (OSError, EOFError, msgspec.MsgspecError):
            return None

    def _ask(self, raws: list[bytes], question: bytes = MESSAGES) -> Any:
        child = self._running()
        assert child.stdin is not None and child.stdout is not None
        self._watch.begin(child, self.seconds)
        try:
            write_batch(child.stdin, raws, question)  # type: ignore[arg-type]
            head = child.stdout.read(4)
            if len(head) < 4:
                raise EOFError("it died or took too long")
            body = child.stdout.read(struct.unpack(">I", head)[0])
            return _ANSWERS[question].decode(body)
        except BaseException:
            self._end()
            raise
        finally:
            self._watch.end()

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._child is None or self._child.poll() is not None:
            self._end()
            path = os.pathsep.join(filter(None, [_SOURCE, os.environ.get("PYTHONPATH", "")]))
            self._child = subprocess.Popen(
                [sys.executable, "-m", "orgo.message.child", msgspec.json.encode(limits.current()).decode()],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": path},
                start_new_session=True,  # Ctrl-C is for the parent, which ends the child
            )
        return self._child

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            try:
                if pipe is not None:
                    pipe.close()
            except OSError:
                continue
