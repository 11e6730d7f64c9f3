"""A real Orgo in a process of its own, to be killed: listener, routing, delivery and clock on the home given.

usage: python -m tests.crash.worker HOME [hours that the clock is ahead] [part..]
Prints the SMTP port, then works until standard input is closed.
"""

import faulthandler
import logging
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from orgo.conf import boot, load
from orgo.lib import clock


def main() -> None:
    home, hours = Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 0.0
    clock.use(clock.FastClock(1.0, datetime.now(UTC) + timedelta(hours=hours)))
    logging.basicConfig(level=logging.ERROR, filename=home / "worker.log")
    faulthandler.register(signal.SIGUSR1, file=(home / "stacks").open("w"), all_threads=True)
    config = boot.start(load(home))
    from orgo.ops.up import Running

    running = Running(config, sys.argv[3:] or ["intake", "route", "deliver", "clock"])  # type: ignore[arg-type]
    running.start()
    print(running.smtp_port, flush=True)
    sys.stdin.read()
    running.stop()


if __name__ == "__main__":
    main()
