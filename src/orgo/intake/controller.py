"""aiosmtpd's listening thread, made fit: any free port on request, and long lines are taken as they are."""

from collections import Counter
from contextlib import suppress
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP

LONGEST_LINE = 16 * 1024 * 1024
# More than twice what Postfix opens to one place (its default_destination_concurrency_limit is 20).
MOST_OF_ONE = 50
CROWDED = b"421 4.7.0 Too many connections from your address, please try again later\r\n"

# aiosmtpd reads this from the class (its StreamReader's limit is made from it too); RFC 5321's 1,000 are passed every day.
SMTP.line_length_limit = LONGEST_LINE


class Crowd:
    """How many connections each address has open; it is asked on the listener's own thread only."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._open: Counter[str] = Counter()

    def enter(self, address: str) -> bool:
        """Count one more, unless there are enough of this address."""
        if self._open[address] >= self.most:
            return False
        self._open[address] += 1
        return True

    def leave(self, address: str) -> None:
        """Count one less."""
        self._open[address] -= 1
        if not self._open[address]:
            del self._open[address]


class Capped(SMTP):
    """aiosmtpd's protocol, which has no bound for the connections of one client, and raises on some addresses."""

    crowd: Crowd
    _address: str | None = None

    def connection_made(self, transport: Any) -> None:
        peer = transport.get_extra_info("peername")
        address = str(peer[0]) if isinstance(peer, tuple) else ""
        if not self.crowd.enter(address):
            transport.write(CROWDED)
            transport.close()
            return
        self._address = address
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self._address is not None:
            self.crowd.leave(self._address)
            self._address = None
            super().connection_lost(error)

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """As the library, which stumbles over some of what is no address ("a@["): that is refused, not put off for ever."""
        with suppress(IndexError, AttributeError, UnboundLocalError):
            return super()._getaddr(arg)
        return None, None


class CappedLMTP(Capped, LMTP):
    """The same for LMTP."""


class Listening(Controller):
    """A server thread on `host` and `port` (0: any free one) that speaks `kind` for `handler`."""

    def __init__(
        self, handler: Any, host: str, port: int, kind: type[Capped] = Capped, **options: Any
    ) -> None:
        super().__init__(handler, hostname=host, port=port, ready_timeout=10)
        self._kind = kind
        self._crowd = Crowd(MOST_OF_ONE)
        self._options = options

    def factory(self) -> SMTP:
        made = self._kind(self.handler, enable_SMTPUTF8=True, loop=self.loop, **self._options)
        made.crowd = self._crowd
        return made

    def listen(self) -> int:
        """Begin to listen; returns the port."""
        self.start()
        return int(self.port)

    def is_listening(self) -> bool:
        """Whether its thread lives and the port is open."""
        thread, server = self._thread, self.server
        return thread is not None and thread.is_alive() and bool(getattr(server, "sockets", ()))

    def _trigger_server(self) -> None:
        """A port of 0 has become a real one by now: learn it before aiosmtpd tries it."""
        server: Any = self.server
        self.port = int(server.sockets[0].getsockname()[1])
        super()._trigger_server()  # type: ignore[no-untyped-call]
