"""The processes under load: the same commands as a real Orgo's, and what they take of memory and time."""

import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from orgo.conf import Config
from orgo.lib.problems import BadInput
from orgo.loadtest.ground import child_environ
from orgo.loadtest.plan import Via
from orgo.ops.probe import answers

_ORGO = (sys.executable, "-c", "import sys; from orgo.cli.main import main; sys.exit(main())")
CELERY = (sys.executable, "-m", "celery", "-A", "orgo.loadtest.jobs", "worker", "--loglevel=warning")
_TO_START = 60.0
_TO_STOP = 40.0


def commands(config: Config, workers: int, via: Via) -> list[Sequence[str]]:
    """What is started: on SQLite one process does all, elsewhere each part is a process, by Celery where there is a broker."""
    if config.sqlite_file is not None and config.queue is None:
        return [(*_ORGO, "up")]
    parts: list[Sequence[str]] = [(*_ORGO, "intake")] if via == "smtp" else []
    parts += [(*_ORGO, "web")] if via == "api" else []
    if config.queue is not None:
        parts.append((*CELERY, f"--concurrency={workers}"))
    else:
        parts += [(*_ORGO, "worker")] * workers
    return [*parts, (*_ORGO, "clock")]


def deciding(config: Config, workers: int) -> int:
    """How many of those processes decide mails: a Celery worker's watchman is one more beside its pool."""
    if config.sqlite_file is not None:
        return 1  # one after the other, however many they are
    return workers + (config.queue is not None)


class Crew:
    """Processes of one home. `start` them, ask for their `memory`, `stop` them."""

    def __init__(self, environ: Mapping[str, str], log: Path) -> None:
        self._environ = child_environ(environ)
        self._log = log
        self._children: list[psutil.Popen] = []

    def start(self, commands: Sequence[Sequence[str]]) -> None:
        """Start them all; what they say goes to the log."""
        with self._log.open("ab") as log:
            for command in commands:
                child = psutil.Popen(
                    command,
                    env=self._environ,
                    cwd=self._log.parent,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                )
                self._children.append(child)

    def wait_for(self, host: str, port: int) -> None:
        """Wait until somebody listens there. Raises BadInput with the log's end where that takes too long."""
        end = time.monotonic() + _TO_START
        while not answers(host, port):
            self.look()
            if time.monotonic() > end:
                raise self._failed("a process did not begin to listen")
            time.sleep(0.1)

    def look(self) -> None:
        """Raises BadInput where one of them has ended by itself."""
        if any(child.poll() is not None for child in self._children):
            raise self._failed("a process of the load test has ended")

    def memory(self) -> int:
        """The resident memory of all of them and their children, in bytes; what several share counts once."""
        return sum(_resident(process) for process in self._all())

    def seconds(self) -> float:
        """The processor time that they have taken so far."""
        return sum(_seconds(process) for process in self._all())

    def stop(self) -> None:
        """End them in good order; those that do not end are killed."""
        everybody = self._all()
        for child in self._children:
            with suppress(psutil.Error):
                child.terminate()
        _, alive = psutil.wait_procs(everybody, timeout=_TO_STOP)
        for process in alive:
            with suppress(psutil.Error):
                process.kill()
        self._children.clear()

    def _all(self) -> list[psutil.Process]:
        found: list[psutil.Process] = []
        for child in self._children:
            with suppress(psutil.Error):
                found += [child, *child.children(recursive=True)]
        return found

    def _failed(self, words: str) -> BadInput:
        lines = self._log.read_text(errors="replace").splitlines()[-12:]
        return BadInput("\n".join([f"{words}; it said last:", *lines]))


def _resident(process: psutil.Process) -> int:
    """Its proportional share where the system tells it (Linux), else all that is resident."""
    with suppress(psutil.Error):
        full = process.memory_full_info()
        return int(getattr(full, "pss", full.rss))
    return 0


def _seconds(process: psutil.Process) -> float:
    with suppress(psutil.Error):
        times = process.cpu_times()
        return float(times.user + times.system)
    return 0.0
