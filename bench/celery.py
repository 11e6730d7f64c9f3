"""What Celery costs: the same stored mails decided by its workers, woken by Redis or RabbitMQ, and by Orgo's own processes.

Each is an `orgo loadtest --via db` on PostgreSQL: mails wait, tasks and letters come of them, letters leave. Three processes
decide on both sides: two of Celery's pool with their watchman, and three of Orgo's own.
"""

from bench import Row
from bench._loadtest import BROKERS, broker, database, loadtest

MAILS, WORKERS, RULES = 6_000, 2, 1_000
PROMISED = 1 / 0.9  # at least 90 % of the rate without a queue


def run() -> list[Row]:
    """What a mail costs with each broker, in µs of wall time; the floor has none."""
    rows = []
    with database() as office:
        plain = _mail_costs(office, WORKERS + 1)
        for name in BROKERS:
            with broker(name) as queue:
                ours = _mail_costs(office, WORKERS, queue)
            part = f"PostgreSQL: decided by Celery on {name}; floor: without a queue"
            rows.append(Row(part, ours, plain, most_ratio=PROMISED))
    return rows


def _mail_costs(office: str, workers: int, queue: str = "") -> float:
    words = f"--mails {MAILS} --via db --rules {RULES} --workers {workers}".split()
    return 1e6 / float(loadtest(office, queue, *words)["mails_per_second"])
