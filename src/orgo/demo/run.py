"""`orgo demo`: the sample city at work before the visitor's eyes, on a clock that runs faster than life."""

import logging
import re
import smtplib
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from orgo.conf import Config, boot
from orgo.demo.catcher import Catcher, Caught
from orgo.demo.people import People
from orgo.demo.samples import Sample, dated, samples
from orgo.demo.world import Sender, free_port, furnish
from orgo.lib import clock, ids, pace

log = logging.getLogger("orgo.demo")
RATE = 60.0
FIRST = 24
EVERY = 5.0
LATER_EVERY = 25.0
ADMINISTRATOR = "admin@city.example"
LOG = "orgo.log"
_MESSAGE_ID = re.compile(rb"^Message-ID: <[^>\r\n]*>", re.MULTILINE | re.IGNORECASE)


def run(home: Path, *, port: int = 8000, rate: float = RATE) -> None:
    """Run the demo in `home` until it is stopped; what an earlier run left there goes on."""
    catcher = Catcher(folder=home / "var" / "caught")
    config = furnish(home, catcher=catcher.start(), smtp=free_port(2525), web=free_port(port))
    boot.start(config)
    from orgo.ops.up import Running, prepare_database
    from orgo.people.roster import apply_roster

    prepare_database()
    fast = clock.FastClock(rate, _beginning(config))
    clock.use(fast)
    apply_roster(config.roster)
    running = Running(config)
    try:
        running.start()
        assert running.smtp_port is not None
        pace.keep(config.var, fast)
        town = Town(config, catcher, Sender(running.smtp_port), fast)
        town.start()
        running.serve(lambda: print(_welcome(config, rate), flush=True))
        town.stop()
    finally:
        running.stop()
        catcher.stop()


def _beginning(config: Config) -> datetime:
    """A working morning; where an earlier run came further, its last moment."""
    from orgo.audit.models import Event

    today = datetime.now(ZoneInfo(config.organization.zone)).replace(
        hour=8, minute=30, second=0, microsecond=0
    )
    while today.weekday() > 3:
        today -= timedelta(days=1)
    last = Event.objects.order_by("-at").values_list("at", flat=True).first()
    return max(today.astimezone(UTC), last) if last else today.astimezone(UTC)


def _welcome(config: Config, rate: float) -> str:
    from orgo.people.models import User
    from orgo.people.signin import sign_in_link

    link = sign_in_link(User.objects.get(address=ADMINISTRATOR), config.web.url)
    now = clock.now().astimezone(ZoneInfo(config.organization.zone))
    return (
        f"\n  Orgo is at work for {config.organization.name}: {config.web.url}\n\n"
        f"  Sign in (works once):  {link}\n\n"
        f'  Mail goes to 127.0.0.1:{config.intake.smtp.port} by SMTP; all letters are caught and shown under "What people got".\n'
        f"  Time runs {rate:.0f} times faster than life: it is {now:%A %d %B, %H:%M} in {config.organization.name}.\n"
        f"  Stop with Ctrl-C; what happened stays in {config.home}, the log in {LOG}.\n"
    )


class Town:
    """The citizens who write and the staff who answer, on a thread of their own."""

    def __init__(self, config: Config, catcher: Catcher, sender: Sender, fast: clock.FastClock) -> None:
        self._keep_time = partial(pace.keep, config.var, fast)
        self.people = People([user.address for user in config.roster.users])
        self.sender = sender
        self.stopping = threading.Event()
        self._mails = _endless()
        catcher.on_caught = self._heard
        self._threads = [
            threading.Thread(target=target, daemon=True) for target in (self._write, self._answer)
        ]

    def start(self) -> None:
        """Begin to write and to answer."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Write no more."""
        self.stopping.set()

    def _heard(self, letter: Caught) -> None:
        self.people.heard(letter, clock.now())

    def _write(self) -> None:
        from orgo.intake.models import Mail

        number = 0 if not Mail.objects.exists() else FIRST
        for _ in range(number):
            next(self._mails)
        while not self.stopping.is_set():
            sample = next(self._mails)
            self._send(sample.envelope_from, sample.envelope_to, sample.raw)
            number += 1
            wait = 0.0 if number < FIRST else EVERY if number < len(samples()) else LATER_EVERY
            self.stopping.wait(wait)

    def _answer(self) -> None:
        while not self.stopping.wait(0.5):
            self._keep_time()
            for reply in self.people.answers(clock.now()):
                self._send(reply.sender, (reply.recipient,), reply.data)

    def _send(self, envelope_from: str, envelope_to: tuple[str, ...], data: bytes) -> None:
        """Send, again and again until it is taken, as a mail server does."""
        while not self.stopping.is_set():
            try:
                self.sender.send(envelope_from, envelope_to, data)
                return
            except (OSError, smtplib.SMTPException) as error:
                log.warning("the sample mail will be sent again: %s", error)
                self.stopping.wait(1)


def _endless() -> Iterator[Sample]:
    """The samples in their order; then again and again as new mails, without the copies."""
    morning = clock.now()
    for sample in samples():
        yield replace(sample, make=partial(_dated, sample, morning))
    while True:
        for sample in samples():
            if sample.outcome == "opened" and len(sample.raw) < 1_000_000:
                yield replace(sample, make=partial(_again, sample, clock.now(), ids.new_id()))


def _dated(sample: Sample, when: datetime) -> bytes:
    return dated(sample.raw, when)


def _again(sample: Sample, when: datetime, number: int) -> bytes:
    return _MESSAGE_ID.sub(f"Message-ID: <{number}@again.example>".encode(), _dated(sample, when), count=1)
