"""What is known of backups without asking the store: var/backup/state.json, and those that wait."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from orgo.backup.stores import Stored, time_of
from orgo.conf.config import Config
from orgo.lib import clock

# A backup that is this much later than it should be is overdue.
_PATIENCE = timedelta(hours=1)


class State(msgspec.Struct, frozen=True):
    """The last backup, when one last reached the store, and since when none does."""

    made_at: datetime | None = None
    name: str = ""
    sent_at: datetime | None = None
    away_since: datetime | None = None
    reason: str = ""


def read_state(config: Config) -> State:
    """The state; a new one where there is none yet, or none that can be read."""
    try:
        return msgspec.json.decode(_file(config).read_bytes(), type=State)
    except (OSError, msgspec.DecodeError):
        return State()


def write_state(config: Config, state: State) -> None:
    """Keep the state, whole or not at all."""
    file = _file(config)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = file.with_suffix(".new")
    new.write_bytes(msgspec.json.encode(state))
    new.replace(file)


def _file(config: Config) -> Path:
    return config.var / "backup" / "state.json"


def waiting_in(config: Config) -> list[Stored]:
    """The backups that could not leave yet, the oldest first."""
    folder = config.var / "backup" / "waiting"
    files = folder.iterdir() if folder.is_dir() else ()
    found = [Stored(file.name, at, file.stat().st_size) for file in files if (at := time_of(file.name))]
    return sorted(found, key=lambda one: one.at)


def summary(config: Config) -> dict[str, Any] | None:
    """How it stands with backups, as `orgo status --json` has it; None where none are configured."""
    backup = config.backup
    if backup is None:
        return None
    state, every = read_state(config), backup.every
    span = timedelta(days=every.days, seconds=every.seconds) + _PATIENCE if every else None
    overdue = bool(span and state.made_at and state.made_at + span < clock.now())
    return {
        "to": backup.to,
        "last": state.made_at.isoformat() if state.made_at else None,
        "sent": state.sent_at.isoformat() if state.sent_at else None,
        "overdue": overdue,
        "waiting": len(waiting_in(config)),
        "away_since": state.away_since.isoformat() if state.away_since else None,
        "reason": state.reason,
    }
