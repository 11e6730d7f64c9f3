"""100,000 tasks, one ring each, through Redis and RabbitMQ: ours beside a bare claim-and-settle statement a ring, in one run.

It takes minutes, so `make bench` leaves it out: `make bench ARGS=rings`. ORGO_BENCH_MAILS says how many tasks instead.
"""

import os
from typing import Any

from bench import Row
from bench._loadtest import BROKERS, broker, database, loadtest

TURNS = 1
TASKS = int(os.environ.get("ORGO_BENCH_MAILS", "100000"))
PROMISED = 1 / 0.8  # at least 80 % of the rate of the bare statement


def run() -> list[Row]:
    """What a task costs through each broker, in µs of wall time."""
    rows = []
    with database() as office:
        for name in BROKERS:
            with broker(name) as queue:
                rows.append(row(name, loadtest(office, queue, "--tasks", str(TASKS), "--floor")))
    return rows


def row(name: str, told: dict[str, Any]) -> Row:
    """What the test told of this broker."""
    part = f"{TASKS:,} tasks, a ring each on {name}; floor: a bare statement a ring"
    ours, floor = (1e6 / float(told[rate]) for rate in ("tasks_per_second", "floor_tasks_per_second"))
    return Row(part, ours, floor, most_ratio=PROMISED)
