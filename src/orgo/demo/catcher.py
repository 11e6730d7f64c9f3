"""A mail server that keeps everything: the demo's letters arrive here, and can be read on a page."""

import threading
from collections.abc import Callable
from pathlib import Path

import msgspec
from aiosmtpd.smtp import SMTP, Envelope, Session

from orgo.intake.controller import Listening


class Caught(msgspec.Struct, frozen=True):
    """A letter that arrived."""

    recipient: str
    envelope_from: str
    data: bytes


class Catcher:
    """Listens on loopback and keeps what arrives: in memory, or (with `folder`) as files, numbered on from those there."""

    def __init__(self, folder: Path | None = None, on_caught: Callable[[Caught], None] | None = None) -> None:
        self.caught: list[Caught] = []
        self.folder = folder
        self.on_caught = on_caught
        self._number = 0
        self._lock = threading.Lock()
        self._listening = Listening(self, "127.0.0.1", 0, data_size_limit=100_000_000)

    def start(self) -> int:
        """Listen; returns the port."""
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._number = max((int(file.stem) for file in self.folder.glob("[0-9]*.eml")), default=0)
        return self._listening.listen()

    def stop(self) -> None:
        self._listening.stop()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        data = bytes(envelope.original_content or b"")
        for recipient in envelope.rcpt_tos:
            self._keep(Caught(recipient, envelope.mail_from or "", data))
        return f"250 2.0.0 Caught as {self._number}"

    def _keep(self, letter: Caught) -> None:
        with self._lock:
            self._number += 1
            number = self._number
        if self.folder is None:
            self.caught.append(letter)
        else:
            whole = self.folder / f"{number:06}.eml"
            half = whole.with_suffix(".half")
            half.write_bytes(letter.data)
            half.replace(whole)
        if self.on_caught is not None:
            self.on_caught(letter)
