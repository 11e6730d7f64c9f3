"""Where the letters of a load test go: counted by their Message-ID, not kept."""

import re
from collections import Counter

from aiosmtpd.smtp import SMTP, Envelope, Session

from orgo.intake.controller import Listening

_ID = re.compile(rb"^message-id:\s*(\S+)", re.IGNORECASE | re.MULTILINE)


class Sink:
    """A mail server on loopback that takes everything. `seen` says how often each letter came."""

    def __init__(self) -> None:
        self.seen: Counter[bytes] = Counter()
        self._listening = Listening(self, "127.0.0.1", 0, data_size_limit=100_000_000)

    def start(self) -> int:
        """Listen; returns the port."""
        return self._listening.listen()

    def stop(self) -> None:
        self._listening.stop()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        found = _ID.search(bytes(envelope.original_content or b"")[:20_000])
        for recipient in envelope.rcpt_tos:
            self.seen[(found[1] if found else b"") + recipient.encode()] += 1
        return "250 2.0.0 Taken"

    @property
    def doubled(self) -> int:
        """How many letters came more than once."""
        return sum(1 for count in self.seen.values() if count > 1)
