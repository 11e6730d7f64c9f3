"""The queue test: as many rings as pieces of work go through the configured broker, and are drained by Celery's workers.

A piece is a letter that is claimed, given to a courier that goes nowhere, and settled: the least of Orgo's real work. All is
drained when neither a piece nor a ring is left, for the job of a ring takes what waits, and those behind it are let pass or
find nothing.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from orgo.conf import Config
from orgo.conf.celery import make_app, rung_now
from orgo.lib.problems import BadInput, Problem
from orgo.loadtest.crew import CELERY, Crew
from orgo.loadtest.ground import ground
from orgo.loadtest.names import CHANNEL, CLAIM, broker_of, queue_of
from orgo.loadtest.plan import QueuePlan

_ROWS_AT_ONCE = 5_000
_BEGUN = 20
_STATES = ("pending", "claimed", "dot")
Progress = Callable[[str, int, int], None]


class Drained(msgspec.Struct, frozen=True):
    """The result. `tasks_per_second` counts from when the workers are at it; the floor is one bare statement a ring."""

    tasks: int
    batch: int
    claim: int | None
    broker: str
    database: str
    workers: int
    rings: int
    rings_per_second: float
    seconds: float
    tasks_per_second: float
    lost: int
    doubled: int
    peak_rss_mb: int
    floor_tasks_per_second: float | None
    share_of_floor: float | None

    @property
    def is_well(self) -> bool:
        """Every piece was done, and once."""
        return not self.lost and not self.doubled


def run(own: Config, plan: QueuePlan, progress: Progress) -> Drained:
    """Queue the pieces, ring, and drain them; with a floor the same again by the bare statement. Raises BadInput."""
    if own.queue is None:
        hint = "set queue: redis://127.0.0.1:6379/0 (or ORGO_QUEUE); --mails needs none"
        raise BadInput(Problem("none is configured, so there is no broker to load", key="queue", hint=hint))
    with ground(own, rules=10, catcher=25) as (config, environ):
        test = _Test(config, environ, plan, progress)
        mine = test.drained("ours")
        floor = test.drained("bare") if plan.floor else None
    broker = broker_of(config.queue)
    database = "sqlite" if config.sqlite_file else "postgresql"
    return Drained(
        tasks=plan.tasks,
        batch=plan.batch,
        claim=plan.claim,
        broker=broker,
        database=database,
        workers=plan.workers,
        rings=-(-plan.tasks // plan.batch),
        rings_per_second=round(mine.rung, 1),
        seconds=round(mine.seconds, 2),
        tasks_per_second=round(mine.rate, 1),
        lost=mine.lost,
        doubled=mine.doubled,
        peak_rss_mb=mine.memory // 1_000_000,
        floor_tasks_per_second=round(floor.rate, 1) if floor else None,
        share_of_floor=round(mine.rate / floor.rate, 3) if floor and floor.rate else None,
    )


class _Drain(msgspec.Struct, frozen=True):
    rung: float
    seconds: float
    rate: float
    lost: int
    doubled: int
    memory: int


class _Test:
    def __init__(
        self, config: Config, environ: Mapping[str, str], plan: QueuePlan, progress: Progress
    ) -> None:
        self.config, self.plan, self.progress = config, plan, progress
        self.queue = queue_of(config.queue_prefix)
        self.environ = {**environ, **({CLAIM: str(plan.claim)} if plan.claim else {})}

    def drained(self, which: str) -> _Drain:
        """Fill, ring, drain, count."""
        _fill(self.plan.tasks)
        app = make_app(self.config)
        batch = self.plan.batch if which == "ours" else 1
        rings = -(-self.plan.tasks // batch)
        rung = self._ring(app, f"orgo.load.{which}", rings)
        crew = Crew(self.environ, self.config.home / "processes.log")
        crew.start([(*CELERY, f"--concurrency={self.plan.workers}", "-Q", self.queue)])
        try:
            with app.connection_for_write() as broker:
                seconds, rate, memory = self._drain(crew, which, lambda: _left(broker, self.queue, batch))
        finally:
            crew.stop()
        lost, doubled = _amiss()
        return _Drain(rung, seconds, rate, lost, doubled, memory)

    def _ring(self, app: Any, job: str, rings: int) -> float:
        began = time.monotonic()
        with app.producer_pool.acquire(block=True) as producer:
            for number in range(rings):
                app.send_task(job, queue=self.queue, producer=producer, retry=True, headers=rung_now())
                if number % 1000 == 0:
                    self.progress("rung", number, rings)
        return rings / max(time.monotonic() - began, 0.001)

    def _drain(self, crew: Crew, which: str, left: Callable[[], int]) -> tuple[float, float, int]:
        """Seconds and pieces a second, as `measured` says; the most memory."""
        looks = [(time.monotonic(), self.plan.tasks)]
        end, memory = looks[0][0] + self.plan.patience, 0
        while looks[-1][1] and looks[-1][0] < end:
            time.sleep(_pause(looks, self.plan.tasks))
            crew.look()
            memory = max(memory, crew.memory())
            looks.append((time.monotonic(), left()))
            self.progress(f"drained ({which})", max(0, self.plan.tasks - looks[-1][1]), self.plan.tasks)
        return *measured(looks, self.plan.tasks), memory


def measured(looks: Sequence[tuple[float, int]], tasks: int) -> tuple[float, float]:
    """Seconds and pieces a second of these looks (when, and how many were left), the first of them before any work.

    It counts from the first look at which work had begun; where all was over by then, from the one before.
    """
    first = _begun(looks, tasks)
    if first and looks[first][1] == looks[-1][1]:
        first -= 1
    seconds = max(looks[-1][0] - looks[first][0], 0.001)
    return seconds, (looks[first][1] - looks[-1][1]) / seconds


def _begun(looks: Sequence[tuple[float, int]], tasks: int) -> int:
    """The place of the first look at which work had begun; of the last where it had not."""
    enough = tasks - min(_BEGUN, tasks)
    return next((place for place, (_, left) in enumerate(looks) if left <= enough), len(looks) - 1)


def _pause(looks: Sequence[tuple[float, int]], tasks: int) -> float:
    """Seconds until the next look: a tenth of what is measured so far, for a look costs the database something too."""
    return min(1.0, max(0.1, (looks[-1][0] - looks[_begun(looks, tasks)][0]) / 10))


def _fill(tasks: int) -> None:
    """That many pieces of work, all due, and none else."""
    from django.db import connection

    from orgo.conf import sql
    from orgo.lib import clock, ids
    from orgo.outbox.models import Letter

    Letter.objects.all().delete()
    blank = {field.name: field.get_default() for field in Letter._meta.concrete_fields}
    now = clock.now()
    piece = {
        "event": 0,
        "kind": "load",
        "channel": CHANNEL,
        "date": now,
        "next_attempt_at": now,
        "headers": {},
    }
    for first in range(0, tasks, _ROWS_AT_ONCE):
        sql.insert(
            Letter,
            [
                {
                    **blank,
                    **piece,
                    "id": ids.new_id(),
                    "recipient": f"{number}",
                    "message_id": f"<{number}@load>",
                }
                for number in range(first, min(first + _ROWS_AT_ONCE, tasks))
            ],
        )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE outbox_letter")  # a server looks by itself only after a minute


def _left(broker: Any, queue: str, batch: int) -> int:
    """How much is left to drain: pieces, and those that rings are for, half each."""
    return (_waiting() + rings_in(broker, queue) * batch + 1) // 2


def rings_in(broker: Any, queue: str) -> int:
    """How many rings lie in this queue of an open connection's broker, and no worker has."""
    only_asked = broker.transport.driver_type != "redis"  # kombu finds no queue there by its prefix
    return int(broker.default_channel.queue_declare(queue, passive=only_asked).message_count)


def _waiting() -> int:
    from orgo.outbox.models import Letter

    return Letter.objects.filter(state__in=_STATES).count()


def _amiss() -> tuple[int, int]:
    """How many pieces were not done, and how many were begun more than once."""
    from orgo.outbox.models import Letter

    return Letter.objects.exclude(state="sent").count(), Letter.objects.filter(attempts__gt=1).count()


def words(found: Drained) -> str:
    """The result as lines for people."""
    lines = [
        ("tasks", f"{found.tasks:,} in {found.rings:,} rings through {found.broker}, on {found.database}"),
        ("rung", f"{found.rings_per_second:,.0f} a second"),
        (
            "drained",
            f"{found.tasks_per_second:,.0f} a second by {found.workers} worker(s), {found.seconds:,.1f} s"
            + (f"; {found.claim} a ring at most" if found.claim else ""),
        ),
        ("memory", f"{found.peak_rss_mb} MB at most, all workers"),
        ("lost", str(found.lost)),
        ("doubled", str(found.doubled)),
    ]
    if found.floor_tasks_per_second is not None:
        share = 100 * (found.share_of_floor or 0)
        lines.append(
            (
                "floor",
                f"{found.floor_tasks_per_second:,.0f} a second by one bare statement a ring; {share:.0f} % of it",
            )
        )
    return "\n".join(f"{name:12} {said}" for name, said in lines)
