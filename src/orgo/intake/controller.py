"""aiosmtpd's listening thread, made fit: any free port on request, and long lines are taken as they are."""

from collections.abc import Callable
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

LONGEST_LINE = 16 * 1024 * 1024

# aiosmtpd reads this from the class (its StreamReader's limit is made from it too); RFC 5321's 1,000 are passed every day.
SMTP.line_length_limit = LONGEST_LINE


class Listening(Controller):
    """A server thread on `host` and `port` (0: any free one) whose protocol objects `make` makes for `handler`."""

    def __init__(self, handler: Any, host: str, port: int, make: Callable[..., SMTP], **options: Any) -> None:
        super().__init__(handler, hostname=host, port=port, ready_timeout=10)
        self._make = make
        self._options = options

    def factory(self) -> SMTP:
        return self._make(self.handler, enable_SMTPUTF8=True, loop=self.loop, **self._options)

    def listen(self) -> int:
        """Begin to listen; returns the port."""
        self.start()
        return int(self.port)

    def _trigger_server(self) -> None:
        """A port of 0 has become a real one by now: learn it before aiosmtpd tries it."""
        server: Any = self.server
        self.port = int(server.sockets[0].getsockname()[1])
        super()._trigger_server()  # type: ignore[no-untyped-call]
