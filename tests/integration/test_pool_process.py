"""A process of a Celery worker's pool, as Orgo begins it."""

import os
import time
from pathlib import Path

import billiard
import billiard.pool
import pytest

from tests.office import start_django

MOST_TRIES = 10


def test_it_does_not_wait_long_for_a_worker_that_reads_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker told to end in the moment in which a job ends does not read that it has; 30 s would cost it its good end."""
    start_django()
    from orgo.ops import jobs

    waited, here, sleep = tmp_path / "waited", os.getpid(), time.sleep

    def wait(seconds: float) -> None:
        if os.getpid() == here:
            sleep(seconds)
        elif seconds == billiard.pool.GUARANTEE_MESSAGE_CONSUMPTION_RETRY_INTERVAL:
            with waited.open("a") as tries:
                tries.write(".")

    monkeypatch.setattr(billiard.pool.time, "sleep", wait)
    pool = billiard.pool.Pool(1, initializer=jobs._begin)
    for process in pool._on_ready_counters:  # the worker counts no answer that its process can see
        pool._on_ready_counters[process] = billiard.Value("i")
    assert pool.apply(abs, (-1,)) == 1
    pool.close()
    pool.join()

    assert 0 < len(waited.read_text()) <= MOST_TRIES
