"""A backup is made and sent away; one that can't leave now waits in var/backup/waiting, and the state says since when."""

import logging
import shutil
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import msgspec

import orgo
from orgo.backup import archive, blobs, contents, snapshot, state
from orgo.backup.keeping import superfluous
from orgo.backup.state import is_due, waiting_in
from orgo.backup.stores import Store, Stored, name_of, store_of
from orgo.backup.stream import is_of, secret_of
from orgo.backup.turn import Busy, alone
from orgo.conf.backup import Backup
from orgo.conf.config import Config
from orgo.conf.s3 import Away
from orgo.lib import clock
from orgo.lib.crash import crashpoint
from orgo.lib.files import sync
from orgo.lib.problems import BadInput, Problem
from orgo.lib.text import counted

log = logging.getLogger("orgo.backup")


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
    if not reason:
        _warn_of_strangers(config)
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
        here = _folder(config, "waiting")
        ours, _ = _by_key(waiting_in(config), lambda name: (here / name).open("rb"), backup)
        for one in superfluous(ours, backup.keep):
            (here / one.name).unlink(missing_ok=True)
        state.away(len(waiting_in(config)), str(error))
        return str(error), lost
    state.sent(any=bool(waiting), lost=[one.mail for one in lost])
    return "", lost


def prune(config: Config, *, dry: bool = False) -> list[Stored]:
    """Remove the backups that `keep` does not ask for, and what only they needed; returns them. Raises Away, Busy.

    Those that the present key can't open are neither counted nor removed: they may be the only ones that are worth anything.
    """
    if dry:
        return _superfluous(store_of(backup_of(config), config), backup_of(config))
    with alone(config):
        return _prune(config, backup_of(config))


def _prune(config: Config, backup: Backup) -> list[Stored]:
    store = store_of(backup, config)
    gone = _superfluous(store, backup)
    for one in gone:
        store.remove(one.name)
    waiting = [_folder(config, "waiting") / one.name for one in waiting_in(config)]
    blobs.prune(store, secret_of(backup.secret()), waiting)
    return gone


def _superfluous(store: Store, backup: Backup) -> list[Stored]:
    ours, others = _by_key(store.all(), store.open, backup)
    if others:
        log.warning(
            "%s left alone: backup.key can't open what it did not make", counted(len(others), "backup")
        )
    return superfluous(ours, backup.keep)


def strangers(config: Config) -> list[Stored]:
    """The backups of the store that the present key can't open, the oldest first. Raises Away, BadInput."""
    backup = backup_of(config)
    store = store_of(backup, config)
    return _by_key(store.all(), store.open, backup)[1]


def _warn_of_strangers(config: Config) -> None:
    with suppress(Away, OSError):  # the backup has left: what can't be read of others takes nothing from it
        if found := strangers(config):
            log.warning(words_of_strangers(found))


def words_of_strangers(found: list[Stored]) -> str:
    """What is said of backups that the present key can't open."""
    return f"{counted(len(found), 'former backup')} can't be opened with the present backup.key, the last is {found[-1].name}"


def _by_key(
    stored: Iterable[Stored], opened: Callable[[str], BinaryIO], backup: Backup
) -> tuple[list[Stored], list[Stored]]:
    """Those that the present key opens, and the others."""
    secret = secret_of(backup.secret())
    ours: list[Stored] = []
    others: list[Stored] = []
    for one in stored:
        with opened(one.name) as file:
            (ours if is_of(file, secret) else others).append(one)
    return ours, others


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
