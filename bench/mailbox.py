"""A mailbox that is read for the first time: 20,000 mails on a Dovecot stored, beside a loop that only fetches them.

The floor is a bare imapclient loop over the same mails on the same server, which writes nothing. Then how long a mail
takes from its arrival on the server to its task. Skipped without Dovecot.
"""

import os
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import Row

MAILS = int(os.environ.get("ORGO_BENCH_MAILS", "20000"))
AT_ONCE = 200
USER = "bench@city.example"
MAY_TAKE = 2e6  # µs


def run() -> list[Row]:
    """What a mail costs, in µs; storing goes at no less than half the rate of the loop."""
    if not shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"):
        print("no dovecot on this machine: mailboxes are not measured", file=sys.stderr)
        return []
    from tests.servers.dovecot import Dovecot

    server = Dovecot()
    try:
        server.fill(USER, (_mail(number) for number in range(MAILS)), datetime(2026, 9, 7, tzinfo=UTC))
        return _compared(server)
    finally:
        server.stop()


def _compared(server: Any) -> list[Row]:
    _fetch_only(server)  # Dovecot reads its files for the first time
    with tempfile.TemporaryDirectory(prefix="orgo-bench-") as folder:
        ours = _per_mail(_storing(server, Path(folder)))
        floor = _per_mail(lambda: _fetch_only(server))
        to_task = _arrival_to_task(server)
    return [
        Row(f"IMAP: {MAILS:,} mails fetched and stored on SQLite", ours, floor, most_ratio=2.0),
        Row("IMAP: from arrival to task by IDLE, median", to_task, most=MAY_TAKE),
    ]


def _arrival_to_task(server: Any) -> float:
    """The median of some mails, in µs, in a running Orgo of this process."""
    from orgo.conf import boot
    from orgo.intake.mailbox.golive import go_live
    from orgo.intake.models import Mail
    from orgo.ops.up import Running

    Mail.objects.filter(outcome="").update(outcome="history")
    account = _account(server, "idle@city.example")
    config = boot.config()
    smtp = config.intake.smtp.model_copy(update={"enabled": False})
    intake = config.intake.model_copy(update={"smtp": smtp})
    boot.use(config.model_copy(update={"intake": intake, "mailboxes": (account,)}))
    go_live(account.name, datetime(2026, 1, 1, tzinfo=UTC))
    running = Running(boot.config(), {"intake", "route"})
    running.start()
    try:
        return statistics.median(_one(server, account.name, number) for number in range(10))
    finally:
        running.stop()


def _one(server: Any, name: str, number: int) -> float:
    """From the server's OK for this mail to its task, in µs."""
    from orgo.intake.models import Mail, Mailbox

    _until(lambda: Mailbox.objects.filter(name=name, state="ok").exists())
    server.put("idle@city.example", _mail(number))
    began = time.perf_counter()
    _until(lambda: Mail.objects.filter(mailbox=name, outcome="opened").count() == number + 1)
    return (time.perf_counter() - began) * 1e6


def _until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "it did not come"
        threading.Event().wait(0.005)


def _account(server: Any, user: str) -> Any:
    from orgo.conf.config import Mailbox
    from tests.servers.dovecot import PASSWORD

    keys = {"host": "localhost", "port": server.imap, "username": user, "password": PASSWORD}
    return Mailbox.model_validate(keys)


def _mail(number: int) -> bytes:
    head = (
        f"Received: from mx.people.example (mx.people.example [203.0.113.9]) by mail.city.example with ESMTPS;\r\n"
        f" Mon, 7 Sep 2026 08:00:00 +0000\r\nFrom: Citizen {number} <c{number}@people.example>\r\n"
        f"To: info@city.example\r\nSubject: Water leak {number}\r\nMessage-ID: <{number}.leak@people.example>\r\n"
        "Date: Mon, 07 Sep 2026 08:00:00 +0000\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    )
    lines = (f"It leaks in room {number}, line {line}: {number * line % 9973}.\r\n" for line in range(100))
    return (head + "".join(lines)).encode()


def _per_mail(work: Callable[[], int]) -> float:
    began = time.perf_counter()
    done = work()
    assert done == MAILS, f"{done} of {MAILS} mails"
    return (time.perf_counter() - began) / MAILS * 1e6


def _fetch_only(server: Any) -> int:
    from imapclient import IMAPClient

    from tests.servers.dovecot import PASSWORD

    count = 0
    with IMAPClient("127.0.0.1", server.imap, ssl=False) as client:
        client.login(USER, PASSWORD)
        client.select_folder("INBOX", readonly=True)
        uids = client.search()
        for start in range(0, len(uids), AT_ONCE):
            count += len(client.fetch(uids[start : start + AT_ONCE], ["BODY.PEEK[]"]))
    return count


def _storing(server: Any, folder: Path) -> Callable[[], int]:
    from bench.store import furnish

    furnish(folder)
    from orgo.intake.mailbox.watch import Watcher

    return Watcher(_account(server, USER)).fetch
