"""What Celery costs: the same stored mails decided by its workers, woken by Redis or RabbitMQ, and by Orgo's own processes.

Each is an `orgo loadtest --via db` on PostgreSQL: mails wait, tasks and letters come of them, letters leave, and the time is
that until the last one has left: a worker of Celery's sends the letters that there are before it decides more mails, one of
Orgo's own does both by turns. Three processes work on both sides: two of Celery's pool with their watchman, and three of Orgo's.
"""

from bench import Row
from bench._loadtest import BROKERS, broker, database, loadtest

MAILS, WORKERS, RULES = 6_000, 2, 1_000
PROMISED = 1 / 0.9  # at least 90 % of the rate without a queue


def run() -> list[Row]:
    """What a mail costs with each broker, in µs of wall time until its letters have left; the floor has none."""
    rows = []
    with database() as office:
        plain = _mail_costs(office, WORKERS + 1)
        for name in BROKERS:
            with broker(name) as queue:
                ours = _mail_costs(office, WORKERS, queue)
            part = f"PostgreSQL: mails to letters by Celery on {name}; floor: without a queue"
            rows.append(Row(part, ours, plain, most_ratio=PROMISED))
    return rows


def _mail_costs(office: str, workers: int, queue: str = "") -> float:
    words = f"--mails {MAILS} --via db --rules {RULES} --workers {workers}".split()
    seconds = float(loadtest(office, queue, *words)["letters_seconds"])
    assert seconds > 0, "no letter left"
    return seconds / MAILS * 1e6
