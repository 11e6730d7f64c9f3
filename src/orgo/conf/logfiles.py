"""The log as files: one for each kind (activity, error, security) and day, kept as long as the configuration says."""

import logging
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Literal

Kind = Literal["activity", "error", "security"]
KINDS: tuple[Kind, ...] = ("activity", "error", "security")
_AGAIN = 60.0  # seconds until a trouble is said again
_SECURITY = ("orgo.security", "django.security")


def kind_of(record: logging.LogRecord) -> Kind:
    """Security is who signed in, failed to, and was given which right; error is what went wrong; activity is the rest."""
    if record.name.startswith(_SECURITY):
        return "security"
    return "error" if record.levelno >= logging.WARNING else "activity"


class DayFiles(logging.Handler):
    """Writes each record to the file of its kind and day (UTC), and at the first of a day removes what was kept long enough.

    `keep` says for how many days. A day's file is only ever added to, a line by one write: processes share it.
    """

    def __init__(self, folder: Path, keep: Mapping[Kind, int]) -> None:
        super().__init__()
        self.folder = folder
        self.keep = keep
        self._today = date.min
        self._open: dict[Kind, int] = {}
        self._said = -_AGAIN

    def emit(self, record: logging.LogRecord) -> None:
        """Add the record to its file; what goes wrong stops nobody who says something."""
        try:
            line = f"{self.format(record)}\n".encode("utf-8", "backslashreplace")
            self._begin(datetime.fromtimestamp(record.created, UTC).date())
            os.write(self._file(kind_of(record)), line)
        except RecursionError:  # as the handlers of the standard library: to go on would end the same way
            raise
        except Exception:
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Say on standard error what the exception is that is handled now: a line, and once a minute at most."""
        error = sys.exc_info()[1]
        if self._said <= record.created < self._said + _AGAIN or sys.stderr is None:
            return
        self._said = record.created
        with suppress(OSError, ValueError):  # it may be closed, or its disk the same that is full
            sys.stderr.write(f"orgo: the log's file can't be written: {error}\n")

    def close(self) -> None:
        """Close the files."""
        with self.lock:  # type: ignore[union-attr]
            self._close_files()
        super().close()

    def _begin(self, day: date) -> None:
        if day == self._today:
            return
        self._close_files()
        self._today = day
        for kind in KINDS:
            self._remove_old(kind)

    def _remove_old(self, kind: Kind) -> None:
        oldest = self._today - timedelta(days=self.keep[kind])
        for file in self.folder.glob(f"{kind}-*.jsonl"):
            if (_day_of(file, kind) or oldest) < oldest:
                file.unlink(missing_ok=True)  # another process begins its day at the same moment

    def _file(self, kind: Kind) -> int:
        if kind in self._open and not os.fstat(self._open[kind]).st_nlink:  # somebody took the file away
            os.close(self._open.pop(kind))
        if kind not in self._open:
            self.folder.mkdir(parents=True, exist_ok=True)
            place = self.folder / f"{kind}-{self._today}.jsonl"
            self._open[kind] = os.open(place, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        return self._open[kind]

    def _close_files(self) -> None:
        while self._open:
            os.close(self._open.popitem()[1])


def _day_of(file: Path, kind: Kind) -> date | None:
    """The day in a file's name; None where it is no file of ours."""
    try:
        return date.fromisoformat(file.stem.removeprefix(f"{kind}-"))
    except ValueError:
        return None
