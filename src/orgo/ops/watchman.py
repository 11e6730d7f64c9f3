"""A Celery worker's watchman: a process that looks for work by itself every second, whatever the broker says.

The broker only rings (design/reliability.md M1): while it is away, or has lost its messages, mail is decided, letters leave
and levels fire all the same, a second later. The watchman ends with the worker that began it.
"""

import logging
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

_SOURCE = str(Path(__file__).resolve().parents[2])
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
_LONGEST_STOP = 30.0
log = logging.getLogger("orgo.watchman")


class Keeper(threading.Thread):
    """Keeps one watchman beside this process: where it dies another is begun, after a pause that doubles while they die young."""

    def __init__(self) -> None:
        super().__init__(name="orgo-watchman", daemon=True)
        self._ending = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        # Held while one begins: a process of the pool that is forked then would keep the pipe open which says that it has
        # begun, and this one would wait for that without end. A signal may come while a fork holds it, hence the R.
        self._beginning = threading.RLock()
        if register := getattr(os, "register_at_fork", None):  # Windows forks nothing
            register(
                before=self._beginning.acquire,
                after_in_parent=self._beginning.release,
                after_in_child=self._let_go,
            )

    def run(self) -> None:
        pause = FIRST_PAUSE
        while process := self._begun():
            born = time.monotonic()
            code = process.wait()
            if self._ending.is_set():
                return
            if time.monotonic() - born > LONGEST_PAUSE:
                pause = FIRST_PAUSE
            log.warning("the watchman has ended (code %s): another one begins in %.0f s", code, pause)
            self._ending.wait(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    def tell_to_end(self) -> None:
        """It ends after its round, and no other is begun."""
        self._ending.set()
        with self._beginning:
            if self._process is not None and self._process.stdin is not None:
                self._process.stdin.close()

    def _let_go(self) -> None:
        """A process of the pool keeps no end of its pipe, or it would hear of its end only after theirs."""
        self._beginning.release()
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()

    def end(self) -> None:
        """End it in good order, and by force where it takes too long."""
        self.tell_to_end()
        self.join(_LONGEST_STOP)
        if self.is_alive() and self._process is not None:
            self._process.kill()
            self.join()

    def _begun(self) -> "subprocess.Popen[bytes] | None":
        """A new one in the same home; None where it is to end."""
        with self._beginning:
            if self._ending.is_set():
                return None
            path = os.pathsep.join(filter(None, [_SOURCE, os.environ.get("PYTHONPATH", "")]))
            self._process = subprocess.Popen(
                [sys.executable, "-m", "orgo.ops.watchman"],
                stdin=subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": path},
                start_new_session=True,  # Ctrl-C is for the worker, which ends it
            )
            return self._process


def main() -> None:
    """Work until standard input is closed, which its worker's end does too."""
    from orgo.conf import boot, load, logging

    config = boot.start(load())
    logging.begin(config)
    from orgo.ops.up import Running

    running = Running(config, {"route", "deliver", "clock"})
    threading.Thread(target=_until_closed, args=(running.ended,), daemon=True).start()
    try:
        running.start()
        running.wait()
    finally:
        running.stop()


def _until_closed(ended: threading.Event) -> None:
    sys.stdin.read()
    ended.set()


if __name__ == "__main__":
    from orgo.cli.errors import guarded

    sys.exit(guarded(main, []))
