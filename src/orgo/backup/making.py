"""A backup is made and sent away; one that can't leave now waits in var/backup/waiting, and the state says since when."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

import orgo
from orgo.backup import archive, contents, snapshot
from orgo.backup.keeping import superfluous
from orgo.backup.state import read_state, waiting_in, write_state
from orgo.backup.stores import Away, Stored, name_of, store_of, sync_folder
from orgo.backup.stream import secret_of
from orgo.conf.backup import Backup
from orgo.conf.config import Config
from orgo.lib import clock
from orgo.lib.crash import crashpoint
from orgo.lib.problems import BadInput, Problem


class Busy(Exception):
    """Another backup is being made at this moment."""


class Made(msgspec.Struct, frozen=True):
    """A backup that was made; `waiting` are those that could not leave, and `reason` says why."""

    name: str
    bytes: int
    rows: dict[str, int]
    files: list[str]
    waiting: list[str]
    reason: str


def backup_of(config: Config) -> Backup:
    """The section `backup:`. Raises BadInput where there is none."""
    if config.backup is None:
        hint = "docs/operator/backup.md shows the few lines"
        raise BadInput(Problem("no backup: is configured", key="backup", hint=hint))
    return config.backup


def create(config: Config) -> Made:
    """Make a backup now, and send it and all that wait. Raises Busy, BadInput, OSError (nothing half is left then)."""
    backup = backup_of(config)
    with _alone(config):
        made_at = clock.now()
        file, manifest = _make(config, backup, made_at)
        size = file.stat().st_size
        write_state(config, msgspec.structs.replace(read_state(config), made_at=made_at, name=file.name))
        reason = _send(config, backup)
    waiting = [one.name for one in waiting_in(config)]
    return Made(file.name, size, manifest.rows, manifest.files, waiting, reason)


def _make(config: Config, backup: Backup, made_at: datetime) -> tuple[Path, snapshot.Manifest]:
    work, waiting = _folder(config, "work"), _folder(config, "waiting")
    shutil.rmtree(work)
    work.mkdir(mode=0o700)
    try:
        database = work / archive.DATABASE
        files = contents.files_of(config)
        snapshot.take(config, database)
        crashpoint("H13.snapshot_taken")
        manifest = _manifest(config, made_at, database, files)
        part = work / name_of(made_at)
        archive.write(part, secret_of(backup.key.get_secret_value()), manifest, database, files)
        crashpoint("H13.archive_written")
        part.replace(waiting / part.name)
        sync_folder(waiting)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return waiting / part.name, manifest


def _manifest(config: Config, made_at: datetime, database: Path, files: dict[str, Path]) -> snapshot.Manifest:
    return snapshot.Manifest(
        made_at=made_at.isoformat(),
        orgo=orgo.__version__,
        database="sqlite" if config.sqlite_file else "postgresql",
        form=snapshot.form_of(database),
        rows=snapshot.count_rows(database),
        head=snapshot.head_of(database),
        files=sorted(files),
        secrets=contents.secrets_of(config),
    )


def send(config: Config) -> str:
    """Send the backups that wait, the oldest first; returns why they can't leave, "" where none waits any more."""
    with _alone(config):
        return _send(config, backup_of(config))


def _send(config: Config, backup: Backup) -> str:
    """Send what waits. Where the store is away only what `keep` asks for goes on waiting, so that the disk is not filled."""
    state = read_state(config)
    try:
        store = store_of(backup, config)
        for one in waiting_in(config):
            file = _folder(config, "waiting") / one.name
            store.put(file)
            crashpoint("H13.sent")
            file.unlink()
            state = msgspec.structs.replace(state, sent_at=clock.now())
    except Away as error:
        for one in superfluous(waiting_in(config), backup.keep):
            (_folder(config, "waiting") / one.name).unlink(missing_ok=True)
        since = state.away_since or clock.now()
        write_state(config, msgspec.structs.replace(state, away_since=since, reason=str(error)))
        return str(error)
    write_state(config, msgspec.structs.replace(state, away_since=None, reason=""))
    return ""


def prune(config: Config, *, dry: bool = False) -> list[Stored]:
    """Remove the backups that `keep` does not ask for; returns them. Raises Away."""
    backup = backup_of(config)
    store = store_of(backup, config)
    gone = superfluous(store.all(), backup.keep)
    for one in gone:
        if not dry:
            store.remove(one.name)
    return gone


def is_due(config: Config) -> bool:
    """Whether the time of the next backup has come."""
    every = config.backup.every if config.backup else None
    if every is None:
        return False
    last = read_state(config).made_at
    return last is None or last + timedelta(days=every.days, seconds=every.seconds) <= clock.now()


def round_of(config: Config) -> int:
    """One round of the clock: a backup where one is due, and what waits goes. Returns how many were made."""
    made = is_due(config)
    try:
        if made:
            create(config)
        elif waiting_in(config):
            send(config)
        if made and not waiting_in(config):
            prune(config)
    except (Busy, Away):
        return 0
    return int(made)


def _folder(config: Config, name: str) -> Path:
    folder = config.var / "backup" / name
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


@contextmanager
def _alone(config: Config) -> Iterator[None]:
    """One at a time on this machine (where the system has file locks)."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    with (_folder(config, ".") / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy("another backup is being made at this moment") from None
        yield
