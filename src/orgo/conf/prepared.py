"""Whether statements are prepared on a connection to PostgreSQL: to plan one that is asked thousands of times costs as much as to
carry it out.

Where a pooler stands between (PgBouncer, a cloud's proxy), the next statement may go to another process of the server, which
has not prepared it. Such a pooler says of itself another process than the one that answers.
"""

import time
from typing import Any
from weakref import WeakKeyDictionary

AFTER = 5  # a statement that was asked so often is prepared
# Seconds after which plans are made anew: one for a table of a few rows reads all of it, also when a flood has come.
KEPT = 5.0
_since: WeakKeyDictionary[Any, float] = WeakKeyDictionary()


def allow(connection: Any) -> None:
    """Have psycopg prepare statements on this connection, unless a pooler stands between; asks the server once.

    Called before each statement.
    """
    since, now = _since.get(connection), time.monotonic()
    if since is not None and (connection.prepare_threshold is None or now - since < KEPT):
        return
    _since[connection] = now
    if since is None:
        (process,) = connection.execute("SELECT pg_backend_pid()").fetchone()
        connection.prepare_threshold = AFTER if process == connection.info.backend_pid else None
    else:
        connection.execute("DISCARD PLANS", prepare=False)
