"""An Orgo in the test's own process: real database, real pipeline, letters caught by a real SMTP server."""

import email
import tempfile
import threading
import time
from datetime import UTC, datetime, timedelta
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from orgo.conf import Config, boot, load
from orgo.demo.catcher import Catcher
from orgo.lib import clock
from tests.database import environment

MONDAY = datetime(2026, 9, 7, 8, 0, tzinfo=UTC)
PEOPLE = """
organizations: [{label: city, name: City of Alder}, {label: school, name: Alder School}]
teams:
  - {name: works, address: works@city.example, organization: city, supervisor: chief@city.example, members: [anna@city.example, ben@city.example]}
  - {name: hr, address: hr@city.example, organization: city, supervisor: hanna@city.example, members: [hanna@city.example], visibility: private}
  - {name: desk, address: desk@city.example, organization: city, supervisor: chief@city.example, members: [dora@city.example], triage: true}
  - {name: school, address: office@school.example, organization: school, members: [sofie@school.example], language: fr}
users:
  - {address: admin@city.example, name: Ada Admin, role: administrator}
  - {address: chief@city.example, name: Chris Chief, role: supervisor}
  - {address: anna@city.example, name: Anna Abel, role: technician}
  - {address: ben@city.example, name: Ben Berg, role: technician}
  - {address: hanna@city.example, name: Hanna Hart, role: hr}
  - {address: dora@city.example, name: Dora Dahl, role: staff}
  - {address: sofie@school.example, name: Sofie Simon, role: staff, language: fr}
  - {address: rolf@city.example, name: Rolf Rand, role: auditor}
"""
RULES = """
version: 1
keywords: [urgent, leak]
default: {route_to: desk@city.example}
rules:
  - name: Harassment
    condition: "text contains 'harassment'"
    action: {route_to: hr@city.example, visibility: private, anonymize: true}
  - name: Leaks
    condition: "subject contains 'leak'"
    action:
      route_to: works@city.example
      priority: high
      acknowledge: templates/received.txt
      levels:
        - {after: 2 hours, to: chief@city.example}
        - {after: 4 hours, to: admin@city.example}
"""
CONFIG = """
organization: {{name: City of Alder, zone: UTC}}
intake:
  smtp: {{domains: [city.example, school.example], authserv_id: mx.city.example, trusted_relays: [127.0.0.1]}}
smtp: {{host: 127.0.0.1, port: {port}, from: orgo@city.example}}
"""
RECEIVED = "Subject: [#{reference}] Received: {title}\nThank you. Reference {reference}.\n"
PASS = "mx.city.example; dmarc=pass"


def start_django() -> None:
    """Start Django once a process, on a database of its own."""
    from django.apps import apps

    if not apps.ready:
        home = Path(tempfile.mkdtemp(prefix="orgo-test-"))
        boot.start(load(home, environment()))
        from orgo.ops.up import prepare_database

        prepare_database()


class Office:
    """One installation for one test. `config`, `people` and `rules` replace the usual files' texts."""

    def __init__(self, home: Path, config: str = CONFIG, people: str = PEOPLE, rules: str = RULES) -> None:
        self.home = home
        self.catcher = Catcher()
        folder = home / "config"
        (folder / "templates").mkdir(parents=True)
        (folder / "config.yaml").write_text(config.format(port=self.catcher.start()))
        (folder / "people.yaml").write_text(people)
        (folder / "rules.yaml").write_text(rules)
        (folder / "templates" / "received.txt").write_text(RECEIVED)
        start_django()
        self.config: Config = load(home, environment())
        self._former = (boot.config(), clock.current())
        boot.use(self.config)
        self.clock = clock.VirtualClock(MONDAY)
        clock.use(self.clock)
        self._empty()
        self._move_in()

    def _empty(self) -> None:
        from django.core.management import call_command
        from django.db import connection

        from orgo.flow.house import RULES as RULE_FILE

        call_command("flush", interactive=False, verbosity=0)
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM search_entry")
        RULE_FILE.__init__()  # type: ignore[misc]

    def _move_in(self) -> None:
        from orgo.message.pool import ParserPool
        from orgo.ops.up import courier_for, hooks_for
        from orgo.people.roster import apply_roster

        apply_roster(self.config.roster)
        self.parser = ParserPool()
        self.courier = courier_for(self.config)
        self.hooks = hooks_for(self.config)

    def close(self) -> None:
        """Leave, and give the process its clock and configuration back."""
        self.parser.close()
        self.courier.close()
        self.catcher.stop()
        boot.use(self._former[0])
        clock.use(self._former[1])

    # -- doing

    def take_at_most(self, size: int) -> None:
        """From now on no mail may have more bytes than that."""
        smtp = self.config.intake.smtp.model_copy(update={"max_size": size})
        intake = self.config.intake.model_copy(update={"smtp": smtp})
        boot.use(self.config.model_copy(update={"intake": intake}))

    def mail(self, sender: str = "clara@people.example", subject: str = "Water leak", **more: Any) -> Any:
        """A mail arrives and everything that follows at this instant happens; returns its row."""
        from orgo.intake.models import Mail
        from orgo.intake.store import Incoming
        from orgo.pipeline import take

        to = more.pop("to", "info@city.example")
        data = more.pop("raw", None) or written(sender, to, subject, self.clock.now(), **more)
        (row,) = take(
            [Incoming(data=data, source="smtp", envelope_from=sender, envelope_to=(to,), peer="127.0.0.1")]
        )
        self.settle()
        return Mail.objects.get(pk=row.pk)

    def answer(self, sender: str, words: str, **more: Any) -> Any:
        """`sender` answers the last letter received, in so many words; returns the mail's row."""
        letter = self.letters(sender)[-1]
        raw = {
            "In-Reply-To": str(letter["Message-ID"]),
            "Authentication-Results": PASS,
            **more.pop("headers", {}),
        }
        return self.mail(
            sender, f"Re: {letter['Subject']}", to=str(letter["Reply-To"]), body=words, headers=raw, **more
        )

    def settle(self) -> None:
        """Work until nothing waits at this instant."""
        from orgo import pipeline

        while any((pipeline.route(self.parser), pipeline.sweep(), *self._deliver())):
            pass

    def _deliver(self) -> tuple[int, int]:
        from orgo import pipeline

        return pipeline.deliver(self.courier), pipeline.deliver(self.hooks, channel="webhook")

    def later(self, **by: float) -> None:
        """Let time pass, stopping at everything that is due on the way."""
        from orgo.task.queries import next_timer

        end = self.clock.now() + timedelta(**by)
        while True:
            at = next_timer()
            if at is None or at > end:
                break
            self.clock.move_to(max(at, self.clock.now()))
            self.settle()
        self.clock.move_to(end)
        self.settle()

    def until_mail(self, count: int) -> None:
        """Wait until so many mails have been taken (by a page or a listener on another thread)."""
        from orgo.intake.models import Mail

        end = time.monotonic() + 20
        while Mail.objects.count() < count and time.monotonic() < end:
            threading.Event().wait(0.02)

    # -- looking

    def letters(self, recipient: str | None = None) -> list[EmailMessage]:
        """The letters that arrived at the catcher (for one recipient), parsed, in order."""
        found = [c for c in self.catcher.caught if recipient is None or c.recipient == recipient]
        return [email.message_from_bytes(c.data, policy=policy.default) for c in found]

    def told(self) -> list[str]:
        """Who got a letter, in order."""
        return [letter.recipient for letter in self.catcher.caught]

    def forget(self) -> None:
        """Look only at letters from now on."""
        self.catcher.caught.clear()

    def task(self, reference: str | None = None) -> Any:
        """The task's row: the one with this reference, else the last opened."""
        from orgo.task.models import Task

        return Task.objects.get(reference=reference) if reference else Task.objects.order_by("id").last()

    def tasks(self) -> int:
        """How many tasks there are."""
        from orgo.task.models import Task

        return Task.objects.count()


def text_of(letter: EmailMessage) -> str:
    """The plain text of a letter."""
    body = letter.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


_count = 0


def written(
    sender: str,
    to: str,
    subject: str,
    at: datetime,
    *,
    body: str = "It leaks.",
    headers: dict[str, str] | None = None,
) -> bytes:
    """A mail's bytes."""
    global _count
    _count += 1
    more = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
    return (
        f"{more}From: {sender}\r\nTo: {to}\r\nSubject: {subject}\r\nMessage-ID: <m{_count}@people.example>\r\n"
        f"Date: {at:%a, %d %b %Y %H:%M:%S} +0000\r\n\r\n{body}\r\n"
    ).encode()
