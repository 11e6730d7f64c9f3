"""The virus scanner beside the mail's way: clamd's INSTREAM (clamd(8)), spoken here, for its libraries are not kept up."""

import socket
import struct
from pathlib import Path

import msgspec

PIECE = 1 << 20
LONGEST_ANSWER = 4096


class ScannerDown(Exception):
    """The scanner does not answer: nothing is known of the mail."""


class ScannerRefused(Exception):
    """The scanner answers, but does not look at this mail (larger than its StreamMaxLength, say)."""


class Clamd(msgspec.Struct, frozen=True):
    """A clamd that listens on the socket file `path`, or on `host` and `port`; `timeout` in seconds for each step."""

    path: Path | None = None
    host: str = "127.0.0.1"
    port: int = 3310
    timeout: float = 60.0

    def __str__(self) -> str:
        return str(self.path) if self.path else f"{self.host}:{self.port}"

    def scan(self, data: bytes) -> str:
        """The name of what is found in `data`, "" where nothing is. Raises ScannerDown, ScannerRefused."""
        answer = self._ask(b"zINSTREAM\0", *_pieces(data))
        if answer.endswith(" FOUND"):
            return answer.removeprefix("stream: ").removesuffix(" FOUND")
        if answer != "stream: OK":
            raise ScannerRefused(answer.removesuffix(" ERROR"))
        return ""

    def answers(self) -> None:
        """Ask whether it is there. Raises ScannerDown."""
        answer = self._ask(b"zPING\0")
        if answer != "PONG":
            raise ScannerDown(f"{self} is no clamd: it answers {answer!r}")

    def _ask(self, *words: bytes) -> str:
        try:
            with self._connect() as way:
                try:
                    for word in words:
                        way.sendall(word)
                except (BrokenPipeError, ConnectionResetError):
                    pass  # it says why before it closes: too large
                answer = _answer(way)
        except OSError as error:
            raise ScannerDown(f"{self}: {error}") from error
        if not answer:
            raise ScannerDown(f"{self} hung up without an answer")
        return answer

    def _connect(self) -> socket.socket:
        if self.path is None:
            return socket.create_connection((self.host, self.port), timeout=self.timeout)
        family = getattr(socket, "AF_UNIX", None)
        if family is None:
            raise OSError("this system has no socket files; let clamd listen on a port")
        way = socket.socket(family)
        try:
            way.settimeout(self.timeout)
            way.connect(str(self.path))
        except BaseException:
            way.close()
            raise
        return way


def _pieces(data: bytes) -> list[bytes]:
    """Each with its length before it; one of no length ends them."""
    found = [data[at : at + PIECE] for at in range(0, len(data), PIECE)]
    return [word for piece in [*found, b""] for word in (struct.pack(">I", len(piece)), piece)]


def _answer(way: socket.socket) -> str:
    answer = b""
    while not answer.endswith(b"\0") and len(answer) < LONGEST_ANSWER:
        more = way.recv(LONGEST_ANSWER)
        if not more:
            break
        answer += more
    return answer.rstrip(b"\0\n").decode("utf-8", "replace")
