"""A backup is made and sent away; one that can't leave now waits in var/backup/waiting, and the state says since when."""

import shutil
from datetime import datetime
from pathlib import Path

import msgspec

import orgo
from orgo.backup import archive, blobs, contents, snapshot, state
from orgo.backup.keeping import superfluous
from orgo.backup.state import is_due, waiting_in
from orgo.backup.stores import Stored, name_of, store_of
from orgo.backup.stream import secret_of
from orgo.backup.turn import Busy, alone
from orgo.conf.backup import Backup
from orgo.conf.config import Config
from orgo.conf.s3 import Away
from orgo.lib import clock
from orgo.lib.crash import crashpoint
from orgo.lib.files import sync
from orgo.lib.problems import BadInput, Problem


class Made(msgspec.Struct, frozen=True):
    """A backup that was made; `waiting` are those that could not leave, and `reason` says why.

    `lost` are the mails whose bytes lay beside the database and are gone there: no backup has them.
    """

    name: str
    bytes: int
    rows: dict[str, int]
    files: list[str]
    waiting: list[str]
    reason: str
    lost: list[blobs.Lost]


def backup_of(config: Config) -> Backup:
    """The section `backup:`. Raises BadInput where there is none."""
    if config.backup is None:
        hint = "docs/operator/backup.md shows the few lines"
        raise BadInput(Problem("none is configured", key="backup", hint=hint))
    return config.backup


def create(config: Config) -> Made:
    """Make a backup now, and send it and all that wait. Raises Busy, BadInput, OSError (nothing half is left then)."""
    backup = backup_of(config)
    with alone(config):
        return _create(config, backup)


def _create(config: Config, backup: Backup) -> Made:
    made_at = clock.now()
    state.begun()
    try:
        file, manifest = _make(config, backup, made_at)
    except Exception as error:
        state.failed(f"{type(error).__name__}: {error}")
        raise
    state.made(made_at)
    size = file.stat().st_size
    reason, lost = _send(config, backup)
    waiting = [one.name for one in waiting_in(config)]
    return Made(file.name, size, manifest.rows, manifest.files, waiting, reason, lost)


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
        archive.write(part, secret_of(backup.secret()), manifest, database, files)
        crashpoint("H13.archive_written")
        part.replace(waiting / part.name)
        sync(waiting)
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
        blobs=snapshot.blobs_of(database),
    )


def _send(config: Config, backup: Backup) -> tuple[str, list[blobs.Lost]]:
    """Send what waits, the oldest first; returns why it can't leave, "" where none waits any more, and the mails whose
    bytes are lost.

    Where the store is away only what `keep` asks for goes on waiting, so that the disk is not filled.
    """
    waiting = waiting_in(config)
    lost: list[blobs.Lost] = []
    try:
        store = store_of(backup, config)
        lost = blobs.send(store, config, secret_of(backup.secret()), _folder(config, "work"))
        for one in waiting:
            file = _folder(config, "waiting") / one.name
            store.put(file)
            crashpoint("H13.sent")
            file.unlink()
    except (Away, OSError) as error:
        for one in superfluous(waiting_in(config), backup.keep):
            (_folder(config, "waiting") / one.name).unlink(missing_ok=True)
        state.away(len(waiting_in(config)), str(error))
        return str(error), lost
    state.sent(any=bool(waiting), lost=[one.mail for one in lost])
    return "", lost


def prune(config: Config, *, dry: bool = False) -> list[Stored]:
    """Remove the backups that `keep` does not ask for, and what only they needed; returns them. Raises Away, Busy."""
    if dry:
        return superfluous(store_of(backup_of(config), config).all(), backup_of(config).keep)
    with alone(config):
        return _prune(config, backup_of(config))


def _prune(config: Config, backup: Backup) -> list[Stored]:
    store = store_of(backup, config)
    gone = superfluous(store.all(), backup.keep)
    for one in gone:
        store.remove(one.name)
    waiting = [_folder(config, "waiting") / one.name for one in waiting_in(config)]
    blobs.prune(store, secret_of(backup.secret()), waiting)
    return gone


def round_of(config: Config) -> int:
    """One round of the clock: a backup where one is due, and what waits goes. Returns how many were made.

    Any number of machines may do this: one of them makes what is due, and each sends what waits on it.
    """
    if not backup_of(config).here or not (is_due(config) or waiting_in(config)):
        return 0
    try:
        with alone(config):
            return _round(config, backup_of(config))
    except (Busy, Away):
        return 0


def _round(config: Config, backup: Backup) -> int:
    """Alone, so it is looked once more whether one is due: another machine may have made it a moment ago."""
    if not is_due(config):
        _send(config, backup)
        return 0
    if not _create(config, backup).waiting:
        _prune(config, backup)
    return 1


def _folder(config: Config, name: str) -> Path:
    folder = config.var / "backup" / name
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
