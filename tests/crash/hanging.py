"""Celery's application as tasks.py has it, but each routing job hangs with the mails that it has claimed, and has 3 seconds."""

import threading

from orgo import start

start.ready()
from orgo.conf import celery
from orgo.ops.jobs import app_or_exit

celery.LONGEST["routing"] = 3
app = app_or_exit()

from orgo import pipeline

pipeline.decide = lambda mails, read: threading.Event().wait() and None
