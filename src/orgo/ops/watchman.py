"""A Celery worker's watchman: a process that looks for work by itself every second, whatever the broker says.

The broker only rings (design/reliability.md M1): while it is away, or has lost its messages, mail is decided, letters leave
and levels fire all the same, a second later. The watchman ends with the worker that began it.
"""

import os
import subprocess
import sys
import threading
from pathlib import Path

_SOURCE = str(Path(__file__).resolve().parents[2])
_LONGEST_STOP = 35.0


def begin() -> "subprocess.Popen[bytes]":
    """Start one beside this process, in the same home."""
    path = os.pathsep.join(filter(None, [_SOURCE, os.environ.get("PYTHONPATH", "")]))
    return subprocess.Popen(
        [sys.executable, "-m", "orgo.ops.watchman"],
        stdin=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
        start_new_session=True,  # Ctrl-C is for the worker, which ends it
    )


def end(process: "subprocess.Popen[bytes]") -> None:
    """End it in good order: it finishes its round."""
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(_LONGEST_STOP)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def main() -> None:
    """Work until standard input is closed, which its worker's end does too."""
    from orgo.conf import boot, load, logging

    config = boot.start(load())
    logging.set_up(config.log.format)
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
    main()
