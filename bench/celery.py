"""What Celery costs: the same stored mails decided by its workers, woken by Redis or RabbitMQ, and by Orgo's own processes.

Each is an `orgo loadtest --via db` on PostgreSQL: mails wait, tasks and letters come of them, letters leave. Three processes
decide on both sides: two of Celery's pool with their watchman, and three of Orgo's own.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from bench import Row

MAILS, WORKERS, RULES = 6_000, 2, 1_000
PROMISED = 1 / 0.9  # at least 90 % of the rate without a queue
_ROOT = Path(__file__).resolve().parents[1]


def run() -> list[Row]:
    """What a mail costs with each broker, in µs of wall time; the floor has none."""
    from tests.servers.postgresql import Postgresql
    from tests.servers.rabbitmq import Rabbitmq
    from tests.servers.redis import Redis

    server = Postgresql(max_wal_size="4GB", shared_buffers="256MB").start()
    try:
        database = f"postgresql://boss@127.0.0.1:{server.port}/postgres"
        plain = _mail_costs(database, WORKERS + 1)
        rows = []
        for name, made in (("Redis", Redis), ("RabbitMQ", Rabbitmq)):
            broker = made().start()
            try:
                ours = _mail_costs(database, WORKERS, broker.url)
            finally:
                broker.stop()
            part = f"PostgreSQL: decided by Celery on {name}; floor: without a queue"
            rows.append(Row(part, ours, plain, most_ratio=PROMISED))
        return rows
    finally:
        server.stop()


def _mail_costs(database: str, workers: int, queue: str = "") -> float:
    words = ["--mails", MAILS, "--via", "db", "--rules", RULES, "--workers", workers, "--json"]
    path = os.pathsep.join([str(_ROOT / "src"), str(_ROOT)])
    with tempfile.TemporaryDirectory(prefix="orgo-bench-") as home:
        environ = {**os.environ, "PYTHONPATH": path, "ORGO_HOME": home, "ORGO_DATABASE": database}
        if queue:
            environ["ORGO_QUEUE"] = queue
        command = [sys.executable, str(_ROOT / "orgo"), "loadtest", *map(str, words)]
        said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environ).stdout
    return 1e6 / float(json.loads(said)["mails_per_second"])
