"""Mail by SMTP or LMTP: 250 is answered only after the mail's bytes are committed.

aiosmtpd's defaults lose mail: an exception in a handler answers a permanent 500 with its text, lines over 1,001 bytes
are refused, and LMTP answers once for several recipients (RFC 2033 section 4.2 wants one answer each). All three are
set right here.
"""

import asyncio
import logging
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal

import msgspec
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.db import connection

from orgo import __version__
from orgo.intake.controller import Capped, CappedLMTP, Listening
from orgo.intake.space import NoRoom
from orgo.intake.store import Incoming, store
from orgo.lib.crash import crashpoint

log = logging.getLogger("orgo.intake.smtp")
TEMPORARY = "451 4.3.0 Could not take the mail now, please try again later"
FULL = "452 4.3.1 Not enough space, please try again later"
CROWD = "452 4.5.3 Too many recipients, please send the rest in another mail"
MOST_RECIPIENTS = 1000
NOT_OURS = "550 5.7.1 No mail is taken for this domain here"


class SmtpSettings(msgspec.Struct, frozen=True):
    """How the listener behaves; `domains` empty takes any recipient (on loopback only, the configuration sees to it)."""

    host: str
    port: int
    protocol: Literal["smtp", "lmtp"] = "smtp"
    domains: tuple[str, ...] = ()
    max_size: int = 50_000_000


class Door:
    """aiosmtpd's handler: judges recipients, stores mail, and answers fixed words."""

    def __init__(self, settings: SmtpSettings, on_stored: Any) -> None:
        self.settings = settings
        self.on_stored = on_stored
        self.threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="smtp-store")

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        domain = address.rpartition("@")[2].lower().rstrip(".")
        if self.settings.domains and domain not in self.settings.domains:
            return NOT_OURS
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return CROWD
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = await asyncio.get_running_loop().run_in_executor(self.threads, self._take, session, envelope)
        crashpoint("H1.before_250")
        times = len(envelope.rcpt_tos) if isinstance(server, LMTP) else 1
        return "\r\n".join([answer] * times)

    async def handle_exception(self, error: Exception) -> str:
        log.error("smtp session failed: %s", type(error).__name__)
        return TEMPORARY

    def _take(self, session: Session, envelope: Envelope) -> str:
        peer = session.peer[0] if isinstance(session.peer, tuple) else ""
        mail = Incoming(
            data=bytes(envelope.original_content or b""),
            source=self.settings.protocol,
            envelope_from=envelope.mail_from or "",
            envelope_to=tuple(envelope.rcpt_tos),
            peer=str(peer),
        )
        crashpoint("H1s.before_store")
        try:
            (row,) = store([mail])
        except NoRoom:
            return FULL
        except Exception as error:
            log.error("a mail could not be stored: %s: %s", type(error).__name__, error)
            connection.close()
            return TEMPORARY
        if connection.vendor == "postgresql":
            connection.close()  # back to the pool: these threads wait long, and end without a word
        crashpoint("H1s.before_ring")
        self.on_stored()
        return f"250 2.0.0 Taken as {row.pk}"


class Listener:
    """The listening server, on a thread of its own."""

    name = "orgo-smtp"

    def __init__(self, settings: SmtpSettings, on_stored: Any) -> None:
        self.settings = settings
        self.door = Door(settings, on_stored)
        self._listening = Listening(
            self.door,
            settings.host,
            settings.port,
            CappedLMTP if settings.protocol == "lmtp" else Capped,
            data_size_limit=settings.max_size,
            hostname=socket.gethostname(),
            ident=f"Orgo {__version__}",
            timeout=300,
        )

    def start(self) -> int:
        """Listen; returns the port. Raises OSError when the address can't be had."""
        _try_address(self.settings.host, self.settings.port)
        return self._listening.listen()

    def is_well(self, longest: float) -> bool:
        """Whether it listens."""
        return self._listening.is_listening()

    def stop(self) -> None:
        """Stop listening and let the mails that are being stored finish."""
        self._listening.stop()
        self.door.threads.shutdown(wait=True)


def _try_address(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))
