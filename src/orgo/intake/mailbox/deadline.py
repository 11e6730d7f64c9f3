"""A deadline for all of a conversation: a server that says a letter now and then is never silent for a socket's timeout."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from orgo.intake.mailbox.ports import Unreachable


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


@contextmanager
def deadline(server: str, seconds: float) -> Iterator[Guard]:
    """Cut the connection that the guard is given unless the block ends in so many seconds; raises Unreachable then."""
    guard = Guard()
    timer = threading.Timer(seconds, guard.cut)
    timer.daemon = True
    timer.start()
    try:
        yield guard
    except Exception as error:
        if guard.fired:
            raise Unreachable(f"{server} did not answer within {seconds:.0f} s") from error
        raise
    finally:
        timer.cancel()
        guard.let_go()
