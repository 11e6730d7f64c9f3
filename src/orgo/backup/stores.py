"""Where backups lie: a folder, a bucket of an S3 store, or by SFTP (sftp.py). A backup is there whole or not at all."""

import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, Protocol, Self, cast

import msgspec

from orgo.backup import multipart
from orgo.conf.backup import SFTP, Backup
from orgo.conf.config import Config
from orgo.conf.s3 import Away, Client
from orgo.lib import clock
from orgo.lib.crash import crashpoint
from orgo.lib.files import sync

ENDING = ".orgo-backup"
BLOBS = "blobs"
_FORM = f"orgo-%Y%m%dT%H%M%S.%fZ{ENDING}"


class Stored(msgspec.Struct, frozen=True):
    """A backup that lies in a store."""

    name: str
    at: datetime
    bytes: int


class Store(Protocol):
    """What a place for backups does. Each of these raises Away where the place can't be had."""

    words: str

    def all(self) -> list[Stored]:
        """The backups that lie there, the oldest first."""
        ...

    def put(self, file: Path, folder: str = "") -> None:
        """Take a copy of a file that was synced; once this returns it is there whole, and lasts."""
        ...

    def open(self, name: str) -> BinaryIO:
        """The bytes of a backup, or of what lies in a folder beside them. Raises FileNotFoundError."""
        ...

    def blobs(self) -> set[str]:
        """The names of what lies in the folder BLOBS."""
        ...

    def keep_blobs(self, names: Iterable[str]) -> None:
        """A backup of this moment needs these, which are there: they stay for as long as it does."""
        ...

    def remove(self, name: str) -> None:
        """Take one away."""
        ...


def name_of(at: datetime) -> str:
    """The file name of a backup made at this time."""
    return at.astimezone(UTC).strftime(_FORM)


def time_of(name: str) -> datetime | None:
    """When the backup of this name was made; None where it is none of ours."""
    try:
        return datetime.strptime(name, _FORM).replace(tzinfo=UTC)
    except ValueError:
        return None


def store_of(backup: Backup, config: Config) -> Store:
    """The configured place."""
    folder = backup.folder(config.home)
    if folder is None and backup.to.startswith(SFTP):
        from orgo.backup.sftp import Elsewhere

        return Elsewhere(backup)
    if folder is None:
        return Bucket(backup)
    if folder.is_relative_to(config.var):
        folder.mkdir(parents=True, exist_ok=True)
    return Folder(folder)


class Folder:
    """A folder that is there already: one that isn't is a disk that is not mounted, so nothing is made in its place."""

    def __init__(self, path: Path) -> None:
        self.path, self.words = path, str(path)

    def all(self) -> list[Stored]:
        self._reach()
        found = [
            Stored(file.name, at, file.stat().st_size)
            for file in self.path.iterdir()
            if (at := time_of(file.name)) is not None
        ]
        return sorted(found, key=lambda stored: stored.at)

    def put(self, file: Path, folder: str = "") -> None:
        self._reach()
        place = self.path / folder
        part = place / f"{file.name}.part"
        try:
            place.mkdir(exist_ok=True)
            part.unlink(missing_ok=True)
            with suppress(OSError):  # on the same disk the file gets a second name, which costs nothing
                part.hardlink_to(file)
            if not part.exists():
                _copy(file, part)
            crashpoint("H13.before_rename")
            part.replace(place / file.name)
            part.unlink(missing_ok=True)  # two names of one file stay both (POSIX rename)
            for changed in dict.fromkeys((place, self.path)):
                sync(changed)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise Away(f"{self.path}: {error.strerror or error}") from error

    def open(self, name: str) -> BinaryIO:
        self._reach()
        return (self.path / name).open("rb")

    def remove(self, name: str) -> None:
        self._reach()
        (self.path / name).unlink(missing_ok=True)

    def blobs(self) -> set[str]:
        self._reach()
        folder = self.path / BLOBS
        return {file.name for file in folder.iterdir() if not file.suffix} if folder.is_dir() else set()

    def keep_blobs(self, names: Iterable[str]) -> None:
        """Nothing removes them but `prune`."""

    def _reach(self) -> None:
        if not self.path.is_dir():
            raise Away(f"{self.path}: there is no such folder (is the disk mounted?)")


def _copy(file: Path, target: Path) -> None:
    with file.open("rb") as source, target.open("wb") as out:
        shutil.copyfileobj(source, out, 1 << 20)
        out.flush()
        os.fsync(out.fileno())


class Bucket:
    """A bucket of an S3 store, and a folder in it."""

    def __init__(self, backup: Backup) -> None:
        self._s3 = Client(backup.to, backup.s3)
        self.words = self._s3.words
        lock = backup.s3.lock if backup.s3 else None
        self._lock = timedelta(days=lock.days, seconds=lock.seconds) if lock else None

    def all(self) -> list[Stored]:
        found = [
            Stored(entry["Name"], at, int(entry["Size"]))
            for entry in self._s3.entries()
            if (at := time_of(entry["Name"])) is not None
        ]
        return sorted(found, key=lambda stored: stored.at)

    def put(self, file: Path, folder: str = "") -> None:
        """In one piece or by parts (multipart.py), each with its checksum; the object is there only when all of it is."""
        more: dict[str, Any] = {"ChecksumAlgorithm": "SHA256"}
        if self._lock is not None:
            made_at = datetime.fromtimestamp(file.stat().st_mtime, UTC)
            more |= {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": made_at + self._lock}
        where, calls = self._s3.key(f"{folder}/{file.name}" if folder else file.name), self._s3.calls
        with self._s3.asking():
            multipart.upload(calls, file, where, more)
            there = calls.head_object(**where)["ContentLength"]
        if there != file.stat().st_size:
            raise Away(f"{self.words}: {there} bytes arrived of {file.stat().st_size}")

    def open(self, name: str) -> BinaryIO:
        with self._s3.asking(name):
            answer = self._s3.calls.get_object(**self._s3.key(name))
        return cast(BinaryIO, Body(answer["Body"], self._s3.asking))

    def blobs(self) -> set[str]:
        return {entry["Name"] for entry in self._s3.entries(f"{BLOBS}/")}

    def keep_blobs(self, names: Iterable[str]) -> None:
        """The lock of one that is there already is as long as that of a new one."""
        if self._lock is None:
            return
        kept = {"Mode": "COMPLIANCE", "RetainUntilDate": clock.now() + self._lock}
        with self._s3.asking():
            for name in names:
                self._s3.calls.put_object_retention(**self._s3.key(f"{BLOBS}/{name}"), Retention=kept)

    def remove(self, name: str) -> None:
        with self._s3.asking():
            self._s3.calls.delete_object(**self._s3.key(name))


class Body:
    """Bytes from afar: a read gives as many as were asked for, as a file's does."""

    def __init__(self, body: Any, asking: Any) -> None:
        self._body, self._asking = body, asking

    def read(self, size: int = -1) -> bytes:
        parts: list[bytes] = []
        with self._asking():
            while size and (part := self._body.read(size if size > 0 else None)):
                parts.append(part)
                size -= len(part) if size > 0 else 0
        return b"".join(parts)

    def close(self) -> None:
        self._body.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
