"""100,000 mails by SMTP into PostgreSQL with Celery on RabbitMQ, one in twenty made to harm: how long, how large, and how many astray.

It takes minutes, so `make bench` leaves it out: `make bench ARGS=load`. ORGO_BENCH_MAILS says how many mails instead.
"""

import os
from typing import Any

from bench import Row
from bench._loadtest import broker, database, loadtest

TURNS = 1
MAILS = int(os.environ.get("ORGO_BENCH_MAILS", "100000"))
WORKERS, HOSTILE = 2, "5%"
SECONDS, MEMORY = 480, 800  # s, MB


def run() -> list[Row]:
    """Seconds from the first mail to the last decision, MB of all Orgo's processes, and mails that went astray."""
    words = ["--mails", str(MAILS), "--via", "smtp", "--hostile", HOSTILE, "--workers", str(WORKERS)]
    with database() as office, broker("RabbitMQ") as queue:
        return rows(loadtest(office, queue, *words, well=False))


def rows(told: dict[str, Any]) -> list[Row]:
    """What the test told as rows; a mail that did not get in, or a harmless one that was refused, went astray too."""
    what = f"{MAILS:,} mails by SMTP, PostgreSQL, Celery"
    astray = sum(told[name] for name in ("lost", "doubled", "unsent", "refused_harmless"))
    return [
        Row(f"{what}: s to the last decision", told["seconds"], most=SECONDS),
        Row(f"{what}: MB of all processes", told["peak_rss_mb"], most=MEMORY),
        Row(f"{what}: lost, doubled or kept out", astray, most=0),
    ]
