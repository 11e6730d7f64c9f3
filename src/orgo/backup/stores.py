"""Where backups lie: a folder, or a bucket of an S3 store. A backup is there whole or not at all."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Protocol, Self, cast

import msgspec

from orgo.conf.backup import S3, Backup
from orgo.conf.config import Config
from orgo.lib.crash import crashpoint

ENDING = ".orgo-backup"
_FORM = f"orgo-%Y%m%dT%H%M%S.%fZ{ENDING}"


class Away(Exception):
    """The store can't be had now, and why; a backup waits until it can."""


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

    def put(self, file: Path) -> None:
        """Take a copy of a file; once this returns it is there whole."""
        ...

    def open(self, name: str) -> BinaryIO:
        """The bytes of a backup. Raises FileNotFoundError."""
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

    def put(self, file: Path) -> None:
        self._reach()
        part = self.path / f"{file.name}.part"
        try:
            part.unlink(missing_ok=True)
            with suppress(OSError):  # on the same disk the file gets a second name, which costs nothing
                part.hardlink_to(file)
            if not part.exists():
                _copy(file, part)
            crashpoint("H13.before_rename")
            part.replace(self.path / file.name)
            part.unlink(missing_ok=True)  # two names of one file stay both (POSIX rename)
            sync_folder(self.path)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise Away(f"{self.path}: {error.strerror or error}") from error

    def open(self, name: str) -> BinaryIO:
        self._reach()
        return (self.path / name).open("rb")

    def remove(self, name: str) -> None:
        self._reach()
        (self.path / name).unlink(missing_ok=True)

    def _reach(self) -> None:
        if not self.path.is_dir():
            raise Away(f"{self.path}: there is no such folder (is the disk mounted?)")


def _copy(file: Path, target: Path) -> None:
    with file.open("rb") as source, target.open("wb") as out:
        shutil.copyfileobj(source, out, 1 << 20)
        out.flush()
        os.fsync(out.fileno())


def sync_folder(path: Path) -> None:
    """Make the names in a folder last, where the system can do that."""
    if os.name != "posix":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class Bucket:
    """A bucket of an S3 store, and a folder in it."""

    def __init__(self, backup: Backup) -> None:
        self.words = backup.to
        self._bucket, _, folder = backup.to.removeprefix(S3).partition("/")
        self._before = f"{folder.strip('/')}/" if folder.strip("/") else ""
        self._lock = backup.s3.lock if backup.s3 else None
        self._client, self._failures = _client(backup)

    def all(self) -> list[Stored]:
        found: list[Stored] = []
        pages = self._client.get_paginator("list_objects_v2")
        with self._asking():
            for page in pages.paginate(Bucket=self._bucket, Prefix=self._before):
                found += filter(None, map(self._stored, page.get("Contents", ())))
        return sorted(found, key=lambda stored: stored.at)

    def _stored(self, entry: dict[str, Any]) -> Stored | None:
        name = str(entry["Key"]).removeprefix(self._before)
        at = time_of(name)
        return Stored(name, at, int(entry["Size"])) if at else None

    def put(self, file: Path) -> None:
        """In one piece or by parts, each with its checksum; the object is there only when all of it is."""
        more: dict[str, Any] = {"ChecksumAlgorithm": "SHA256"}
        if self._lock is not None:
            seconds = self._lock.days * 86_400 + self._lock.seconds
            until = datetime.fromtimestamp(file.stat().st_mtime + seconds, UTC)
            more |= {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": until}
        key = self._before + file.name
        with self._asking():
            self._client.upload_file(str(file), self._bucket, key, ExtraArgs=more)
            there = self._client.head_object(Bucket=self._bucket, Key=key)["ContentLength"]
        if there != file.stat().st_size:
            raise Away(f"{self.words}: {there} bytes arrived of {file.stat().st_size}")

    def open(self, name: str) -> BinaryIO:
        with self._asking(name):
            answer = self._client.get_object(Bucket=self._bucket, Key=self._before + name)
        return cast(BinaryIO, _Body(answer["Body"], self._asking))

    def remove(self, name: str) -> None:
        with self._asking():
            self._client.delete_object(Bucket=self._bucket, Key=self._before + name)

    def _asking(self, name: str = "") -> AbstractContextManager[None]:
        return _asking(self.words, self._failures, name)


class _Body:
    """An object's bytes: a read gives as many as were asked for, as a file's does."""

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


@contextmanager
def _asking(words: str, failures: tuple[type[BaseException], ...], name: str = "") -> Iterator[None]:
    """Around a call: what the client raises becomes Away with the store's own words, and no secret."""
    try:
        yield
    except failures as error:
        code = str(getattr(error, "response", {}).get("Error", {}).get("Code", ""))
        if name and code in ("NoSuchKey", "404"):
            raise FileNotFoundError(errno.ENOENT, "there is no such backup", name) from error
        raise Away(f"{words}: {error or type(error).__name__}") from error


def _client(backup: Backup) -> tuple[Any, tuple[type[BaseException], ...]]:
    """boto3's client, and what it raises. It is imported for who has such a store only."""
    import boto3
    from boto3.exceptions import Boto3Error
    from botocore.config import Config as Settings
    from botocore.exceptions import BotoCoreError, ClientError
    from urllib3.exceptions import HTTPError

    s3 = backup.s3
    settings = Settings(
        connect_timeout=5, read_timeout=60, retries={"mode": "standard", "total_max_attempts": 3}
    )
    client = boto3.client(
        "s3",
        endpoint_url=s3.endpoint if s3 else None,
        region_name=s3.region if s3 else None,
        aws_access_key_id=s3.access_key.get_secret_value() if s3 and s3.access_key else None,
        aws_secret_access_key=s3.secret_key.get_secret_value() if s3 and s3.secret_key else None,
        verify=str(s3.ca_file) if s3 and s3.ca_file else None,
        config=settings,
    )
    return client, (Boto3Error, BotoCoreError, ClientError, HTTPError, OSError)
