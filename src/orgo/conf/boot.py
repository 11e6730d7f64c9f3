"""Starts Django on a loaded configuration. Everything that touches the database calls `start` first."""

import os
import secrets
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orgo.conf.config import Config

_current: "Config | None" = None


def config() -> "Config":
    """The configuration in force; read from Orgo's home where nobody gave one."""
    global _current
    if _current is None:
        from orgo.conf import load

        _current = load()
    return _current


def start(given: "Config | None" = None) -> "Config":
    """Set Django up on `given` (or what Orgo's home holds), once a process; returns the configuration in force.

    Raises psycopg.OperationalError where the database's server can't be had.
    """
    global _current
    import django
    from django.apps import apps

    if given is not None and not apps.ready:
        _current = given
    if not apps.ready:
        use_own_sqlite()
        _go_by_the_clock_of(config())
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orgo.conf.settings")
        django.setup()
    return config()


def _go_by_the_clock_of(config: "Config") -> None:
    """On PostgreSQL the server's time, which is that of all machines; the home's own, where it is not that of life.

    Raises psycopg.OperationalError where the server can't be had.
    """
    from orgo.conf import database
    from orgo.lib import clock, pace

    if config.sqlite_file is None:
        servers = clock.SharedClock(lambda: database.time_there(config))
        servers.set_right()
        if type(clock.current()) is clock.SystemClock:  # else somebody moves the time
            clock.use(servers)
    own = pace.kept(config.var)
    if own is not None:
        clock.use(own)


def use(given: "Config") -> None:
    """Go by another configuration from now on, on the same database (simulations and tests)."""
    global _current
    _current = given


def use_own_sqlite() -> None:
    """Put the wheel's SQLite in the place of an old one: before 3.51.3 a WAL database may be corrupted (reliability.md 1.10)."""
    try:
        import pysqlite3
    except ImportError:
        return
    sys.modules["sqlite3"] = pysqlite3
    sys.modules["sqlite3.dbapi2"] = pysqlite3.dbapi2


def wal_is_safe() -> bool:
    """Whether this SQLite may keep a write-ahead log under several connections."""
    import sqlite3

    version = sqlite3.sqlite_version_info
    return version >= (3, 51, 3) or version[:3] in ((3, 50, 7), (3, 44, 6))


def secret_key(config: "Config") -> str:
    """The secret that signs sessions and tokens: from the configuration, else from var/secret.key (made when missing)."""
    if config.web.secret_key is not None:
        return str(config.web.secret_key.get_secret_value())
    path = config.var / "secret.key"
    if not path.exists():
        config.var.mkdir(parents=True, exist_ok=True)
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(48))
        except FileExistsError:
            pass
    return path.read_text().strip()


def former_keys(config: "Config") -> tuple[str, ...]:
    """What the secret was before: good to check what was signed then, never to sign."""
    return tuple(str(key.get_secret_value()) for key in config.web.former_keys)
