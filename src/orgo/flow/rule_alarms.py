"""A rules file that goes bad while Orgo runs: the old rules stay in force, and the administrators are told once."""

import hashlib
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


def watch_rules(house: House | None = None) -> int:
    """Tell of a rules file that is refused, once for what is wrong with it; returns how many alarms were raised.

    Any number of processes may call this: the row of the outlet that the alarm leaves by is the lock.
    """
    house = house or open_house()
    problem, since = RULES.problem, RULES.since
    if since is None or clock.now() - since < GRACE:
        return 0
    digest = hashlib.sha256(problem.encode()).hexdigest()
    with transaction.atomic():
        Outlet.objects.get_or_create(channel="email")
        Outlet.objects.select_for_update().get(channel="email")
        if Event.objects.filter(type="rules.refused", data__digest=digest).exists():
            return 0
        record("rules.refused", actor="", actor_kind="system", digest=digest)
        values = {"title": _file(house), "text": clip(problem, LONGEST), "link": house.public_url}
        alarm("rules", "rules_refused", lambda language: values, house)
    return 1


def _file(house: House) -> str:
    rules, home = boot.config().rules, house.config.home
    return str(rules.relative_to(home) if rules and rules.is_relative_to(home) else rules)
