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
                words = ("--tasks", str(TASKS))
                told = loadtest(office, queue, *words, "--floor")
                each = loadtest(office, queue, *words, "--claim", "1")
                rows += [row(name, told), row(f"{name}, one piece a ring", each, beside=told)]
    return rows


def row(name: str, told: dict[str, Any], beside: dict[str, Any] | None = None) -> Row:
    """What the test told of this broker; `beside` is another test's whose floor it stands beside, and nothing is promised of it."""
    part = f"{TASKS:,} tasks, a ring each on {name}; floor: a bare statement a ring"
    floor = 1e6 / float((beside or told)["floor_tasks_per_second"])
    return Row(part, 1e6 / float(told["tasks_per_second"]), floor, most_ratio=None if beside else PROMISED)
