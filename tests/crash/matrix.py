"""Which crash point is tried on which database and which broker.

`make crash` (ORGO_CRASH_WHOLE=1) tries each point on each of the six pairs. A usual run is pairwise: each point meets each
database and each of the three brokers, and each database each broker. The points are in Orgo's own processes: with a broker they ring by it; Celery's workers are killed in test_celery.py,
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
    points: Sequence[str], pairs: Sequence[tuple[str, str]] = PAIRS, *, most: int = len(PAIRS)
) -> list[object]:
    """The parameters `point`, `nth`, `database`, `broker`; a point is tried for the first or the third time it is reached.

    A usual run tries a point with each broker and on each database, `most` times at most.
    """
    chosen = []
    for place, point in enumerate(points):
        for number, pair in enumerate(pairs if WHOLE else _pairwise(pairs, place)[:most]):
            # all that is due is swept in one round, and all that a dead sender had is given back at once
            once = point.startswith("H9") or point == "H6.after_give_back"
            chosen.append(cell(point, 1 if once else 1 + 2 * ((place + number) % 2), *pair))
    return chosen


def _pairwise(pairs: Sequence[tuple[str, str]], place: int) -> list[tuple[str, str]]:
    """Each broker of these pairs on one of the two databases; which on which, and what comes first, differs by the place."""
    brokers = list(dict.fromkeys(broker for _, broker in pairs))
    turned = [brokers[(place + number) % len(brokers)] for number in range(max(len(brokers), len(DATABASES)))]
    first = place // len(brokers)
    return [(DATABASES[(first + number) % len(DATABASES)], broker) for number, broker in enumerate(turned)]


def cell(point: str, nth: int, database: str, broker: str) -> object:
    """One run, which needs the servers that it names."""
    needed = sorted({database, broker} & SERVERS)
    return pytest.param(point, nth, database, broker, marks=[pytest.mark.needs(*needed)] if needed else [])
