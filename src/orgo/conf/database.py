"""The configured database as Django's settings, and what a connection to it begins with."""

from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from orgo.conf import boot
from orgo.conf.config import Config
from orgo.lib.clock import as_of_now

# Orgo's own schema: since version 15 PostgreSQL gives nobody but its owner a right on `public`.
SCHEMA = "orgo"
_WAIT_FOR_ONE = 10.0
_TRY_TO_CONNECT = 4.0
_SECONDS_TO_CONNECT = 4


def settings_of(config: Config) -> dict[str, Any]:
    """Django's DATABASES["default"] for `config.database`."""
    file = config.sqlite_file
    return _sqlite(file) if file else _postgresql(config.database, config.database_connections)


def lock_of(file: Path) -> Path:
    """Whose lock a running Orgo shares and a restore holds alone: a name beside the database's file, which is replaced."""
    return file.with_name(f"{file.name}.lock")


def _sqlite(path: Path) -> dict[str, Any]:
    journal = "WAL" if boot.wal_is_safe() else "DELETE"
    pragmas = (
        f"PRAGMA journal_mode={journal}; PRAGMA synchronous=FULL; PRAGMA busy_timeout=20000; PRAGMA cache_size=-2000;"
        " PRAGMA wal_autocheckpoint=4000"  # pages: a batch of large mails would be written twice at each commit
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path),
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20, "init_command": pragmas},
        "TEST": {"NAME": None},
    }


def _postgresql(url: str, most_connections: int) -> dict[str, Any]:
    """The parts of the address; what stands behind its `?` goes to libpq (sslmode, sslrootcert, target_session_attrs)."""
    parts = urlsplit(url)
    pool = {
        "min_size": 0,
        "max_size": most_connections,
        "timeout": _WAIT_FOR_ONE,
        # The pool doubles the pause between its attempts: after minutes without a server it would not see it come back.
        "reconnect_timeout": _TRY_TO_CONNECT,
    }
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "OPTIONS": {
            "options": f"-c search_path={SCHEMA},public",
            "application_name": "orgo",
            "pool": pool,
            **dict(parse_qsl(parts.query)),
        },
    }


def reach(config: Config) -> None:
    """See whether PostgreSQL's server can be had; a file always can. Raises psycopg.OperationalError at once."""
    if config.sqlite_file is None:
        time_there(config)


def time_there(config: Config) -> datetime:
    """What time it is for PostgreSQL's server, by a plain connection: a pool would wait and hide why it can't be had.

    Raises psycopg.OperationalError at once.
    """
    import psycopg

    with psycopg.connect(config.database, connect_timeout=_SECONDS_TO_CONNECT) as connection:
        asking = connection.cursor(row_factory=psycopg.rows.scalar_row)
        return as_of_now(lambda: asking.execute("SELECT clock_timestamp()").fetchall()[0])
