"""Celery's application as tasks.py has it, but each routing job hangs with the mails that it has claimed, and has 3 seconds.

No watchman is beside it, which would decide the mails before the job has them.
"""

import threading

from orgo import start

start.ready()
from orgo.conf import celery
from orgo.ops.jobs import app_or_exit

celery.LONGEST["routing"] = 3
app = app_or_exit()

from orgo import pipeline
from orgo.ops.watchman import Keeper


def _hang(mails: object, read: object) -> None:
    threading.Event().wait()


pipeline.decide = _hang
Keeper.run = lambda self: None  # type: ignore[method-assign]
