"""How long other senders' mails wait beside a storm of 100,000 from one, on PostgreSQL: decided within a minute.

The storm waits already when they come, so a worker that took what is oldest would decide all of it before them.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import Row

STORM, OTHERS = 100_000, 200
BATCH = 200
PROMISED = 60_000_000.0  # µs
_ROOT = Path(__file__).resolve().parents[1]


def run() -> list[Row]:
    """From the arrival of the others' mails to the last one's decision, in µs."""
    from tests.servers.postgresql import Postgresql

    server = Postgresql(max_wal_size="4GB", shared_buffers="256MB").start()
    try:
        path = os.pathsep.join([str(_ROOT / "src"), str(_ROOT)])
        environ = {**os.environ, "PYTHONPATH": path, "ORGO_DATABASE": server.url("office")}
        command = [sys.executable, "-m", "bench.storm"]
        said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environ).stdout
    finally:
        server.stop()
    part = f"PostgreSQL: {OTHERS} mails of others in a storm of {STORM:,}"
    return [Row(part, float(said), most=PROMISED, worst=True)]


def measure() -> float:
    """The figure, in µs, of one worker."""
    from bench import store

    with tempfile.TemporaryDirectory(prefix="orgo-bench-") as folder:
        store.furnish(Path(folder), os.environ)
        _take(STORM, "storm@x.example")
        return _decided()


def _take(mails: int, sender: str) -> list[int]:
    from orgo.intake.store import Incoming, store_many

    made = (
        Incoming(
            data=b"From: %s\r\nSubject: Leak %d\r\n\r\nIt leaks.\r\n" % (sender.encode(), number),
            source="smtp",
            envelope_from=sender if mails > OTHERS else f"{number}.{sender}",
        )
        for number in range(mails)
    )
    found: list[int] = []
    while batch := [one for _, one in zip(range(BATCH), made, strict=False)]:
        found += store_many(batch)
    return found


def _decided() -> float:
    """Take the others' mails, and work until each is decided."""
    from orgo.flow.house import open_house
    from orgo.intake.models import Mail
    from orgo.message.pool import ParserPool
    from orgo.pipeline import Router

    assert open_house()
    parser = ParserPool()
    router = Router(parser)
    began = time.perf_counter()
    others = _take(OTHERS, "person@y.example")
    waiting = Mail.objects.filter(pk__in=others, outcome="")
    while waiting.exists():
        router.round(BATCH)
    took = time.perf_counter() - began
    router.close()
    parser.close()
    return took * 1e6


if __name__ == "__main__":
    print(measure())
