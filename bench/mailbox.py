"""A mailbox that is read for the first time: 20,000 mails on a Dovecot stored, beside a loop that only fetches them.

The floor is a bare imapclient loop over the same mails on the same server, which writes nothing. Skipped without Dovecot.
"""

import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

MAILS = int(os.environ.get("ORGO_BENCH_MAILS", "20000"))
AT_ONCE = 200
USER = "bench@city.example"


def run() -> list[tuple[str, float, float, float]]:
    """Rows of (part, ours in µs a mail, floor in µs a mail, ratio of the two)."""
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


def _compared(server: Any) -> list[tuple[str, float, float, float]]:
    _fetch_only(server)  # Dovecot reads its files for the first time
    floors = [_per_mail(lambda: _fetch_only(server)) for _ in range(2)]
    with tempfile.TemporaryDirectory(prefix="orgo-bench-") as folder:
        ours = _per_mail(_storing(server, Path(folder)))
    floor = statistics.median([*floors, _per_mail(lambda: _fetch_only(server))])
    return [(f"IMAP: {MAILS:,} mails fetched and stored on SQLite", ours, floor, ours / floor)]


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
    from tests.servers.dovecot import PASSWORD

    furnish(folder)
    from orgo.conf.config import Mailbox
    from orgo.intake.mailbox.watch import Watcher

    account = Mailbox.model_validate(
        {"host": "localhost", "port": server.imap, "username": USER, "password": PASSWORD}
    )
    return Watcher(account).fetch


if __name__ == "__main__":
    for part, ours, floor, ratio in run():
        print(f"{part:60} {ours:8.0f} µs  floor {floor:8.0f} µs  x{ratio:.2f}")
