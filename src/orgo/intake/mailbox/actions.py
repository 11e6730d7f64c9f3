"""What a person does to a mailbox; each leaves an event."""

from datetime import datetime

from orgo.audit.models import record
from orgo.intake.mailbox import golive
from orgo.intake.models import Mailbox


def start_work(name: str, since: datetime, by: str) -> int:
    """Let the mailbox `name` make tasks of mail from `since` (aware) on; returns how many observed mails become work."""
    work = golive.go_live(name, since)
    record("mailbox.live", actor=by, mailbox=name, since=since.isoformat())
    return work


def only_look(name: str, by: str) -> None:
    """Observe the mailbox `name` from now on; what was decided stays."""
    golive.observe(name)
    record("mailbox.observed", actor=by, mailbox=name)


def set_paused(name: str, paused: bool, by: str) -> None:
    """Leave the mailbox `name` alone, or go on with it (and try at once, whatever its trouble was)."""
    more = {} if paused else {"next_try_at": None}
    Mailbox.objects.update_or_create(name=name, defaults={"paused": paused, **more})
    record("mailbox.paused" if paused else "mailbox.resumed", actor=by, mailbox=name)
