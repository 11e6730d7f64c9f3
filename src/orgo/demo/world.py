"""The demo's world: a home with the sample city in it, a sender that speaks real SMTP, free ports."""

import os
import re
import shutil
import smtplib
import socket
from collections.abc import Mapping
from pathlib import Path

from orgo.conf import Config, load
from orgo.demo.samples import CITY


class Sender:
    """Hands mail to Orgo's listener, as a mail server in front of it would."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self.host, self.port = host, port

    def send(self, envelope_from: str, envelope_to: tuple[str, ...], data: bytes) -> int | None:
        """Send one mail; returns the number Orgo took it under (from its 250 line), or None where it says none.

        Raises OSError or smtplib.SMTPException when it was not taken: then it is to be sent again.
        """
        with smtplib.SMTP(self.host, self.port, timeout=60) as smtp:
            smtp.ehlo_or_helo_if_needed()
            smtp.mail(envelope_from)
            for address in envelope_to:
                _expect(smtp.rcpt(address), 250)
            reply = smtp.data(data)
            _expect(reply, 250)
        last = reply[1].decode("utf-8", "replace").split()[-1]
        return int(last) if last.isdigit() else None


def _expect(reply: tuple[int, bytes], code: int) -> None:
    if reply[0] != code:
        raise smtplib.SMTPResponseException(*reply)


def free_port(wanted: int = 0) -> int:
    """`wanted` if it can be had on loopback, else any free port."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no free port on this machine")


def furnish(
    home: Path, *, catcher: int, smtp: int, web: int, more: Mapping[str, str] | None = None
) -> Config:
    """Put the sample city into `home` (it is laid anew each time, the database stays) and load its configuration.

    The ports stand in its file, so that every command in this home finds them.
    """
    city = home / "config"
    if city.exists():
        shutil.rmtree(city)
    shutil.copytree(CITY, city)
    file = city / "config.yaml"
    text = file.read_text(encoding="utf-8")
    for usual, port in {2525: smtp, 2526: catcher, 8000: web}.items():
        text = re.sub(rf"^( *port:) {usual}\b", rf"\1 {port}", text, flags=re.MULTILINE)
    file.write_text(text, encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ORGO_")}
    return load(home, {**kept, **(more or {})})
