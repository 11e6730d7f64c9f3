"""A day of mail against Kubernetes' horizontal autoscaler, by its documented algorithm (pure).

https://kubernetes.io/docs/concepts/workloads/autoscaling/horizontal-pod-autoscale/#algorithm-details and the defaults of
autoscaling/v2's `behavior`: upwards at once, by double or by four pods each look; downwards only to the most that was wanted
within the last five minutes.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import accumulate
from math import ceil, inf
from typing import Annotated, NamedTuple

import msgspec

TICK = 15  # seconds from one look of the autoscaler to the next
DAY = 86_400
HOURS = 24
# Mail of a day by hour, as shares: an office's, with a fifth in the hour from nine ..
BY_HOUR = (
    0.5,
    0.3,
    0.3,
    0.2,
    0.3,
    0.7,
    1.7,
    5,
    10,
    20,
    11,
    9,
    5.5,
    6.5,
    8,
    7,
    5.5,
    4,
    2,
    1.2,
    0.6,
    0.3,
    0.2,
    0.2,
)
# .. whose first minute brings five times the hour's mean.
BUSIEST, TIMES = 9, 5


class Plan(msgspec.Struct, frozen=True):
    """What is played: a day's mails, what a replica decides a second at all of the CPU it requests, and the autoscaler.

    `target` is the wanted share of that CPU, `tolerance` the part by which it may be missed, `stabilization` and `ready` are
    seconds: how long a wish for more holds a scaling down off, and how long a new replica takes until it works.
    """

    rate: float
    mails: int = 50_000
    least: int = 2
    most: int = 10
    target: float = 0.7
    tolerance: float = 0.1
    stabilization: int = 300
    ready: int = 30


class _Report(msgspec.Struct, frozen=True):
    """What is read of a load test's report."""

    mails_per_second: float
    workers: Annotated[int, msgspec.Meta(ge=1)]


def worker_rate(report: bytes) -> float:
    """What one worker decided a second, by the JSON of `orgo loadtest`. Raises ValueError where it is none."""
    found = msgspec.json.decode(report, type=_Report)
    if not 0 < found.mails_per_second < inf:
        raise ValueError("it decided no mail")
    return found.mails_per_second / found.workers


class Hour(msgspec.Struct, frozen=True):
    """An hour of the day; `backlog` is the most that waited, lateness the seconds from arrival to decision."""

    hour: int
    mails: int
    replicas_least: int
    replicas_most: int
    backlog: int
    late_mean: float
    late_most: float


class Day(msgspec.Struct, frozen=True):
    """The day by hours; `left` mails are not decided at its end. `replica_hours` is what a bill is made of."""

    plan: Plan
    hours: list[Hour]
    decided: int
    left: int
    replica_hours: float


class Tick(NamedTuple):
    """What happened between two looks. `late` has the lateness and the number of mails that were decided, as they came."""

    mails: int
    replicas: int
    backlog: int
    late: list[tuple[int, int]]


def play(plan: Plan, arrivals: Sequence[int] | None = None) -> Day:
    """Play the day. `arrivals` are the mails of each TICK, the plan's mails by the usual curve where not given."""
    ticks = list(_ticks(plan, arrivals if arrivals is not None else day_of(plan.mails)))
    per_hour = 3600 // TICK
    hours = [
        _hour(start // per_hour, ticks[start : start + per_hour]) for start in range(0, len(ticks), per_hour)
    ]
    decided = sum(count for tick in ticks for _, count in tick.late)
    replica_hours = sum(tick.replicas for tick in ticks) * TICK / 3600
    return Day(plan, hours, decided, sum(tick.mails for tick in ticks) - decided, round(replica_hours, 1))


def day_of(mails: int) -> list[int]:
    """The mails of each TICK of a day by the usual curve; their sum is `mails`."""
    minutes = [share / 60 for share in BY_HOUR for _ in range(60)]
    peak, others = BY_HOUR[BUSIEST] * TIMES / 60, BY_HOUR[BUSIEST] * (1 - TIMES / 60) / 59
    minutes[BUSIEST * 60 : BUSIEST * 60 + 60] = [peak] + [others] * 59
    each = 60 // TICK
    until = accumulate(share / each for share in minutes for _ in range(each))
    counts = [round(mails * share / sum(BY_HOUR)) for share in until]
    return [now - before for now, before in zip(counts, [0, *counts], strict=False)]


def _ticks(plan: Plan, arrivals: Sequence[int]) -> Iterator[Tick]:
    scaler, waiting = Scaler(plan), deque[tuple[int, int]]()
    spare = 0.0
    for number, mails in enumerate(arrivals):
        at = number * TICK
        if mails:
            waiting.append((at, mails))
        working = scaler.working(at)
        able = working * plan.rate * TICK
        late = list(_decided(waiting, int(able + spare), at))
        done = sum(count for _, count in late)
        # What is less than a mail is not lost from one look to the next, as long as there is work.
        spare = able + spare - int(able + spare) if waiting else 0.0
        yield Tick(mails, scaler.replicas, sum(count for _, count in waiting), late)
        scaler.look(at + TICK, min(1.0, done / able) if able else 1.0, working)


def _decided(waiting: deque[tuple[int, int]], able: int, at: int) -> Iterator[tuple[int, int]]:
    """Take up to `able` mails, the oldest first; yields how late they are, and how many."""
    while able and waiting:
        came, count = waiting.popleft()
        taken = min(count, able)
        able -= taken
        if taken < count:
            waiting.appendleft((came, count - taken))
        yield at - came, taken


class Scaler:
    """The autoscaler and the replicas that it has made."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._ready_at = [0] * plan.least
        self._wishes: deque[tuple[int, int]] = deque()

    @property
    def replicas(self) -> int:
        """How many there are, whether they work already or not."""
        return len(self._ready_at)

    def working(self, at: int) -> int:
        """How many work at this second."""
        return sum(ready <= at for ready in self._ready_at)

    def look(self, at: int, used: float, working: int) -> None:
        """Scale by what the working replicas used of their CPU since the last look, 0 to 1."""
        plan = self.plan
        wish = min(plan.most, max(plan.least, self._wish(used, working)))
        self._wishes.append((at, wish))
        while self._wishes[0][0] <= at - plan.stabilization:
            self._wishes.popleft()
        now = self.replicas
        if wish > now:
            wish = min(wish, max(2 * now, now + 4))
            self._ready_at += [at + plan.ready] * (wish - now)
        else:
            self._end(now - min(now, max(wish for _, wish in self._wishes)))

    def _wish(self, used: float, working: int) -> int:
        """ceil(replicas * used / target), and as many as there are within the tolerance.

        Upwards, replicas that are not ready count as using nothing; where that turns the wish, nothing is changed.
        """
        plan, now = self.plan, self.replicas
        ratio, over = used / plan.target, working
        if ratio > 1 and working < now:
            ratio, over = ratio * working / now, now
            if ratio < 1:
                return now
        if abs(ratio - 1) <= plan.tolerance or not working:
            return now
        return ceil(round(ratio * over, 9))

    def _end(self, many: int) -> None:
        """End so many, those first that work for the shortest time."""
        self._ready_at = sorted(self._ready_at)[: self.replicas - many]


def _hour(hour: int, ticks: Sequence[Tick]) -> Hour:
    late = [one for tick in ticks for one in tick.late]
    decided = sum(count for _, count in late)
    return Hour(
        hour=hour,
        mails=sum(tick.mails for tick in ticks),
        replicas_least=min(tick.replicas for tick in ticks),
        replicas_most=max(tick.replicas for tick in ticks),
        backlog=max(tick.backlog for tick in ticks),
        late_mean=round(sum(seconds * count for seconds, count in late) / decided, 1) if decided else 0.0,
        late_most=float(max((seconds for seconds, _ in late), default=0)),
    )
