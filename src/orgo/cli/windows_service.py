"""Orgo as a service of Windows: what the service manager starts, is told of, and stops (deploy/windows/install.ps1).

It is run by python.exe itself, not by pywin32's pythonservice.exe: that one finds its DLLs only where they were copied to,
and is what `sys.executable` would name, by which the reader of mail is started.
"""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import servicemanager
import win32service
import win32serviceutil

from orgo.cli.errors import guarded
from orgo.cli.running import begun
from orgo.lib.problems import BadInput

LOG, FORMER_LOG = "orgo.log", "orgo.1.log"
FULL = 10_000_000
# Milliseconds within which the service manager hears of us again: a start may bring a large database to a new form, and a
# stop waits for the rounds that are under way (ROUNDS_MAY_TAKE in orgo.ops.up, and some seconds for the page).
LONGEST_START = 600_000
LONGEST_STOP = 40_000
BY_HAND = "this is for the service manager of Windows, which gives it Orgo's home; by hand it is: orgo up\n"


class Failed(Exception):
    """Orgo ended and was not told to: the event log has these words, and the recovery of the service begins."""


class Service(win32serviceutil.ServiceFramework):
    """`orgo up` on the thread that the service manager starts; what it asks meanwhile comes on the main thread."""

    _svc_name_ = "Orgo"

    def __init__(self, words: list[str]) -> None:
        super().__init__(words)
        self._ended = threading.Event()

    def SvcRun(self) -> None:
        """Run Orgo until it is told to stop; it is said to run when its page can be asked for."""
        self.ReportServiceStatus(win32service.SERVICE_START_PENDING, waitHint=LONGEST_START)
        os.chdir(os.environ["ORGO_HOME"])
        log = begin_log()
        code = guarded(self._up, ["up"])
        if code:
            raise Failed(f"Orgo ended with code {code}: why is in {log}")

    def _up(self) -> None:
        config = begun()
        from orgo.ops.up import up

        up(config, ended=self._ended, listening=self._runs)

    def _runs(self) -> None:
        self.ReportServiceStatus(win32service.SERVICE_RUNNING)

    def SvcStop(self) -> None:
        """Tell Orgo to end in good order; `SvcRun` returns when it has."""
        self.ReportServiceStatus(win32service.SERVICE_STOP_PENDING, waitHint=LONGEST_STOP)
        self._ended.set()

    SvcShutdown = SvcStop

    def SvcInterrogate(self) -> None:
        """The service manager knows what it was told last. (pywin32 would say that a service that starts or stops runs.)"""


def begin_log() -> Path:
    """Standard output and error go to orgo.log; returns the file. One above 10 MB begins anew.

    It is in log.folder, or in var where that can't be written. A service is given no streams; here its children have
    them too.
    """
    *others, last = _log_folders()
    for folder in others:
        with suppress(OSError):
            return _log_into(folder)
    return _log_into(last)


def _log_folders() -> Iterator[Path]:
    from orgo.conf import load

    with suppress(BadInput):  # it is said when all is begun, and then there is a log
        folder = load().log.folder
        if folder is not None:
            yield folder
    yield Path.cwd() / "var"


def _log_into(folder: Path) -> Path:
    file = folder / LOG
    if file.is_file() and file.stat().st_size > FULL:
        with suppress(OSError):  # somebody has it open: another start will do it
            file.replace(folder / FORMER_LOG)
    log = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    while log <= 2:  # where there are no streams their numbers are free
        log = os.dup(log)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, stream in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(source, stream)
    sys.stdout, sys.stderr = (
        os.fdopen(stream, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)
        for stream in (1, 2)
    )
    return file


def main() -> int:
    """Be the service until it is stopped; returns 2 where it was not the service manager that started this."""
    try:
        (home,) = sys.argv[1:]
        os.environ.update(ORGO_HOME=home, PYTHONUTF8="1", PYTHONNOUSERSITE="1")
        servicemanager.Initialize()
        servicemanager.PrepareToHostSingle(Service)
        servicemanager.StartServiceCtrlDispatcher()  # type: ignore[no-untyped-call]
    except (ValueError, win32service.error):
        sys.stderr.write(BY_HAND)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
