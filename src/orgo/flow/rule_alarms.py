"""The rules file while Orgo runs: a new revision goes into the trail; of one that is refused the administrators are told once."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db import transaction

from orgo.audit.models import Event, record
from orgo.conf import boot
from orgo.flow.alarms import alarm
from orgo.flow.house import RULES, House, open_house
from orgo.lib import clock
from orgo.lib.text import clip
from orgo.outbox.models import Outlet

GRACE = timedelta(seconds=10)  # an editor may be in the middle of writing the file
LONGEST = 4000
# The revision that this process has seen in the trail as the last one, or has put there.
_noted = ""


def watch_rules(house: House | None = None) -> int:
    """Put a new revision into the trail, and tell of a file that is refused, once for what is wrong with it.

    Returns how many alarms were raised. Any number of processes may call this: the row of the outlet that the alarm leaves
    by is the lock.
    """
    house = house or open_house()
    _note_revision(house)
    problem, since = RULES.problem, RULES.since
    if since is None or clock.now() - since < GRACE:
        return 0
    digest = hashlib.sha256(problem.encode()).hexdigest()
    with _one_at_a_time():
        if Event.objects.filter(type="rules.refused", data__digest=digest).exists():
            return 0
        record("rules.refused", actor="", actor_kind="system", digest=digest)
        values = {"title": _file(house), "text": clip(problem, LONGEST), "link": house.public_url}
        alarm("rules", "rules_refused", lambda language: values, house)
    return 1


def _note_revision(house: House) -> None:
    """Say in the trail since when which rules are in force, by the hash that each task keeps of them."""
    global _noted
    revision = house.rules.hash
    if revision == _noted:
        return
    with _one_at_a_time():
        last = Event.objects.filter(type="rules.changed").order_by("-at", "-id").first()
        if last is None or last.data["revision"] != revision:
            record("rules.changed", actor="", actor_kind="system", revision=revision, file=_file(house))
    _noted = revision


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """A transaction that other processes wait for which look at the rules too."""
    with transaction.atomic():
        Outlet.objects.get_or_create(channel="email")
        Outlet.objects.select_for_update().get(channel="email")
        yield


def _file(house: House) -> str:
    rules, home = boot.config().rules, house.config.home
    return str(rules.relative_to(home) if rules and rules.is_relative_to(home) else rules)
