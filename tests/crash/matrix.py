"""Which crash point is tried on which database and which broker.

`make crash` (ORGO_CRASH_WHOLE=1) tries each point on each of the six pairs; a usual run takes each point once and goes
round the pairs, so that each pair comes up several times. The points are in Orgo's own processes: with a broker they ring
by it; Celery's workers are killed in test_celery.py, and at random in test_random.py.
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
        for number, pair in enumerate(pairs):
            once = point.startswith("H9")  # all that is due is swept in one round
            if WHOLE or number == place % len(pairs):
                chosen.append(cell(point, 1 if once else 1 + 2 * ((place + number) % 2), *pair))
    return chosen


def cell(point: str, nth: int, database: str, broker: str) -> object:
    """One run, which needs the servers that it names."""
    needed = sorted({database, broker} & SERVERS)
    return pytest.param(point, nth, database, broker, marks=[pytest.mark.needs(*needed)] if needed else [])
