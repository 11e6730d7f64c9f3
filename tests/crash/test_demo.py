"""kill -9 on the demo itself, again and again while mail pours in: nothing is lost, nothing happens twice."""

import contextlib
import os
import random
import signal
import smtplib
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.crash.house import ROOT, Sender, message_id_of
from tests.servers.ports import free_port

# `make crash` kills it fifty times; each start of the demo costs two seconds.
KILLS = int(os.environ.get("ORGO_KILLS", "4"))
MAILS_A_KILL = 3


class Demo:
    """`orgo demo` in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.home = folder, folder / "var" / "demo"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait for its sign-in link."""
        environ = {**os.environ, "ORGO_HOME": str(self.folder)}
        command = [sys.executable, str(ROOT / "orgo"), "demo", "--port", str(free_port())]
        self.process = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, start_new_session=True)
        assert self.process.stdout is not None
        assert any(b"Sign in" in line for line in self.process.stdout)

    def kill(self) -> None:
        """kill -9: the demo's own process; its parser has to notice by itself."""
        assert self.process is not None
        self.process.kill()
        self._bury()

    def end(self) -> None:
        """End it as Ctrl-C does."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        self._bury()

    def _bury(self) -> None:
        assert self.process is not None and self.process.stdout is not None
        self.process.wait(timeout=60)
        self.process.stdout.close()

    def send(self, number: int) -> bool:
        """Send the mail with this number; True when it was taken."""
        try:
            config = yaml.safe_load((self.home / "config" / "config.yaml").read_text())
            with smtplib.SMTP("127.0.0.1", config["intake"]["smtp"]["port"], timeout=10) as smtp:
                smtp.sendmail(f"citizen{number}@people.example", ["info@city.example"], mail(number))
        except (OSError, smtplib.SMTPException, TypeError, yaml.YAMLError):
            time.sleep(0.05)
            return False
        return True

    def rows(self, sql: str) -> list[tuple]:
        with contextlib.closing(
            sqlite3.connect(f"file:{self.home}/var/orgo.db?mode=ro", uri=True, timeout=20)
        ) as database:
            return database.execute(sql).fetchall()

    def idle(self) -> bool:
        """Whether every mail has an outcome, and no letter is on its way."""
        mails = self.rows("select 1 from intake_mail where outcome = '' limit 1")
        letters = "select 1 from outbox_letter where state in ('pending', 'claimed', 'dot') limit 1"
        return not mails and not self.rows(letters)


def mail(number: int) -> bytes:
    """The same bytes each time it is sent."""
    return (
        f"From: Citizen {number} <citizen{number}@people.example>\r\nTo: info@city.example\r\nSubject: Pothole {number}\r\n"
        f"Message-ID: <pothole-{number}@people.example>\r\nDate: Mon, 07 Sep 2026 08:00:00 +0000\r\n\r\n"
        f"There is a hole in the road before house {number}.\r\n"
    ).encode()


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    made = Demo(tmp_path)
    yield made
    if made.process is not None and made.process.poll() is None:
        made.kill()


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_the_demo_killed_while_mail_pours_in_loses_and_doubles_nothing(demo: Demo) -> None:
    spread = random.Random(11)
    demo.start()
    sender = Sender(demo, KILLS * MAILS_A_KILL)
    sender.start()
    for _ in range(KILLS):
        threading.Event().wait(spread.random())
        demo.kill()
        demo.start()
    sender.join(timeout=120)
    assert sender.sent == KILLS * MAILS_A_KILL
    until(demo.idle)
    demo.end()

    assert of_the_mails(demo, sender.sent) == []
    assert of_the_letters(demo) == []
    assert of_the_trail(demo) == ""


def until(condition, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        threading.Event().wait(0.1)


def of_the_mails(demo: Demo, sent: int) -> list[str]:
    """Each mail opened one task, and everybody whose work it is was told once."""
    ours = "from_address like 'citizen%@people.example'"
    opened = demo.rows(
        f"select from_address, count(*) from intake_mail where outcome = 'opened' and {ours} group by 1"
    )
    wrong = [f"opened {opened}"] if len(opened) != sent or any(count != 1 for _, count in opened) else []
    told = demo.rows(
        f"select task, recipient, count(*) from outbox_letter where kind = 'opened'"
        f" and task in (select task from intake_mail where {ours}) group by 1, 2"
    )
    if len({task for task, _, _ in told}) != sent or any(count != 1 for _, _, count in told):
        wrong.append(f"told {told}")
    others = demo.rows(
        f"select outcome, count(*) from intake_mail where outcome not in ('opened', 'linked') and {ours} group by 1"
    )
    return wrong + [f"other outcomes {others}"] * bool(others)


def of_the_letters(demo: Demo) -> list[str]:
    """Each letter that was sent arrived, once unless it says that it may have been sent twice."""
    rows = demo.rows("select message_id, state, repeated from outbox_letter where channel = 'email'")
    caught = demo.home / "var" / "caught"
    arrived = Counter(message_id_of(file.read_bytes()) for file in caught.glob("*.eml"))
    lost = {id for id, state, _ in rows if state == "sent"} - set(arrived)
    unknown = set(arrived) - {id for id, _, _ in rows}
    doubled = {id for id, count in arrived.items() if count > 1} - {id for id, _, again in rows if again}
    return [
        f"{name} {ids}" for name, ids in (("lost", lost), ("unknown", unknown), ("doubled", doubled)) if ids
    ]


def of_the_trail(demo: Demo) -> str:
    """What `orgo task rebuild --check` finds wrong, and levels that were called twice."""
    command = [sys.executable, str(ROOT / "orgo"), "task", "rebuild", "--check"]
    checked = subprocess.run(
        command, env={**os.environ, "ORGO_HOME": str(demo.home)}, capture_output=True, text=True
    )
    twice = demo.rows(
        "select task, count(*) from audit_event where type = 'task.escalated' group by task, data having count(*) > 1"
    )
    return (checked.stdout + checked.stderr) * bool(checked.returncode) + str(twice) * bool(twice)
