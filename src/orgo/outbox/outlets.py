"""How it stands with the ways out: since when a channel takes no letter, and who knows that it works again."""

from datetime import datetime

from orgo.conf import sql
from orgo.lib import clock
from orgo.lib.text import clip
from orgo.outbox.models import Outlet


def note_failing(channel: str, reason: str) -> None:
    """A letter could not leave now. The instant of the first such failure stays until one leaves."""
    row, _ = Outlet.objects.get_or_create(channel=channel)
    if row.failing_since is None:
        Outlet.objects.filter(pk=channel, failing_since=None).update(
            failing_since=clock.now(), reason=clip(reason, 300)
        )


def note_working(channel: str) -> None:
    """Letters leave. (Looked up first: a statement that writes would wait for the database's lock each time.)"""
    if failing_since(channel) is not None:
        Outlet.objects.filter(pk=channel).update(failing_since=None, reason="")


def failing_since(channel: str) -> datetime | None:
    """Since when no letter left by this channel although some should have; None where it works or was not tried."""
    found = sql.among(Outlet, ("failing_since",), "channel", [channel])
    return found[0][0] if found else None
