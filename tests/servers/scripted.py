"""A server that says what a test tells it to, right or wrong: for all that real servers can't be made to do."""

import re
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Literal, Self, TypeAlias

Say: TypeAlias = bytes
Hear: TypeAlias = "re.Pattern[bytes]"
Word = Literal["close", "reset", "silence", "drip"]
Reply: TypeAlias = Callable[[bytes], bytes]
Script: TypeAlias = Sequence["Say | Hear | Word | Reply"]
LONGEST = 60.0
LETTERS = 100


class Scripted:
    """Plays a script for each connection; the last one again for all that come later.

    Bytes are said as they are. A pattern waits until what was heard since the last one matches; a function makes of what
    matched last what is said. With `context` it speaks TLS from the first byte. "close" ends the connection politely, "reset" with a TCP reset, "silence" says nothing more
    until the other side goes, "drip" says a letter now and then and never ends a line. `heard` is all that came.
    """

    def __init__(self, *scripts: Script, context: ssl.SSLContext | None = None) -> None:
        self.scripts = list(scripts)
        self.context = context
        self.heard: list[bytes] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()

    @property
    def all_heard(self) -> bytes:
        """Everything that any client said."""
        return b"".join(self.heard)

    def _serve(self) -> None:
        while True:
            try:
                way, _ = self._server.accept()
            except OSError:
                return
            script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
            number = len(self.heard)
            self.heard.append(b"")
            threading.Thread(target=self._play, args=(way, script, number), daemon=True).start()

    def _play(self, way: socket.socket, script: Script, number: int) -> None:
        way.settimeout(LONGEST)
        heard, last = 0, b""
        try:
            if self.context is not None:
                way = self.context.wrap_socket(way, server_side=True)
            for step in script:
                if isinstance(step, bytes):
                    way.sendall(step)
                elif isinstance(step, re.Pattern):
                    start, heard = heard, self._hear(way, step, number, heard)
                    last = self.heard[number][start:heard]
                elif callable(step):
                    way.sendall(step(last))
                elif step == "silence":
                    while self._more(way, number):
                        pass
                elif step == "drip":
                    for _ in range(LETTERS):
                        way.sendall(b"*")
                        threading.Event().wait(0.05)
                elif step == "reset":
                    way.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except (OSError, EOFError):
            pass
        finally:
            way.close()

    def _hear(self, way: socket.socket, pattern: "re.Pattern[bytes]", number: int, start: int) -> int:
        while not (found := pattern.search(self.heard[number], start)):
            if not self._more(way, number):
                raise EOFError
        return found.end()

    def _more(self, way: socket.socket, number: int) -> bool:
        data = way.recv(65_536)
        self.heard[number] += data
        return bool(data)


def hears(words: str) -> "re.Pattern[bytes]":
    """A line that begins so, without regard to case."""
    return re.compile(rb"(?im)^" + words.encode() + rb"[^\n]*\n")


def answering(reply: Reply, times: int = 40_000) -> Script:
    """A script that answers each line that is heard, for as long as the other side speaks."""
    return (re.compile(rb"[^\n]*\n"), reply) * times
