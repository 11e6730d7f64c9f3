"""What a broker that is away adds: mail comes in, is told of and escalates through a Celery worker whose queue nobody answers.

Its watchman looks by itself every second (docs/operator/queue.md), so each wait is one or two of its rounds.
"""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bench import Row

if TYPE_CHECKING:
    from tests.crash.house import House

BROKERS = {"Redis": "redis://127.0.0.1:{}/0", "RabbitMQ": "amqp://guest:guest@127.0.0.1:{}//"}
MAILS = 12
PROMISED = 3_000_000.0  # µs
_ROOT = Path(__file__).resolve().parents[1]
_TAKE = """
import threading
from orgo.intake.store import Incoming
from orgo.pipeline import take
from tests.crash.house import mail
for number in range({first}, {last}):
    threading.Event().wait(0.37)
    sender, data = f"citizen{{number}}@people.example", mail(number)
    take([Incoming(data=data, source="smtp", envelope_from=sender, envelope_to=("info@city.example",))])
"""
# From when to when, of the mails after the first.
_WAITS = {
    "mail to decision": "select received_at, decided_at from intake_mail where id > {up}",
    "mail to its letters": "select m.received_at, l.settled_at from outbox_letter l join intake_mail m on m.task = l.task"
    " where l.channel = 'email' and l.kind != 'escalated' and m.id > {up}",
}
_LATE = (
    "select max(json_extract(e.data, '$.late_by')) from audit_event e join intake_mail m on m.task = e.task"
    " where e.type = 'task.escalated' and m.id > {up}"
)


def run() -> list[Row]:
    """The longest wait of each kind, in µs."""
    rows = []
    for broker, address in BROKERS.items():
        with tempfile.TemporaryDirectory(prefix="orgo-bench-") as folder:
            found = _measured(Path(folder), address)
        rows += [
            Row(f"{broker} away: {kind}, the longest", wait * 1e6, most=PROMISED, worst=True)
            for kind, wait in found.items()
        ]
    return rows


def _measured(folder: Path, address: str) -> dict[str, float]:
    from tests.crash.house import RULES, House
    from tests.servers.ports import free_port

    house = House(folder / "home", free_port(), queue=address.format(free_port()))
    (house.home / "config" / "rules.yaml").write_text(RULES.replace("2 hours", "2 s"))
    try:
        with _worker(house):
            _all_done(house, 0, 1)  # the worker is up by now
            up = house.rows("select max(id) from intake_mail")[0][0]
            _all_done(house, 1, 1 + MAILS)
        return _longest(house, up)
    finally:
        house.close()


@contextmanager
def _worker(house: "House") -> Iterator[None]:
    path = os.pathsep.join([str(_ROOT / "src"), str(_ROOT)])
    environ = {**os.environ, "PYTHONPATH": path, "ORGO_HOME": str(house.home)}
    words = ["--workdir", str(_ROOT), "-A", "tasks", "worker", "--loglevel=error", "--concurrency=1"]
    with (house.home / "worker.log").open("wb") as log:
        worker = subprocess.Popen(
            [sys.executable, "-m", "celery", *words], env=environ, stdout=log, stderr=log
        )
    try:
        yield
        worker.send_signal(signal.SIGTERM)
        worker.wait(60)
    finally:
        worker.kill()
        worker.wait()


def _all_done(house: "House", first: int, last: int) -> None:
    """These mails come in one after the other, and all that follows from them has happened."""
    house.run(_TAKE.format(first=first, last=last))
    levels = "select count(*) from audit_event where type = 'task.escalated'"
    house.until_so(lambda: house.rows(levels) == [(last,)] and house.idle())


def _longest(house: "House", up: int) -> dict[str, float]:
    """The longest wait of each kind, in seconds, of the mails after the one with the id `up`."""
    longest = {
        kind: max(_seconds(begun, ended) for begun, ended in house.rows(sql.format(up=up)))
        for kind, sql in _WAITS.items()
    }
    ((late,),) = house.rows(_LATE.format(up=up))
    return {**longest, "due level to escalation": float(late)}


def _seconds(begun: str, ended: str) -> float:
    return (datetime.fromisoformat(ended) - datetime.fromisoformat(begun)).total_seconds()
