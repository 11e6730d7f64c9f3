"""The whole way after a loss: a backup, mail and letters after it, restored on another machine, fetched again from Dovecot."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from orgo.conf import Config, load
from orgo.demo.world import free_port
from orgo.lib import clock
from tests.database import environment
from tests.integration.test_backup import KEY, ROOT, Place, restore_words
from tests.office import CONFIG, Office, written
from tests.servers.dovecot import PASSWORD, Dovecot

pytestmark = pytest.mark.needs("dovecot")
USER = "came-back@city.example"
MORE = """
mailboxes: [{{host: localhost, port: {imap}, username: '{user}', password: 'file:../secrets/box'}}]
backup: {{key: 'file:../secrets/backup.key', to: {store}}}
"""


def give_secrets(home: Path) -> None:
    (home / "secrets").mkdir(parents=True)
    (home / "secrets" / "backup.key").write_text(KEY)
    (home / "secrets" / "box").write_text(PASSWORD)


@pytest.fixture
def lost(tmp_path: Path, dovecot: Dovecot) -> Iterator[Office]:
    """An office that works on a mailbox by the machine's own clock, as its successor does; it will be lost."""
    (tmp_path / "store").mkdir()
    (tmp_path / "kept.key").write_text(KEY)
    give_secrets(tmp_path / "first")
    more = MORE.format(imap=dovecot.imap, user=USER, store=tmp_path / "store")
    office = Office(tmp_path / "first", config=CONFIG + more.replace("{", "{{").replace("}", "}}"))
    clock.use(clock.SystemClock())
    yield office
    office.close()


def known(office: Office) -> Config:
    """The office's configuration, which names the database that this process works on."""
    from django.db import connection

    file = connection.settings_dict["NAME"]
    return load(office.home, environment() or {"ORGO_DATABASE": f"sqlite:///{file}"})


def fetch(office: Office) -> int:
    from orgo.intake.mailbox.watch import Watcher

    return Watcher(office.config.accounts[0]).fetch()


def arrive(dovecot: Dovecot, number: int) -> None:
    sender, subject = f"c{number}@people.example", f"Water leak {number}"
    dovecot.put(USER, written(sender, "info@city.example", subject, datetime.now(UTC)))


def until(so: Callable[[], bool], process: "subprocess.Popen[str]") -> None:
    """Ask until it is so, as long as the process lives."""
    for _ in range(600):
        if so() or process.poll() is not None:
            break
        Event().wait(0.1)
    assert so(), (
        process.stderr.read() if process.poll() is not None and process.stderr else "it did not happen"
    )


@contextmanager
def running(place: Place) -> "Iterator[subprocess.Popen[str]]":
    """Orgo in this home, told to end afterwards."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ORGO_")}
    environ = {**kept, "ORGO_HOME": str(place.home), **place.environ}
    words = [sys.executable, str(ROOT / "orgo"), "up"]
    orgo = subprocess.Popen(words, env=environ, stderr=subprocess.PIPE, text=True)
    try:
        yield orgo
    finally:
        orgo.send_signal(signal.SIGTERM)
        orgo.communicate(timeout=60)


def rows(home: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(home / "var" / "orgo.db")) as connection:
        return [row[0] for row in connection.execute(query)]


def test_no_mail_is_lost_or_doubled_and_what_was_told_already_is_told_again_only_by_a_person(
    lost: Office, dovecot: Dovecot, tmp_path: Path
) -> None:
    from orgo import pipeline
    from orgo.backup.making import create
    from orgo.intake.mailbox.golive import go_live

    go_live(USER, datetime.now(UTC) - timedelta(hours=1))
    arrive(dovecot, 1)
    assert fetch(lost) == 1
    lost.settle()
    arrive(dovecot, 2)
    assert fetch(lost) == 1
    pipeline.route(lost.parser)
    lost.forget()
    made = create(known(lost))
    lost.settle()
    arrive(dovecot, 3)
    assert fetch(lost) == 1
    lost.settle()
    told = Counter(lost.told())
    assert set(told.values()) == {2}, told
    lost.forget()

    there = Place(
        tmp_path / "second", ORGO_WEB__PORT=str(free_port()), ORGO_INTAKE__SMTP__PORT=str(free_port())
    )
    there.home.mkdir()
    words = restore_words(tmp_path / "store" / made.name, "--to", "sqlite:///./var/orgo.db")
    assert there.run(*words).returncode == 0
    give_secrets(there.home)
    with running(there) as orgo:
        held = "SELECT recipient FROM outbox_letter WHERE state = 'held'"
        until(lambda: len(rows(there.home, held)) >= told.total(), orgo)
        assert Counter(rows(there.home, held)) == told and lost.told() == []

        released = there.run("backup", "release")
        assert released.returncode == 0, released.stderr
        until(lambda: len(lost.told()) >= told.total(), orgo)
    assert orgo.returncode == 0
    assert Counter(lost.told()) == told and rows(there.home, held) == []
    titles = rows(there.home, "SELECT title FROM task_task ORDER BY title")
    assert titles == [f"Water leak {number}" for number in (1, 2, 3)]
