"""A disk that failed to write ends the process: after an fsync that failed, one that succeeds proves nothing.

SQLite is then opened anew by the next start, and reads what really lies there. (A PostgreSQL server does the same by itself.)
"""

import logging
import os
from types import TracebackType
from typing import Any

from django.db import connections
from django.db.backends.signals import connection_created
from django.db.utils import DatabaseErrorWrapper

log = logging.getLogger("orgo.disk")
EXIT = 74  # EX_IOERR of sysexits.h
FAILED = (
    "disk I/O error"  # SQLite's words for SQLITE_IOERR; a full disk is another error, and can be waited for
)


def end_when_it_fails() -> None:
    """From now on an error of the disk under SQLite ends this process, with code 74."""
    connection_created.connect(_watch, dispatch_uid="orgo.ops.disk")
    for connection in connections.all(initialized_only=True):
        _watch(connection)


def _watch(connection: Any, **_: object) -> None:
    if connection.vendor == "sqlite":
        connection.wrap_database_errors = _Watched(connection)


class _Watched(DatabaseErrorWrapper):
    """Every error of a statement and of a commit comes through here."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None and FAILED in str(error):
            log.critical("the disk failed to keep what was written (%s): Orgo ends, to read it anew", error)
            logging.shutdown()
            os._exit(EXIT)  # nothing more is written, and nothing is told to anybody
        super().__exit__(kind, error, trace)
