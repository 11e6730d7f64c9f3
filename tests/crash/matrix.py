"""Which crash point is tried on which database and which broker.

`make crash` (ORGO_CRASH_WHOLE=1) tries each point on each of the six pairs. A usual run tries each point on SQLite and on
PostgreSQL, each time with another of the three brokers, and goes round the pairs. The points are in Orgo's own processes: with a broker they ring by it; Celery's workers are killed in test_celery.py,
and at random in test_random.py.
"""

import os
from collections.abc import Sequence
from itertools import product

import pytest

WHOLE = bool(os.environ.get("ORGO_CRASH_WHOLE"))
DATABASES = ("sqlite", "postgresql")
BROKERS = ("none", "redis", "rabbitmq")
PAIRS = tuple(product(DATABASES, BROKERS))
SERVERS = {"postgresql", "redis", "rabbitmq"}


def cells(
    points: Sequence[str], pairs: Sequence[tuple[str, str]] = PAIRS, *, each: int = len(DATABASES)
) -> list[object]:
    """The parameters `point`, `nth`, `database`, `broker`; a point is tried for the first or the third time it is reached.

    In a usual run `each` point is tried so often, on another database each time.
    """
    chosen = []
    for place, point in enumerate(points):
        for number, pair in enumerate(pairs if WHOLE else _of_each_database(pairs, place)[:each]):
            once = point.startswith("H9")  # all that is due is swept in one round
            chosen.append(cell(point, 1 if once else 1 + 2 * ((place + number) % 2), *pair))
    return chosen


def _of_each_database(pairs: Sequence[tuple[str, str]], place: int) -> list[tuple[str, str]]:
    """A pair of each database, with another broker, and others at the next place."""
    chosen = []
    for number, database in enumerate(DATABASES if place % 2 else DATABASES[::-1]):
        known = [pair for pair in pairs if pair[0] == database]
        chosen.append(known[(place // 2 + number) % len(known)])
    return chosen


def cell(point: str, nth: int, database: str, broker: str) -> object:
    """One run, which needs the servers that it names."""
    needed = sorted({database, broker} & SERVERS)
    return pytest.param(point, nth, database, broker, marks=[pytest.mark.needs(*needed)] if needed else [])
