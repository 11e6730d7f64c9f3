"""Hands a mail to the running Orgo as a mail server does."""

import re
import smtplib
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from orgo.cli.errors import Code, Stop
from orgo.conf import Config
from orgo.message import parse

SECONDS = 10
_DATE = re.compile(rb"^Date: [^\r\n]*", re.MULTILINE)


def written_at(when: datetime, data: bytes) -> bytes:
    """Our sample as if it had been written at `when` (aware): its Date header is changed, nothing else."""
    return _DATE.sub(f"Date: {format_datetime(when)}".encode(), data, count=1)


def send(data: bytes, config: Config) -> dict[str, Any]:
    """Send `data` to Orgo's own listener; returns {server, from, to}. Raises Stop where nobody listens or it is refused."""
    smtp = config.intake.smtp
    if not smtp.enabled:
        raise Stop(Code.WRONG_INPUT, "intake.smtp is not enabled here, so there is nobody to send to")
    message = parse(data)
    sender = message.sender.address if message.sender else ""
    written = [address.address for address in (*message.to, *message.cc)]
    domains = tuple(smtp.domains)
    recipients = [a for a in written if not domains or a.rpartition("@")[2].lower() in domains]
    recipients = recipients or [f"sample@{domains[0] if domains else 'localhost'}"]
    server = f"{smtp.host}:{smtp.port}"
    try:
        client = smtplib.LMTP if smtp.protocol == "lmtp" else smtplib.SMTP
        with client(smtp.host, smtp.port, timeout=SECONDS) as way:
            way.sendmail(sender, recipients, data)
    except (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused) as error:
        raise Stop(Code.FAILED, f"{server} did not take the mail: {_said(error)}") from error
    except (OSError, smtplib.SMTPException) as error:
        raise Stop(
            Code.UNREACHABLE, f"nobody takes mail at {server} ({error}); start Orgo: orgo up"
        ) from error
    return {"server": server, "from": sender, "to": recipients}


def _said(error: smtplib.SMTPException) -> str:
    """The server's own words, for each recipient that it refused."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        refused = error.recipients.items()
        return "; ".join(f"{address}: {code} {_words(text)}" for address, (code, text) in refused)
    assert isinstance(error, smtplib.SMTPResponseException)
    return f"{error.smtp_code} {_words(error.smtp_error)}"


def _words(text: bytes | str) -> str:
    return " ".join((text.decode("utf-8", "replace") if isinstance(text, bytes) else text).split())
