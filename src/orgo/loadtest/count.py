"""What became of the mails, counted in the database against the test's own ledger."""

from collections import Counter
from collections.abc import Container, Iterable, Sequence
from datetime import timedelta
from typing import Any

import msgspec

from orgo.loadtest import mails
from orgo.loadtest.plan import STORM

_MAKES_A_TASK = ("opened", "joined")
# Where a mail of the test may end: in a task, or in quarantine. None of them is one that Orgo may ignore.
_KEPT = (*_MAKES_A_TASK, "quarantined")
# A level of the test's urgent tasks fires after five seconds; all others have hours.
_SOON = timedelta(seconds=30)


class Sample(msgspec.Struct, frozen=True):
    """How it stood at a moment: seconds since the beginning, and numbers so far; memory in bytes."""

    at: float
    taken: int
    decided: int
    letters: int
    memory: int


class Counted(msgspec.Struct, frozen=True):
    """Mails by outcome, those that are not there or twice, and the sorted times in milliseconds.

    `within` is how many were decided within `seconds`; `until_left` counts from the same moment until the last letter left;
    `others` are the times to the task of all but the storm's.
    """

    outcomes: dict[str, int]
    lost: int
    doubled: int
    to_task: list[float]
    others: list[float]
    to_letter: list[float]
    late: list[float]
    seconds: float
    within: int
    until_left: float


def waiting_mails() -> int:
    """Mails that are stored and not decided."""
    from orgo.intake.claim import undecided

    return undecided()


def letters() -> tuple[int, int]:
    """Letters that are to leave, and letters that have left."""
    from orgo.outbox.models import Letter

    waiting = Letter.objects.filter(state__in=("pending", "claimed", "dot")).count()
    return waiting, Letter.objects.filter(state="sent").count()


def levels_soon() -> bool:
    """Whether a level of one of the test's urgent tasks has yet to fire."""
    from orgo.lib import clock
    from orgo.task.models import Task

    return Task.objects.filter(next_level_at__lte=clock.now() + _SOON).exists()


def never_arrived(seen: Container[bytes]) -> int:
    """Letters that count as sent and that the other side (its Message-IDs with their recipients) never saw."""
    from orgo.outbox.models import Letter

    sent = Letter.objects.filter(state="sent", channel="email").values_list("message_id", "recipient")
    return sum(
        1 for message_id, recipient in sent.iterator() if f"{message_id}{recipient}".encode() not in seen
    )


def counted(taken: Sequence[int], stored_before: bool) -> Counted:
    """Look at every mail that the other side took. A mail is lost where it is in no task and not in quarantine.

    `stored_before`: all were there before the first was decided, so the time counts from the first batch's decision.
    """
    from orgo.intake.models import Mail

    columns = ("envelope_to", "outcome", "received_at", "decided_at", "task", "envelope_from")
    rows = list(Mail.objects.order_by("decided_at").values_list(*columns))
    numbered = [(mails.number_of(to[0]) if to else None, *rest) for to, *rest in rows]
    ends = Counter(number for number, outcome, *_ in numbered if outcome in _KEPT)
    tasks = Counter(number for number, outcome, *_ in numbered if outcome in _MAKES_A_TASK)
    decided = [(received, end) for _, _, received, end, *_ in numbered if end is not None]
    others = [(received, end) for *_, received, end, _, by in numbered if end is not None and by != STORM]
    begin = _begin(decided, stored_before)
    return Counted(
        outcomes=dict(Counter(outcome or "waiting" for _, outcome, *_ in numbered)),
        lost=sum(1 for number in taken if not ends[number]),
        doubled=sum(1 for seen in tasks.values() if seen > 1),
        to_task=_milliseconds(decided),
        others=_milliseconds(others),
        to_letter=_milliseconds(
            _first_letters({task: received for _, _, received, _, task, _ in numbered if task})
        ),
        late=_lateness(),
        seconds=(decided[-1][1] - begin).total_seconds() if decided else 0.0,
        within=sum(1 for _, end in decided if end > begin) if decided else 0,
        until_left=_until_left(begin),
    )


def _until_left(begin: Any) -> float:
    """Seconds from `begin` until the last letter had left; 0.0 where none has."""
    from django.db.models import Max

    from orgo.outbox.models import Letter

    last = Letter.objects.filter(state="sent").aggregate(last=Max("settled_at"))["last"]
    return (last - begin).total_seconds() if last and begin else 0.0


def _begin(decided: Sequence[tuple[Any, Any]], stored_before: bool) -> Any:
    """The moment that the time counts from; rows in the order of their decisions."""
    if not decided:
        return None
    return decided[0][1] if stored_before else min(received for received, _ in decided)


def _first_letters(received: dict[int, Any]) -> Iterable[tuple[Any, Any]]:
    from django.db.models import Min

    from orgo.outbox.models import Letter

    sent = (
        Letter.objects.filter(state="sent", task__isnull=False)
        .values_list("task")
        .annotate(at=Min("settled_at"))
    )
    return [(received[task], at) for task, at in sent.order_by() if task in received]


def _lateness() -> list[float]:
    """By how many milliseconds levels fired behind their time."""
    from orgo.audit.models import Event

    found = Event.objects.filter(type="task.escalated").values_list("data", flat=True)
    return sorted(float(data.get("late_by") or 0) * 1000 for data in found)


def _milliseconds(spans: Iterable[tuple[Any, Any]]) -> list[float]:
    return sorted((end - begin).total_seconds() * 1000 for begin, end in spans)


def percentile(values: Sequence[float], share: float) -> float | None:
    """The value that `share` of the sorted values do not pass; None of none."""
    return round(values[min(len(values) - 1, int(share * len(values)))], 1) if values else None
