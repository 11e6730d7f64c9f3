"""What is known of backups without asking the store: a row of the database for all machines, and those that wait here."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from orgo.backup.stores import Stored, time_of
from orgo.conf.config import Config
from orgo.lib import clock
from orgo.lib.text import clip

if TYPE_CHECKING:
    from orgo.ops.models import Backups

# A backup that is this much later than it should be is overdue.
PATIENCE = timedelta(hours=1)
_LONGEST_PAUSE = timedelta(hours=1)
_LONGEST_REASON = 500
_MOST_NUMBERS = 20
_ROW = 1


def read() -> "Backups":
    """The row, made where there is none yet."""
    from orgo.ops.models import Backups

    return Backups.objects.get_or_create(number=_ROW, defaults={"since": clock.now()})[0]


def _write(**values: Any) -> None:
    from orgo.ops.models import Backups

    Backups.objects.filter(number=_ROW).update(**values)


def begun() -> None:
    """One is begun. It counts as failed until it is there, so that what kills this process is not tried each minute."""
    tries = read().tries + 1
    pause = min(timedelta(minutes=2 ** min(tries, 10)), _LONGEST_PAUSE)
    _write(tries=tries, next_at=clock.now() + pause)


def failed(reason: str) -> None:
    """It came to nothing."""
    _write(reason=clip(reason, _LONGEST_REASON))


def made(at: datetime) -> None:
    """One is there, whole, on this machine."""
    _write(made_at=at, tries=0, next_at=None, reason="")


def sent(*, any: bool, lost: Sequence[int] = ()) -> None:
    """All that waited here has left; `any` says whether something did, `lost` which mails have no bytes in it."""
    values = {"sent_at": clock.now()} if any else {}
    numbers = " ".join(map(str, lost[:_MOST_NUMBERS]))
    _write(waiting=0, away_since=None, reason="", lost=len(lost), lost_mails=numbers, **values)


def away(waiting: int, reason: str) -> None:
    """The store can't be had."""
    since = read().away_since or clock.now()
    _write(waiting=waiting, away_since=since, reason=clip(reason, _LONGEST_REASON))


def due_at(row: "Backups", config: Config) -> datetime | None:
    """When the next one should be made; None where none is made by itself."""
    every = config.backup.every if config.backup else None
    if every is None:
        return None
    span = timedelta(days=every.days, seconds=every.seconds)
    return row.made_at + span if row.made_at else row.since


def is_due(config: Config) -> bool:
    """Whether the time of the next backup has come, and a pause after one that failed is over."""
    row, now = read(), clock.now()
    due = due_at(row, config)
    return due is not None and due <= now and (row.next_at is None or row.next_at <= now)


def is_overdue(row: "Backups", config: Config) -> bool:
    """Whether one should have been made long ago, the first one too."""
    due = due_at(row, config)
    return due is not None and due + PATIENCE < clock.now()


def waiting_in(config: Config) -> list[Stored]:
    """The backups that could not leave this machine yet, the oldest first."""
    folder = config.var / "backup" / "waiting"
    files = folder.iterdir() if folder.is_dir() else ()
    found = [Stored(file.name, at, file.stat().st_size) for file in files if (at := time_of(file.name))]
    return sorted(found, key=lambda one: one.at)


def summary(config: Config) -> dict[str, Any] | None:
    """How it stands with backups, as `orgo status --json` has it; None where none are configured."""
    backup = config.backup
    if backup is None:
        return None
    row = read()
    return {
        "to": backup.to,
        "last": row.made_at.isoformat() if row.made_at else None,
        "sent": row.sent_at.isoformat() if row.sent_at else None,
        "overdue": is_overdue(row, config),
        "waiting": row.waiting,
        "away_since": row.away_since.isoformat() if row.away_since else None,
        "reason": row.reason,
        "lost": row.lost,
        "lost_mails": [int(number) for number in row.lost_mails.split()],
    }
