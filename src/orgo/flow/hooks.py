"""The second path: what is urgent goes by webhook when mail has not left for ten minutes, or can't leave at all.

A webhook is a room, not a person: nobody is known to read there, so its letters carry no link that acts and no address
to answer to, and of a private task they say only that there is one (flow/letters.py).
"""

from datetime import datetime, timedelta

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
MOST_AT_ONCE = 200


def second_path() -> int:
    """Send by webhook what is urgent and can't leave by mail; returns of how many events.

    Each event goes once: what a webhook was told of already is not told again, whether by this path or by name.
    """
    config, now = boot.config(), clock.now()
    if not config.webhooks or not _mail_fails(config, now):
        return 0
    house = open_house(config)
    hooks = house.alarm_hooks()
    waiting = _waiting(now) if hooks else []
    if waiting:
        with Unit(house) as unit:
            for letter in waiting:
                _repeat(letter, hooks, unit)
    return len(waiting)


def _mail_fails(config: Config, now: datetime) -> bool:
    since = failing_since("email")
    return config.smtp is None or (since is not None and now - since >= AFTER)


def _waiting(now: datetime) -> list[Letter]:
    """One letter of each urgent event that no webhook was told of."""
    urgent = Letter.objects.filter(kind__in=URGENT, date__gte=now - NO_OLDER_THAN)
    stuck = urgent.filter(channel="email", state__in=("pending", "claimed", "dot", "held"))
    told = urgent.filter(channel="webhook").values("event")
    found: dict[int, Letter] = {}
    for letter in stuck.exclude(event__in=told).order_by("id")[:MOST_AT_ONCE]:
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
