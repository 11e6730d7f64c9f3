"""A house for the crash tests: a home, a catcher for its letters, a sender that tries again as a mail server does."""

import contextlib
import os
import shutil
import signal
import smtplib
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from copy import copy
from pathlib import Path
from typing import Protocol

import psycopg

from orgo.demo.catcher import Catcher
from tests.warm import Split, warm

ROOT = Path(__file__).resolve().parents[2]
PEOPLE = """
organizations: [{label: city, name: City}]
teams:
  - {name: works, address: works@city.example, organization: city, supervisor: chief@city.example, members: [anna@city.example, ben@city.example], triage: true}
users:
  - {address: anna@city.example, name: Anna, role: technician}
  - {address: ben@city.example, name: Ben, role: technician}
  - {address: chief@city.example, name: Chief, role: supervisor}
"""
RULES = """
version: 1
default: {route_to: works@city.example}
rules:
  - name: Leaks
    condition: "subject contains 'leak'"
    action:
      route_to: works@city.example
      levels: [{after: 2 hours, to: chief@city.example}]
"""
CONFIG = """
database: {database}
database_may_lose_data: true
organization: {{name: City, zone: UTC}}
intake: {{smtp: {{host: 127.0.0.1, port: {port}, domains: [city.example]}}}}
smtp: {{host: 127.0.0.1, port: {catcher}, from: orgo@city.example}}
"""


PROOF = """
from orgo.audit.keys import signing_key
from orgo.audit.seal import seal
from orgo.audit.verify import verify
while seal(signing_key(c), c.var):
    pass
found = verify(c.var)
print(found.unsealed, found.wrong)
"""


class House:
    """One installation that is killed and started again."""

    def __init__(
        self,
        home: Path,
        port: int,
        database: str = "sqlite:///./var/orgo.db",
        queue: str = "",
        furnished: Path | None = None,
        checkout: Path = ROOT,
    ) -> None:
        """`furnished` is the var folder of another house; where it is given the database is a copy of that house's.

        `checkout` is whose code makes the database, and works.
        """
        self.home, self.port, self.database = home, port, database
        self.checkout = checkout
        self.catcher = Catcher()
        self.process: subprocess.Popen[str] | Split | None = None
        self._server: psycopg.Connection | None = None
        (home / "config").mkdir(parents=True)
        (home / "config" / "people.yaml").write_text(PEOPLE)
        (home / "config" / "rules.yaml").write_text(RULES)
        (home / "config" / "config.yaml").write_text(
            CONFIG.format(port=port, catcher=self.catcher.start(), database=database)
        )
        if queue:
            self.configure(f"queue: {queue}")
        if furnished is None:
            self._set_up()
        else:
            shutil.copytree(furnished, home / "var")

    def configure(self, lines: str) -> None:
        """Add these lines to the configuration."""
        file = self.home / "config" / "config.yaml"
        file.write_text(f"{file.read_text()}{lines}\n")

    def _set_up(self) -> None:
        self.run(
            "from orgo.ops.up import prepare_database; prepare_database();"
            "from orgo.people.roster import apply_roster; apply_roster(c.roster)"
        )

    def run(self, code: str, crash: str = "") -> str:
        """Run some Python in this installation, `c` is its configuration; returns what it prints.

        Where `crash` arms a point the process is to die there, and only there.
        """
        start = "import sys; from pathlib import Path; from orgo.conf import boot, load; c = boot.start(load(Path(sys.argv[1])));"
        arguments = ["-c", f"{start}\n{code}", str(self.home)]
        environ = self._environ(crash, self.checkout)
        if self.checkout == ROOT:
            done = warm().run(arguments, environ)
        else:
            command = [sys.executable, *arguments]
            done = subprocess.run(command, env=environ, cwd=self.checkout, capture_output=True, text=True)
        assert done.returncode == (-9 if crash else 0), f"{crash}: {done.returncode}\n{done.stderr}"
        return done.stdout

    def _environ(self, crash: str, checkout: Path = ROOT) -> dict[str, str]:
        path = os.pathsep.join([str(checkout / "src"), str(checkout)])
        port = {"ORGO_INTAKE__SMTP__PORT": str(self.port)}
        return {**os.environ, **port, "PYTHONPATH": path, "ORGO_CRASH": crash}

    def beside(self, checkout: Path, port: int) -> "House":
        """Another process on this installation, from another checkout's code and listening on a port of its own."""
        other = copy(self)
        other.checkout, other.port, other.process, other._server = checkout, port, None, None
        return other

    def start(self, crash: str = "", hours: float = 0.0) -> None:
        """Start Orgo; `crash` arms a point ("H4.before_commit:2"), `hours` sets its clock ahead."""
        self._bury()
        arguments = ["-m", "tests.crash.worker", str(self.home), str(hours)]
        environ = self._environ(crash, self.checkout)
        if self.checkout == ROOT:
            self.process = warm().start(arguments, environ)
        else:
            self.process = subprocess.Popen(
                [sys.executable, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                cwd=self.checkout,
                env=environ,
            )
        assert self.process.stdout is not None
        self.process.stdout.readline()

    def _bury(self) -> None:
        """Close the pipes of the process that was."""
        if self.process is not None:
            self.process.wait(timeout=40)
            for pipe in (self.process.stdin, self.process.stdout):
                with contextlib.suppress(OSError):
                    assert pipe is not None
                    pipe.close()
            self.process = None

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def was_killed(self) -> bool:
        """Whether it died by SIGKILL: one that could not start has not died at its point."""
        return self.process is not None and self.process.poll() == -9

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """End Orgo in good order; where it does not end, say what its threads are doing."""
        if self.process is not None and self.process.stdin is not None:
            self.process.stdin.close()
            try:
                self.process.wait(timeout=40)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGUSR1)
                self.until(lambda: (self.home / "stacks").stat().st_size > 0, 5)
                log, stacks = (
                    (self.home / "worker.log").read_text()[-4000:],
                    (self.home / "stacks").read_text(),
                )
                raise AssertionError(f"Orgo does not end\n{log}\n{stacks}") from None

    def end(self) -> None:
        """Whatever still runs here runs no more."""
        if self.alive():
            self.kill()
        self._bury()
        self._hang_up()

    def close(self) -> None:
        self.end()
        self.catcher.stop()

    def send(self, number: int, *, tries: int = 1) -> bool:
        """Send the mail with this number; True when it was taken. A sender tries again until it is."""
        for _ in range(tries):
            try:
                with smtplib.SMTP("127.0.0.1", self.port, timeout=10) as smtp:
                    smtp.sendmail(f"citizen{number}@people.example", ["info@city.example"], mail(number))
                return True
            except (OSError, smtplib.SMTPException):
                time.sleep(0.05)
        return False

    def rows(self, sql: str) -> list[tuple]:
        """Ask the database, read-only."""
        if self.database.startswith("postgresql:"):
            return self._asked(sql)
        with sqlite3.connect(
            f"file:{self.home / 'var' / 'orgo.db'}?mode=ro", uri=True, timeout=20
        ) as connection:
            return connection.execute(sql).fetchall()

    def _asked(self, sql: str) -> list[tuple]:
        """Ask PostgreSQL, while Orgo runs by one connection, for it is asked twenty times a second; anew where the server died."""
        if self._server is not None:
            with contextlib.suppress(psycopg.OperationalError):
                return self._server.execute(sql).fetchall()
        self._hang_up()
        self._server = psycopg.connect(self.database, options="-c search_path=orgo", autocommit=True)
        try:
            return self._server.execute(sql).fetchall()
        finally:
            if not self.alive():
                self._hang_up()

    def _hang_up(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    def until(self, condition: Callable[[], bool], seconds: float = 45.0) -> bool:
        """Wait until the condition holds, or Orgo has died, or the time is over; says whether it held."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if condition():
                return True
            if not self.alive():
                return False
            threading.Event().wait(0.05)
        return condition()

    def until_so(self, condition: Callable[[], bool]) -> None:
        """Wait for what other processes than Orgo's own do."""
        end = time.monotonic() + 90
        while not condition():
            assert time.monotonic() < end
            threading.Event().wait(0.05)

    def idle(self) -> bool:
        """Whether nothing waits: no mail without an outcome, no letter on its way."""
        (mails,) = self.rows("select count(*) from intake_mail where outcome = ''")[0]
        (letters,) = self.rows(
            "select count(*) from outbox_letter where state in ('pending', 'claimed', 'dot')"
        )[0]
        return not mails and not letters


class Taker(Protocol):
    """Whoever takes mails by their number and says whether it did."""

    def send(self, number: int) -> bool: ...


class Sender(threading.Thread):
    """Sends mails one after the other, each until it is taken, as a mail server does."""

    def __init__(self, to: Taker, count: int) -> None:
        super().__init__(daemon=True)
        self.to, self.count, self.sent = to, count, 0

    def run(self) -> None:
        while self.sent < self.count:
            if self.to.send(self.sent):
                self.sent += 1


def mail(number: int) -> bytes:
    """The mail with this number; the same bytes each time it is sent."""
    return (
        f"From: Citizen {number} <citizen{number}@people.example>\r\nTo: info@city.example\r\nSubject: Water leak {number}\r\n"
        f"Message-ID: <leak-{number}@people.example>\r\nDate: Mon, 07 Sep 2026 08:00:00 +0000\r\n\r\nIt leaks in room {number}.\r\n"
    ).encode()


def invariants(house: House, sent: int, *, escalated: bool | None = False, unsure: bool = False) -> list[str]:
    """What design/reliability.md 1.12 asks for, counted; returns what does not hold.

    `escalated` says whether each task has had its first level; None where that is a matter of time.
    Where `unsure`, a letter whose senders died in the dot twice may be ambiguous: it waits for a person.
    """
    wrong = []
    one_each = house.rows(
        "select from_address, count(*) from intake_mail where outcome = 'opened' group by 1"
    )
    if len(one_each) != sent or any(count != 1 for _, count in one_each):
        wrong.append(f"{sent} mails sent, opened: {one_each}")
    odd = house.rows(
        "select outcome, count(*) from intake_mail where outcome not in ('opened', 'linked') group by 1"
    )
    if odd:
        wrong.append(f"other outcomes: {odd}")
    (tasks,) = house.rows("select count(*) from task_task")[0]
    if tasks != sent:
        wrong.append(f"{tasks} tasks for {sent} mails")
    wrong += _letters(house, sent, escalated, unsure) + _trail(house) + leftovers(house)
    return wrong


def leftovers(house: House) -> list[str]:
    """What is claimed by somebody although nothing is left to do, and what the sealed trail's own proof finds."""
    wrong = []
    leased = house.rows("select count(*) from outbox_letter where lease_until is not null")[0][0]
    leased += house.rows("select count(*) from intake_mail where lease_until is not null")[0][0]
    if leased:
        wrong.append(f"{leased} rows are still leased")
    said = house.run(PROOF)
    if said.split() != ["0", "None"]:
        wrong.append(f"the trail: {said}")
    return wrong


def _letters(house: House, mails: int, escalated: bool | None, unsure: bool) -> list[str]:
    of_mail = "from outbox_letter where channel = 'email'"
    one_each = "group by task, kind, recipient, subject having count(*) > 1"
    twice = house.rows(f"select task, kind, recipient, subject, count(*) {of_mail} {one_each}")
    wrong = [f"made twice {twice}"] if twice else []
    rows = house.rows(f"select message_id, state, repeated {of_mail}")
    (levels,) = house.rows(f"select count(*) {of_mail} and kind = 'escalated'")[0]
    wanted = mails * 2 + (levels if escalated is None else mails * escalated)
    states = Counter(state for _, state, _ in rows)
    may_be = {"sent", "ambiguous"} if unsure else {"sent"}
    if len(rows) != wanted or not set(states) <= may_be:
        wrong.append(f"letters {states}, wanted {wanted} sent")
    early = [id for id, state, again in rows if state == "ambiguous" and not again]
    if early:
        wrong.append(f"ambiguous without having been sent again {early}")
    sent = {id for id, state, _ in rows if state == "sent"}
    repeated = {id for id, _, again in rows if again}
    arrived = Counter(message_id_of(letter.data) for letter in house.catcher.caught)
    lost, unknown = sent - set(arrived), set(arrived) - {id for id, _, _ in rows}
    doubled = {id for id, count in arrived.items() if count > 1} - repeated
    if lost or doubled or unknown:
        wrong.append(f"lost {lost}, doubled without being known {doubled}, unknown {unknown}")
    return wrong


def message_id_of(data: bytes) -> str:
    """The Message-ID of a mail's bytes."""
    line = next(line for line in data.split(b"\r\n") if line.lower().startswith(b"message-id:"))
    return line.partition(b":")[2].strip().decode()


def _trail(house: House) -> list[str]:
    wrong = []
    holes = house.rows(
        "select t.id from task_task t where t.seq != (select count(*) from audit_event e where e.task = t.id)"
        " or t.seq != (select max(seq) from audit_event e where e.task = t.id)"
    )
    if holes:
        wrong.append(f"tasks whose events have a hole: {holes}")
    fired = house.rows(
        "select task, count(*) from audit_event where type = 'task.escalated' group by 1 having count(*) > 1"
    )
    if fired:
        wrong.append(f"levels fired more than once: {fired}")
    return wrong
