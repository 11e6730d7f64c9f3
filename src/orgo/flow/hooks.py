"""The second path: what is urgent goes by webhook when mail has not left for ten minutes, or reached nobody.

A webhook is a room, not a person: nobody is known to read there, so its letters carry no link that acts and no address
to answer to, and of a private task they say only that there is one (flow/letters.py).
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, QuerySet

from orgo.audit.models import Event
from orgo.conf import Config, boot
from orgo.flow.alarms import letter_of
from orgo.flow.house import open_house
from orgo.flow.unit import Unit
from orgo.lib import clock
from orgo.outbox.models import Letter
from orgo.outbox.outlets import failing_since
from orgo.outbox.turns import URGENT
from orgo.task.values import Notice

AFTER = timedelta(minutes=10)
NO_OLDER_THAN = timedelta(days=1)
# A letter can be on its way for days before it comes back: two here, five at the servers after us (RFC 5321 4.5.4.1).
LONGEST_WAY = timedelta(days=8)
MOST_AT_ONCE = 200


def second_path() -> int:
    """Send by webhook what is urgent and can't leave by mail, or whose letters all failed; returns of how many events.

    Each event goes once: what a webhook was told of already is not told again, whether by this path or by name.
    """
    config, now = boot.config(), clock.now()
    if not any(hook.alarms for hook in config.webhooks.values()):
        return 0
    waiting = _first_of_each([*_unheard(now), *(_stuck(now) if _mail_fails(config, now) else ())])
    if waiting:
        with Unit(open_house(config)) as unit:
            for letter in waiting:
                _repeat(letter, unit.house.alarm_hooks(), unit)
    return len(waiting)


def _mail_fails(config: Config, now: datetime) -> bool:
    since = failing_since("email")
    return config.smtp is None or (since is not None and now - since >= AFTER)


def _stuck(now: datetime) -> QuerySet[Letter]:
    """Letters of urgent events that no webhook was told of, and that still wait for their server."""
    waits = _urgent(now - NO_OLDER_THAN).filter(
        state__in=("pending", "claimed", "dot", "held"), maybe_sent=False
    )
    return waits.exclude(Exists(_of_same_event().filter(channel="webhook")))[:MOST_AT_ONCE]


def _unheard(now: datetime) -> QuerySet[Letter]:
    """Letters of urgent events all of whose letters failed lately: refused by a server, or come back."""
    failed = _urgent(now - LONGEST_WAY).filter(state="failed", settled_at__gte=now - NO_OLDER_THAN)
    heard = _of_same_event().exclude(channel="email", state="failed")
    return failed.exclude(Exists(heard))[:MOST_AT_ONCE]


def _urgent(since: datetime) -> QuerySet[Letter]:
    return Letter.objects.filter(kind__in=URGENT, channel="email", date__gte=since).order_by("id")


def _of_same_event() -> QuerySet[Letter]:
    return Letter.objects.filter(event=OuterRef("event"), kind__in=URGENT)


def _first_of_each(letters: Iterable[Letter]) -> list[Letter]:
    """One letter of each event."""
    found: dict[int, Letter] = {}
    for letter in letters:
        found.setdefault(letter.event, letter)
    return list(found.values())


def _repeat(letter: Letter, hooks: tuple[str, ...], unit: Unit) -> None:
    if letter.task is None:
        said = (letter.subject, letter.text, unit.house, letter.language)
        rows = [letter_of(letter.event, hook, *said) for hook in hooks]
        Letter.objects.bulk_create(rows)
        return
    state = unit.state(letter.task)
    event = Event.objects.get(pk=letter.event)
    if state is not None and event.seq is not None:
        hooks = unit.house.hooks_of(state.team) or hooks
        unit.tell(state, Notice(letter.kind, hooks, event.seq, data=event.data))
