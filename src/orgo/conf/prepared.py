"""Whether statements are prepared on a connection to PostgreSQL: to plan one that is asked thousands of times costs as much as to
carry it out.

Where a pooler stands between (PgBouncer, a cloud's proxy), the next statement may go to another process of the server, which
has not prepared it. Such a pooler says of itself another process than the one that answers.
"""

from typing import Any
from weakref import WeakSet

AFTER = 5  # a statement that was asked so often is prepared
_looked_at: WeakSet[Any] = WeakSet()


def allow(connection: Any) -> None:
    """Have psycopg prepare statements on this connection, unless a pooler stands between; asks the server once."""
    if connection in _looked_at:
        return
    _looked_at.add(connection)
    (process,) = connection.execute("SELECT pg_backend_pid()").fetchone()
    connection.prepare_threshold = AFTER if process == connection.info.backend_pid else None
