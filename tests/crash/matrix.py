"""Which crash point is tried on which database and which broker.

`make crash` (ORGO_CRASH_WHOLE=1) tries each point on each of the six pairs. A usual run is pairwise: each point meets each
broker and each database, each broker each database. The points are in Orgo's own processes: with a broker they ring by it;
Celery's workers are killed in test_celery.py, and at random in test_random.py.
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


def cells(points: Sequence[str], pairs: Sequence[tuple[str, str]] = PAIRS) -> list[object]:
    """The parameters `point`, `nth`, `database`, `broker`; a point is tried for the first or the third time it is reached."""
    chosen = []
    for place, point in enumerate(points):
        for number, pair in enumerate(pairs if WHOLE else pairwise(place, pairs)):
            once = point.startswith("H9")  # all that is due is swept in one round
            chosen.append(cell(point, 1 if once else 1 + 2 * ((place + number) % 2), *pair))
    return chosen


def pairwise(place: int, pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """For the point at this place each broker once, on the databases in turn."""
    brokers = list(dict.fromkeys(broker for _, broker in pairs))
    databases = list(dict.fromkeys(database for database, _ in pairs))
    return [(databases[(place + number) % len(databases)], broker) for number, broker in enumerate(brokers)]


def cell(point: str, nth: int, database: str, broker: str) -> object:
    """One run, which needs the servers that it names."""
    needed = sorted({database, broker} & SERVERS)
    return pytest.param(point, nth, database, broker, marks=[pytest.mark.needs(*needed)] if needed else [])
