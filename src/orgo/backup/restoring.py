"""A backup comes back: into a folder beside, where it is read again and made ready, then in one step into its place."""

import errno
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from orgo.backup import archive, blobs, placing, snapshot
from orgo.backup.blobs import Beside
from orgo.backup.stream import Header
from orgo.conf import boot, load, places
from orgo.conf.config import Config
from orgo.conf.database import lock_of, reach
from orgo.conf.kinds import masked
from orgo.conf.load import database_of
from orgo.lib.crash import crashpoint
from orgo.lib.files import copy_whole, sync
from orgo.lib.locks import locked
from orgo.lib.problems import BadInput, Problem
from orgo.lib.text import counted

NEW = "new"  # what a database holds after `orgo init`: people, and no work yet
_WAITING = ("pending", "claimed", "dot", "held")
_WORK = "SELECT EXISTS (SELECT 1 FROM intake_mail) OR EXISTS (SELECT 1 FROM task_task)"
_MOST_SAID = 20
_LAST_RESTORE = "SELECT data FROM audit_event WHERE type = ? ORDER BY id DESC LIMIT 1"


class Restored(msgspec.Struct, frozen=True):
    """What came back and where to.

    `beside` are files of the backup that stand beside what is there already, or in var/from-backup where Orgo may not write;
    `secrets` are those that the configuration names and no backup holds. `lost` are the mails without their bytes. Where
    the database was this backup `already`, `put_back` are the files that lacked.
    """

    made_at: str
    database: str
    rows: dict[str, int]
    letters_held: int
    beside: list[str]
    secrets: list[str]
    lost: list[blobs.Lost] = []
    already: bool = False
    put_back: list[str] = []


class Stage(msgspec.Struct):
    """An unpacked backup; `database` is in this program's form and Django works on it. `lost` are mails without bytes."""

    folder: Path
    name: str
    header: Header
    manifest: snapshot.Manifest
    lost: list[blobs.Lost] = []

    @property
    def database(self) -> Path:
        return self.folder / archive.DATABASE

    @property
    def files(self) -> Path:
        return self.folder / archive.FILES


@contextmanager
def staged(
    source: BinaryIO, secret: bytes, name: str, folder: Path, beside: Beside, *, skip_lost: bool
) -> Iterator[Stage]:
    """Unpack into `folder`, look whether all rows are there, and bring the database to this program's form.

    The blobs that it names come out of `beside`, into its rows. Where one is not right all of it is refused, or with
    `skip_lost` the rest is taken.

    The folder is empty before and gone afterwards. Raises BadInput.
    """
    above = [parent for parent in folder.parents if not parent.exists()]
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    try:
        stage = Stage(folder, name, *archive.unpack(source, secret, name, folder))
        crashpoint("H13.unpacked")
        if snapshot.count_rows(stage.database) != stage.manifest.rows:
            raise BadInput(Problem("its rows are not those that it says it has", file=name))
        _start(stage)
        lost = blobs.bring_in(stage.database, stage.manifest.blobs, beside, secret)
        if lost and not skip_lost:
            raise _lacking(lost)
        stage.lost = blobs.mails_of({blob: str(problem) for blob, problem in lost.items()})
        yield stage
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        for parent in above:
            if parent.is_dir() and not any(parent.iterdir()):
                parent.rmdir()


def _lacking(lost: Mapping[str, Problem]) -> BadInput:
    hint = "bring the folder blobs that lay beside the backup; what is nowhere any more: restore the rest by --skip-lost"
    last = Problem(f"the bytes of {counted(len(lost), 'large mail')} can't be had", hint=hint)
    return BadInput([*list(lost.values())[:_MOST_SAID], last])


def _start(stage: Stage) -> None:
    """Django on the unpacked database, with a configuration of which all is default. A newer form is refused."""
    environ = {
        "ORGO_DATABASE": f"sqlite:///{stage.database}",
        "ORGO_CONFIG": str(snapshot.plain(stage.folder)),
    }
    config = boot.start(load(stage.folder, environ))
    from orgo.ops.schema import migrate, unknown

    later = unknown(stage.manifest.form)
    if later:
        words = f"its database has a form that only a newer Orgo knows ({', '.join(later)})"
        raise BadInput(
            Problem(words, file=stage.name, hint=f"upgrade Orgo: it was made by {stage.manifest.orgo}")
        )
    migrate(config)


def restore(
    source: BinaryIO,
    secret: bytes,
    name: str,
    home: Path,
    to: str | None,
    environ: Mapping[str, str],
    beside: Beside,
    *,
    skip_lost: bool = False,
) -> Restored:
    """Bring a backup into a home without work, an empty or a newly installed one, on the database `to` (None: what its
    configuration names).

    Letters that had not left are held: they may have left after the backup. Raises BadInput, and changes nothing;
    for a mail's bytes that are lost too, unless `skip_lost` is given.
    """
    folder = home / "var" / "restore.part"
    with staged(source, secret, name, folder, beside, skip_lost=skip_lost) as stage:
        url = to or _configured(stage, home, environ)
        plain = snapshot.plain(stage.folder)
        target = load(home, {**_reduced(environ), "ORGO_DATABASE": url, "ORGO_CONFIG": str(plain)})
        with _nobody_else_in(target):
            return _bring_in(stage, target, home, environ, url)


def _bring_in(stage: Stage, target: Config, home: Path, environ: Mapping[str, str], url: str) -> Restored:
    there = _there_in_file(target) if target.sqlite_file else _there_on_server(target)
    if there not in ("", NEW, stage.header.id):
        raise _taken(target)
    if there == stage.header.id:
        back = placing.put_lacking(stage.files, home, environ)
        rows = stage.manifest.rows
        return Restored(stage.manifest.made_at, url, rows, 0, [], [], stage.lost, already=True, put_back=back)
    held = _make_ready(stage)
    beside = _put_files(stage, home, environ, url if there == NEW else None)
    crashpoint("H13.files_put")
    _put_database(stage, target)
    crashpoint("H13.database_put")
    return Restored(
        stage.manifest.made_at, url, stage.manifest.rows, held, beside, stage.manifest.secrets, stage.lost
    )


@contextmanager
def _nobody_else_in(target: Config) -> Iterator[None]:
    """A running Orgo would go on in the file that gives way. Raises BadInput where there is one."""
    file = target.sqlite_file
    with ExitStack() as held:
        try:
            if file is not None and file.exists():
                held.enter_context(locked(lock_of(file)))
        except BlockingIOError:
            words = "Orgo runs on this database, or another restore does"
            raise BadInput(Problem(words, file=str(file), hint="stop Orgo, then restore")) from None
        yield


def _reduced(environ: Mapping[str, str]) -> dict[str, str]:
    """Only what says that the server may lose data: the rest of the configuration is not needed to restore."""
    name = "ORGO_DATABASE_MAY_LOSE_DATA"
    return {name: environ[name]} if name in environ else {}


def _configured(stage: Stage, home: Path, environ: Mapping[str, str]) -> str:
    """The database that Orgo will look for here: by the configuration that is here, else by that of the backup."""
    named = places.named_config(home, environ)
    here = named.exists() if named else places.find_config(home, environ) is not None
    elsewhere = {name: value for name, value in environ.items() if name != "ORGO_CONFIG"}
    try:
        return database_of(home, environ) if here else database_of(stage.files, elsewhere)
    except BadInput as error:
        hint = "set what it names, or say by --to which database"
        last = Problem("the configuration can't be read, so its database is not known", hint=hint)
        raise BadInput([*error.problems, last]) from error


def _there_in_file(target: Config) -> str:
    """What the SQLite file holds: "" where there is none, NEW, or the backup restored to it. Raises BadInput for work."""
    from orgo.flow.restored import RESTORED

    file = target.sqlite_file
    if file is None or not file.exists():
        return ""
    try:
        with closing(sqlite3.connect(file)) as connection:
            row = connection.execute(_LAST_RESTORE, (RESTORED,)).fetchone()
            has_work = connection.execute(_WORK).fetchone()[0]
    except sqlite3.DatabaseError:
        raise _taken(target) from None
    if row is None and has_work:
        raise _taken(target)
    return str(json.loads(row[0])["backup"]) if row else NEW


def _taken(target: Config) -> BadInput:
    hint = "move it away, or say by --to where else to restore"
    return BadInput(Problem("there is a database with work already", file=masked(target.database), hint=hint))


def _make_ready(stage: Stage) -> int:
    """Nothing is sent twice: what had not left may have left since. Returns how many letters that are."""
    from orgo.audit.models import record
    from orgo.flow.canary import KIND
    from orgo.flow.restored import RESTORED
    from orgo.ops.models import Backups
    from orgo.outbox.claim import MAYBE_SENT
    from orgo.outbox.models import Letter

    waiting = Letter.objects.filter(state__in=_WAITING)
    waiting.filter(kind=KIND).delete()  # our own probe: the next one is sent when it is due
    held = waiting.update(
        state="held", maybe_sent=True, lease_until=None, next_attempt_at=None, server_reply=MAYBE_SENT
    )
    Backups.objects.all().delete()  # whoever made this one held the turn at that instant
    data = {"backup": stage.header.id, "made_at": stage.manifest.made_at, "letters_held": held}
    record(RESTORED, actor="", actor_kind="system", **data)
    return held


def _there_on_server(target: Config) -> str:
    """As `_there_in_file`, of the server's tables, which are made."""
    from orgo.audit.models import Event
    from orgo.flow.restored import RESTORED
    from orgo.intake.models import Mail
    from orgo.ops import moving
    from orgo.people.models import User
    from orgo.task.models import Task

    reach(target)
    moving.make_tables(target)
    last = Event.objects.using(moving.TARGET).filter(type=RESTORED).order_by("-id").first()
    if last is not None:
        return str(last.data["backup"])
    for model in (Mail, Task):
        if model._default_manager.using(moving.TARGET).exists():
            words = f"the database has rows already (table {model._meta.db_table})"
            raise BadInput(Problem(words, key="--to", hint="give an empty database"))
    return NEW if User.objects.using(moving.TARGET).exists() else ""


def _put_files(stage: Stage, home: Path, environ: Mapping[str, str], new: str | None) -> list[str]:
    """The files, and the trail's head of the backup's instant; returns those files that stand beside others."""
    beside = placing.put_files(stage.files, home, environ, new)
    head = snapshot.head_of(stage.database)
    if head is not None:
        (home / "var" / "audit.head").write_text(snapshot.head_text(head))
    return beside


def _put_database(stage: Stage, target: Config) -> None:
    """The one step after which the restored house is there."""
    from django.db import connections

    if target.sqlite_file is None:
        _put_on_server(stage)
        connections["default"].close()
        return
    connections["default"].close()
    file = target.sqlite_file
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.exists():
        _put_aside(file)
        crashpoint("H13.put_aside")
    for ending in ("-wal", "-shm", "-journal"):
        file.with_name(file.name + ending).unlink(missing_ok=True)
    _rename(stage.database, file)


def _put_aside(file: Path) -> None:
    """A new database without work, whole in its one file."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    file.replace(file.with_name(f"{file.name}.before-restore"))


def _rename(database: Path, file: Path) -> None:
    with database.open("rb+") as handle:
        os.fsync(handle.fileno())
    try:
        database.replace(file)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        copy_whole(database, file)
    sync(file.parent)


def _put_on_server(stage: Stage) -> None:
    """All rows in one transaction, counted there before it ends."""
    from django.db import connections, transaction

    from orgo.backup import portable
    from orgo.ops import moving

    here = snapshot.count_rows(stage.database)
    with transaction.atomic(using=moving.TARGET), snapshot.opened(stage.database) as database:
        connections[moving.TARGET].ensure_connection()
        connection: Any = connections[moving.TARGET].connection
        portable.make_empty(connection)
        there = portable.bring_in(database, connection)
        moving.copy_words()
        moving.set_counters()
        if there != {table: here.get(table, 0) for table in there}:
            raise BadInput(Problem("the rows there are not those of the backup", key="--to"))
        crashpoint("H13.before_commit")
