"""The jobs as Celery finds them: `celery -A tasks worker --loglevel=info` (needs `queue:` in the configuration)."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "src"))
from orgo import start

start.ready()
from orgo.ops.jobs import app_or_exit

app = app_or_exit()
