"""The heartbeat: somebody outside hears every few minutes that Orgo lives, and notices when that stops."""

import logging
from collections.abc import Callable
from datetime import timedelta

from django.db.models import Q, QuerySet

from orgo.conf.config import Config, Heartbeat
from orgo.delivery.http import Client, Refused, Unreachable
from orgo.lib import clock
from orgo.lib.crash import crashpoint
from orgo.ops import presence, trouble
from orgo.ops.models import Role

log = logging.getLogger("orgo.heartbeat")
_ROW = "heartbeat"


def beat(config: Config, heartbeat: Heartbeat, post: Callable[[], None]) -> bool:
    """Tell the watch outside that Orgo lives, where it is time and no other process does; says whether it was told.

    Nothing is told while a part of Orgo hangs or has died, on whichever machine: the silence is the alarm.
    """
    missing = presence.missing(config, clock.now())
    if missing:
        trouble.note("heartbeat", f"no heartbeat is sent, for {', '.join(missing)} does not work")
        return False
    taken = _take_turn(heartbeat)
    if taken is None:
        return False
    try:
        post()
    except (Refused, Unreachable) as error:
        trouble.note("heartbeat", f"the watch can't be told that Orgo lives: {error}")
        taken.update(well_at=None)
        return False
    trouble.over("heartbeat")
    return True


def _take_turn(heartbeat: Heartbeat) -> QuerySet[Role] | None:
    """The row of the beat that is this process's to send; None where it is too early, or another's."""
    now, every = clock.now(), timedelta(days=heartbeat.every.days, seconds=heartbeat.every.seconds)
    Role.objects.get_or_create(name=_ROW)
    due = Q(well_at=None) | Q(well_at__lte=now - every) | Q(well_at__gt=now)
    if not Role.objects.filter(due, name=_ROW).update(well_at=now):
        return None
    return Role.objects.filter(name=_ROW, well_at=now)


def poster(heartbeat: Heartbeat) -> Callable[[], None]:
    """What one beat does: a POST to the watch's address, or a letter to its mail address. It raises Refused, Unreachable."""
    if heartbeat.url is None:
        return lambda: _write(str(heartbeat.mail))
    client = Client(heartbeat.url.get_secret_value(), internal=heartbeat.internal)

    def post() -> None:
        crashpoint("heartbeat.before_post")
        answer = client.post(b"", {"User-Agent": "Orgo"})
        crashpoint("heartbeat.after_post")
        if answer.status >= 300:
            raise Unreachable(f"{client.host} answers {answer.status}")

    return post


def _write(address: str) -> None:
    from django.db import transaction

    from orgo.audit.models import record
    from orgo.flow.alarms import letter_of
    from orgo.flow.house import open_house

    with transaction.atomic():
        event = record("heartbeat.sent", actor="", actor_kind="system")
        crashpoint("heartbeat.before_letter")
        letter_of(event.pk, address, "Orgo lives", "Mail is taken, decided and sent.\n", open_house()).save(
            force_insert=True
        )
