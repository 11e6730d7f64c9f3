"""Celery's own workers killed at named points: what they had in hand is done by another, once."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.crash.house import ROOT, House, invariants
from tests.crash.matrix import PAIRS, cells
from tests.house.checkout import clean_environment

POINTS = [
    "H2.after_claim",
    "H4.before_commit",
    "H6.after_claim",
    "H7.after_dot",
    "H4.after_commit",
    "H7.before_settle",
]
WITH_A_BROKER = [pair for pair in PAIRS if pair[1] != "none"]
CELERY = [sys.executable, "-m", "celery", "--workdir", str(ROOT)]
WORK = ["worker", "--loglevel=info", "--concurrency=1"]
DIED = "signal 9 (SIGKILL)"
MAILS = 6
TAKE = """
from orgo.conf.celery import ring_by_broker
from orgo.intake.store import Incoming
from orgo.pipeline import take
from tests.crash.house import mail
ring_by_broker(c)
take([Incoming(data=mail({n}), source="smtp", envelope_from="citizen{n}@people.example", envelope_to=("info@city.example",))])
"""


@contextmanager
def worker(house: House, app: str = "tasks", crash: str = "") -> Iterator[None]:
    """A Celery worker; where `crash` arms a point its processes die there, each for itself."""
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    environment = clean_environment(ORGO_HOME=str(house.home), ORGO_CRASH=crash, PYTHONPATH=path)
    with (house.home / "celery.log").open("wb") as log:
        process = subprocess.Popen(
            [*CELERY, "-A", app, *WORK],
            stdout=log,
            stderr=log,
            cwd=ROOT,
            env=environment,
            start_new_session=True,
        )
    try:
        yield
    finally:
        os.killpg(process.pid, 9)
        process.wait()


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize(("point", "nth", "database", "broker"), cells(POINTS, WITH_A_BROKER, most=1))
def test_what_a_worker_had_in_hand_is_done_by_another_once(
    house: House, point: str, nth: int, database: str, broker: str
) -> None:
    said = house.home / "celery.log"
    with worker(house, crash=point):
        house.until_so(lambda: " ready." in said.read_text())
        for number in range(MAILS):
            house.run(TAKE.format(n=number))
        house.until_so(lambda: DIED in said.read_text())

    house.start(hours=1)  # every lease has run out
    assert house.until(lambda: house.idle() and len(house.rows("select id from task_task")) == MAILS)
    house.stop()
    assert invariants(house, MAILS) == []


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    ("database", "broker"), [pytest.param("sqlite", "redis", marks=pytest.mark.needs("redis"))]
)
def test_a_job_that_hangs_is_ended_and_its_mail_is_decided_later(
    house: House, database: str, broker: str
) -> None:
    said = house.home / "celery.log"
    with worker(house, "tests.crash.hanging"):
        house.until_so(lambda: " ready." in said.read_text())
        house.run(TAKE.format(n=0))
        house.until_so(lambda: "Hard time limit (3s) exceeded for orgo.route" in said.read_text())
        assert house.rows("select count(*) from intake_mail where outcome = '' and attempts > 0") == [(1,)]

    house.start(hours=1)
    assert house.until(lambda: house.idle() and house.rows("select count(*) from task_task") == [(1,)])
    house.stop()
    assert invariants(house, 1) == []
