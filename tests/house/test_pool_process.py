"""A process of a Celery worker's pool, as Orgo begins it."""

from pathlib import Path

from tests.house.checkout import ROOT, python

MOST_TRIES = 10
# In a process of its own, which has no other thread whose locks the fork would keep.
POOL = """
import os, sys, time
import billiard
import billiard.pool
from orgo.conf import boot

boot.start()
from orgo.ops import jobs

here, sleep = os.getpid(), time.sleep

def wait(seconds):
    if os.getpid() == here:
        sleep(seconds)
    elif seconds == billiard.pool.GUARANTEE_MESSAGE_CONSUMPTION_RETRY_INTERVAL:
        with open(sys.argv[1], "a") as tries:
            tries.write(".")

time.sleep = wait
pool = billiard.pool.Pool(1, initializer=jobs._begin)
for process in pool._on_ready_counters:  # the worker counts no answer that its process can see
    pool._on_ready_counters[process] = billiard.Value("i")
assert pool.apply(abs, (-1,)) == 1
pool.close()
pool.join()
"""


def test_it_does_not_wait_long_for_a_worker_that_reads_no_more(tmp_path: Path) -> None:
    """A worker told to end in the moment in which a job ends does not read that it has; 30 s would cost it its good end."""
    waited = tmp_path / "waited"

    done = python("-c", POOL, str(waited), home=tmp_path, PYTHONPATH=str(ROOT / "src"))

    assert done.returncode == 0, done.stderr
    assert 0 < len(waited.read_text()) <= MOST_TRIES
