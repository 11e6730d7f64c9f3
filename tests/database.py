"""Which database this test process works on: SQLite, or a PostgreSQL of its own where ORGO_TEST_ON says `postgresql`."""

import atexit
import os
from functools import cache


@cache
def environment() -> dict[str, str]:
    """What the environment of this process's Orgo says of its database (nothing: a new SQLite file)."""
    if os.environ.get("ORGO_TEST_ON", "sqlite") == "sqlite":
        return {}
    from tests.servers.postgresql import Postgresql

    server = Postgresql(fsync="off", max_connections="200").start()
    atexit.register(server.stop)
    return {
        "ORGO_DATABASE": server.url("orgo_trial"),
        "ORGO_DATABASE_MAY_LOSE_DATA": "true",
        "ORGO_DATABASE_CONNECTIONS": "100",  # one process for hundreds of tests, each with threads of its own
    }
