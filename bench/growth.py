"""How the cost of a mail grows with workers, rules and stored tasks on PostgreSQL: `python -m bench.growth [TURNS]`.

It takes minutes, so `make bench` leaves it out. Each figure is the best of so many races as bench/postgresql.py runs them;
the machine's load average stands beside it: servers and workers share its cores.
"""

import os
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from bench import postgresql

TURNS = 3
WORKERS, RULES, TASKS = 2, 1000, 0


class Case(NamedTuple):
    """What is measured: one of the three differs from the usual."""

    workers: int = WORKERS
    rules: int = RULES
    tasks: int = TASKS


CASES = (
    *(Case(workers=workers) for workers in (1, 2, 4)),
    *(Case(rules=rules) for rules in (10, 1000, 10_000)),
    *(Case(tasks=tasks) for tasks in (10_000, 100_000, 300_000)),
)


def main(turns: int) -> int:
    """Measure each case, print the table as docs/operator/scaling.md has it."""
    print("| workers | rules | stored tasks | mails/s | load before |\n|---|---|---|---|---|")
    for case in dict.fromkeys(CASES):
        load = os.getloadavg()[0]
        rate = max(measure(case) for _ in range(turns))
        print(f"| {case.workers} | {case.rules:,} | {case.tasks:,} | {rate:,.0f} | {load:.1f} |", flush=True)
    return 0


def measure(case: Case) -> float:
    """Mails a second, from stored bytes to committed tasks and letters."""
    from tests.servers.postgresql import Postgresql

    server = Postgresql(max_wal_size="4GB", shared_buffers="256MB").start()
    try:
        with tempfile.TemporaryDirectory(prefix="orgo-bench-") as folder:
            home, office = Path(folder), server.url("office")
            postgresql.in_home(home, office, "furnish", str(case.rules), str(case.tasks))
            return 1e6 / postgresql.race(home, office, "work", case.workers)
    finally:
        server.stop()


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if sys.argv[1:] else TURNS))
