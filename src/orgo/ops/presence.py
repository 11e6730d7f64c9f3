"""Which parts of Orgo work: each process says it of its own, so that whoever asks hears of all machines."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from orgo.conf.config import Config
from orgo.lib import clock
from orgo.lib.text import clip
from orgo.ops.models import Role

SAY_EVERY = 20.0
ALIVE = "alive"  # the file by whose time a supervisor sees that all parts of a process work (deploy/helm)
LONGEST_ROUND = timedelta(
    minutes=15
)  # of letters to a slow server; who does not work is begun anew by a supervisor
LONGEST_SILENCE = timedelta(minutes=5)
# A page that nobody serves any more is no longer missed.
FORGOTTEN = timedelta(days=7)


class WellOrNot(Protocol):
    """A loop, a listener, or who watches a mailbox."""

    name: str

    def is_well(self, longest: float) -> bool:
        """Whether it lives and did something within `longest` seconds."""
        ...


def say(roles: Iterable[str], parts: Iterable[WellOrNot]) -> int:
    """Say that these roles of this process work, or which part of it does not; returns how many do not."""
    ailing = [part.name for part in parts if not part.is_well(LONGEST_SILENCE.total_seconds())]
    said = {"ailing": clip(", ".join(ailing), 300)} if ailing else {"ailing": "", "well_at": clock.now()}
    for role in sorted(roles):
        Role.objects.update_or_create(name=role, defaults=said)
    return len(ailing)


def touch(var: Path, parts: Iterable[WellOrNot]) -> int:
    """Give the file `alive` this instant as its time, unless a part does not work; returns 0: nothing more is to be done."""
    if all(part.is_well(LONGEST_ROUND.total_seconds()) for part in parts):
        (var / ALIVE).touch()
    return 0


def missing(config: Config, now: datetime) -> list[str]:
    """The roles that this configuration needs and of which no process has said for long that they work."""
    rows = {row.name: row for row in Role.objects.all()}
    return [
        _named(role, rows.get(role)) for role in _needed(config, rows, now) if not _works(rows.get(role), now)
    ]


def _needed(config: Config, rows: dict[str, Role], now: datetime) -> Iterator[str]:
    intake = config.intake
    if intake.smtp.enabled or intake.folder.path is not None or config.accounts:
        yield "intake"
    yield "route"
    if config.smtp is not None or config.webhooks:
        yield "deliver"
    yield "clock"
    if "web" in rows and (rows["web"].well_at or now) > now - FORGOTTEN:
        yield "web"


def _works(row: Role | None, now: datetime) -> bool:
    return row is not None and row.well_at is not None and row.well_at > now - LONGEST_SILENCE


def _named(role: str, row: Role | None) -> str:
    return f"{role} ({row.ailing})" if row is not None and row.ailing else role
