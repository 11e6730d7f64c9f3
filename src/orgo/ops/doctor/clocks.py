"""The machine's clock: beside the trail, beside what servers say, and as the kernel sees it."""

import ctypes
import re
import smtplib
import ssl
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from orgo.conf import Config, boot
from orgo.conf.config import Smtp
from orgo.conf.database import time_there
from orgo.lib import clock
from orgo.lib.local import local
from orgo.ops.doctor.database import is_there
from orgo.ops.doctor.finding import Finding

# Access tokens and one-time passwords bear half a minute; S3 refuses at fifteen.
SOME, MUCH = timedelta(seconds=30), timedelta(minutes=5)
PATIENCE = 10.0
_DATE = re.compile(r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), +\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}")
_TODO = "set the clock, and have it kept by chrony or systemd-timesyncd"
_NOT_SYNCHRONIZED = 5  # TIME_ERROR of adjtimex(2)


def clocks(config: Config) -> Iterator[Finding]:
    """Whether the time is right: escalations, tokens and seals go by it."""
    last = _last_event(config)  # first: it starts Orgo, which goes by the database's time then
    now, zone = clock.now(), config.organization.zone
    if last is not None and last > now + timedelta(minutes=1):
        words = f"it is {local(now, zone)} here, but events are from {local(last, zone)}"
        yield Finding("clock", "fail", words, "set the clock")
    else:
        yield Finding("clock", "ok", local(now, zone))
    for server, time in _told(config):
        yield _compared(server, time - datetime.now(UTC))
    if is_kept() is False:
        words = "the kernel says that nothing keeps this machine's clock right"
        yield Finding("clock", "warn", words, "chrony or systemd-timesyncd (a container goes by its host's)")


def _compared(server: str, ahead: timedelta) -> Finding:
    seconds = round(ahead.total_seconds())
    state = "ok" if abs(ahead) <= SOME else "warn" if abs(ahead) <= MUCH else "fail"
    if state == "ok":
        return Finding("clock", "ok", f"as {server} says")
    words = f"this machine is {abs(seconds)} s {'behind' if seconds > 0 else 'ahead of'} {server}"
    return Finding("clock", "fail" if state == "fail" else "warn", words, _TODO)


def _last_event(config: Config) -> datetime | None:
    if not is_there(config):
        return None
    boot.start(config)
    from django.db.models import Max

    from orgo.audit.models import Event

    found: datetime | None = Event.objects.aggregate(at=Max("at"))["at"]
    return found


def _told(config: Config) -> Iterator[tuple[str, datetime]]:
    """What time it is for the database's server, and for a mail server that greets with it."""
    if config.sqlite_file is None and is_there(config):
        yield "the database's server", time_there(config)
    greeted = _greeting(config.smtp) if config.smtp else None
    if greeted is not None and config.smtp is not None:
        yield f"{config.smtp.host}:{config.smtp.port}", greeted


def _greeting(server: Smtp) -> datetime | None:
    """The date in a mail server's first line (RFC 5321 section 4.3.1 allows one); None where it has none."""
    try:
        with closing(_way(server)) as way:
            words = way.connect(server.host, server.port)[1].decode("ascii", "replace")
        found = _DATE.search(words)
        return parsedate_to_datetime(found[0]) if found else None
    except (OSError, ValueError, smtplib.SMTPException):
        return None  # that it can't be reached is said elsewhere


def _way(server: Smtp) -> smtplib.SMTP:
    if server.tls != "implicit":
        return smtplib.SMTP(timeout=PATIENCE)
    context = ssl.create_default_context(cafile=str(server.ca_file) if server.ca_file else None)
    return smtplib.SMTP_SSL(timeout=PATIENCE, context=context)


class _Timex(ctypes.Structure):
    """The beginning of struct timex; nothing is set, and only the state that comes back is looked at."""

    _fields_ = (("modes", ctypes.c_uint), ("rest", ctypes.c_byte * 508))


def is_kept() -> bool | None:
    """Whether the kernel's clock is kept by a time service (adjtimex); None where the system does not say."""
    if sys.platform != "linux":
        return None
    state = ctypes.CDLL(None).adjtimex(ctypes.byref(_Timex()))
    return None if state < 0 else state != _NOT_SYNCHRONIZED
