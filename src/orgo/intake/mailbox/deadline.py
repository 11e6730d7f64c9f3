"""A deadline for all of a conversation: a server that says a letter now and then is never silent for a socket's timeout."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from orgo.intake.mailbox.ports import NoAnswer

_KEEP_ALIVE = (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4))
_SLOWEST = 4_000  # bytes a second


class Guard:
    """Cuts the connection that it watches, from the thread of a timer."""

    def __init__(self) -> None:
        self.fired = False
        self._lock = threading.Lock()
        self._way: socket.socket | None = None

    def watch(self, way: socket.socket) -> None:
        """Watch this connection; TLS may be put on it later, for the guard has a handle of its own."""
        with self._lock:
            self._way = socket.socket(fileno=os.dup(way.fileno()))
            _keep_alive(self._way)
        if self.fired:
            self.cut()

    def cut(self) -> None:
        """The time is over."""
        self.fired = True
        with self._lock, suppress(OSError):
            if self._way is not None:
                self._way.shutdown(socket.SHUT_RDWR)

    def let_go(self) -> None:
        """Watch it no more."""
        with self._lock:
            if self._way is not None:
                self._way.close()
            self._way = None


def _keep_alive(way: socket.socket) -> None:
    """Let the system ask whether the other side is still there: a firewall forgets a connection and tells nobody."""
    way.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEP_ALIVE:
        if hasattr(socket, name):
            way.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def enough_for(size: int, usual: float) -> float:
    """Seconds in which an answer of so many bytes comes by the slowest line; `usual` is what any answer may take."""
    return 2 * usual + size / _SLOWEST


@contextmanager
def deadline(server: str, seconds: float) -> Iterator[Guard]:
    """Cut the connection that the guard is given unless the block ends in so many seconds; raises NoAnswer then."""
    guard = Guard()
    timer = threading.Timer(seconds, guard.cut)
    timer.daemon = True
    timer.start()
    try:
        yield guard
    except Exception as error:
        if guard.fired:
            raise NoAnswer(f"{server} did not answer within {seconds:.0f} s") from error
        raise
    finally:
        timer.cancel()
        guard.let_go()
