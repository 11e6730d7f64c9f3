"""A mail server that keeps everything: the demo's letters arrive here, and can be read on a page."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class Caught(msgspec.Struct, frozen=True):
    """A letter that arrived."""

    recipient: str
    envelope_from: str
    data: bytes


class Catcher:
    """Listens on loopback and keeps what arrives, in memory and (with `folder`) as files."""

    def __init__(self, folder: Path | None = None, on_caught: Callable[[Caught], None] | None = None) -> None:
        self.caught: list[Caught] = []
        self.folder = folder
        self.on_caught = on_caught
        self._lock = threading.Lock()
        self._controller = _Controller(self, hostname="127.0.0.1", port=0)

    def start(self) -> int:
        """Listen; returns the port."""
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
        self._controller.start()
        return self._controller.port_in_use

    def stop(self) -> None:
        self._controller.stop()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        data = bytes(envelope.original_content or b"")
        for recipient in envelope.rcpt_tos:
            self._keep(Caught(recipient, envelope.mail_from or "", data))
        return f"250 2.0.0 Caught as {len(self.caught)}"

    def _keep(self, letter: Caught) -> None:
        with self._lock:
            self.caught.append(letter)
            number = len(self.caught)
        if self.folder is not None:
            (self.folder / f"{number:06}.eml").write_bytes(letter.data)
        if self.on_caught is not None:
            self.on_caught(letter)


class _Controller(Controller):
    port_in_use = 0

    def factory(self) -> SMTP:
        return SMTP(self.handler, data_size_limit=100_000_000, enable_SMTPUTF8=True, loop=self.loop)

    def _trigger_server(self) -> None:
        """The port was 0: learn which one it became before aiosmtpd tries it."""
        server: Any = self.server
        self.port = self.port_in_use = int(server.sockets[0].getsockname()[1])
        super()._trigger_server()


# aiosmtpd reads this from the class; letters with long lines are letters too.
SMTP.line_length_limit = 16 * 1024 * 1024
