"""The heartbeat: somebody outside hears every few minutes that Orgo lives, and notices when that stops."""

import logging
from collections.abc import Callable, Iterable

from orgo.conf.config import Heartbeat
from orgo.delivery.http import Client, Refused, Unreachable
from orgo.lib.crash import crashpoint
from orgo.ops import trouble
from orgo.ops.loops import Loop

log = logging.getLogger("orgo.heartbeat")
LONGEST_SILENCE = 300.0


def beat(heartbeat: Heartbeat, loops: Iterable[Loop], post: Callable[[], None]) -> bool:
    """Tell the watch outside that all loops of this process work; says whether it was told.

    Nothing is told while one of them hangs or has died: the silence is the alarm.
    """
    dead = [loop.name for loop in loops if not loop.is_well(LONGEST_SILENCE)]
    if dead:
        trouble.note("heartbeat", f"no heartbeat is sent, for {', '.join(dead)} does not work")
        return False
    try:
        post()
    except (Refused, Unreachable) as error:
        trouble.note("heartbeat", f"the watch can't be told that Orgo lives: {error}")
        return False
    trouble.over("heartbeat")
    return True


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
