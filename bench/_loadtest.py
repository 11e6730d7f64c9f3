"""`orgo loadtest` on servers of the measurement's own, and what it tells as JSON."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parents[1]
BROKERS = ("Redis", "RabbitMQ")


@contextmanager
def database() -> Iterator[str]:
    """The URL of a PostgreSQL that is there for as long."""
    from tests.servers.postgresql import Postgresql

    server = Postgresql(max_wal_size="4GB", shared_buffers="256MB").start()
    try:
        yield f"postgresql://boss@127.0.0.1:{server.port}/postgres"
    finally:
        server.stop()


@contextmanager
def broker(name: str) -> Iterator[str]:
    """The URL of one of BROKERS that is there for as long."""
    from tests.servers.rabbitmq import Rabbitmq
    from tests.servers.redis import Redis

    server = Redis().start() if name == "Redis" else Rabbitmq().start()
    try:
        yield server.url
    finally:
        server.stop()


def loadtest(database: str, queue: str, *words: str, well: bool = True) -> dict[str, Any]:
    """Run it to its end.

    Args:
        database: PostgreSQL's URL.
        queue: the broker's URL, "" for none.
        words: its options.
        well: whether a test that is not well is a failure; the caller judges it by what is told where not.

    Raises:
        CalledProcessError: it failed.
    """
    path = os.pathsep.join([str(_ROOT / "src"), str(_ROOT)])
    with tempfile.TemporaryDirectory(prefix="orgo-bench-") as home:
        environ = {**os.environ, "PYTHONPATH": path, "ORGO_HOME": home, "ORGO_DATABASE": database}
        if queue:
            environ["ORGO_QUEUE"] = queue
        command = [sys.executable, str(_ROOT / "orgo"), "loadtest", *words, "--json"]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=environ)
    if well or done.returncode != 1 or not done.stdout:
        done.check_returncode()
    told: dict[str, Any] = json.loads(done.stdout)
    return told
