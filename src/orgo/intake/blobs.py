"""Where the bytes of large mail lie beside the database: a folder or a bucket, each under the SHA-256 of what was packed.

A blob is there, and lasts, before the row that names it. One that no row names is of a process that died in between; it harms
nothing and is swept when it is old (`sweep`). A row may name a blob that another row put there, so a second putting renews its
age; and for the moment in which both meet, what is swept stays readable aside for as long again.
"""

import errno
import hashlib
import logging
import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Protocol

from orgo.conf import boot, sql
from orgo.conf.blobs import Blobs
from orgo.conf.config import Config
from orgo.conf.s3 import Away, Client, Patience
from orgo.intake.models import RawMail
from orgo.lib import clock
from orgo.lib.crash import crashpoint
from orgo.lib.files import sync, write_whole

log = logging.getLogger("orgo.intake")
# A mail is in the database moments after its blob; who died in between tries again within hours.
KEPT_WITHOUT_ROW = timedelta(days=1)
# So long a place that was away is not asked again: whoever needs it meanwhile hears so at once.
AWAY_FOR = timedelta(seconds=15)
# Far less than a claimed mail's lease, for mail that needs no blob waits behind this.
PATIENCE = Patience(connect=3, read=15, attempts=2)
_NAME = re.compile(r"[0-9a-f]{64}")
_ASIDE = re.compile(r"\.([0-9a-f]{64})\.swept")
_SWEPT = "swept/"
_AT_ONCE = 500


class BlobAway(OSError):
    """The place of the blobs can't be had now, and why."""


class BlobLost(OSError):
    """A blob is not there, or its bytes are not those that were put."""


class Place(Protocol):
    """What a place for blobs does. Each of these raises BlobAway where it can't be had."""

    def put(self, name: str, data: bytes) -> None:
        """Take the bytes; once this returns they last. One that is there is as new again."""
        ...

    def get(self, name: str) -> bytes:
        """The bytes of a blob. Raises FileNotFoundError."""
        ...

    def old(self, before: datetime) -> Iterator[str]:
        """The names of those that were put before this instant."""
        ...

    def set_aside(self, name: str, before: datetime) -> None:
        """Out of the way, unless it was put again meanwhile; `get` finds it still."""
        ...

    def aside(self, before: datetime) -> Iterator[str]:
        """The names of those that were set aside before this instant."""
        ...

    def put_back(self, name: str) -> None:
        """What was set aside is needed."""
        ...

    def drop(self, name: str) -> None:
        """What was set aside goes."""
        ...


def place_of(config: Config) -> Place | None:
    """The configured place; None where all bytes are in the database."""
    blobs = config.blobs
    if blobs is None:
        return None
    folder = blobs.folder(config.home)
    if folder is None:
        return InBucket(blobs)
    if folder.is_relative_to(config.var):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        sync(folder.parent)
    return InFolder(folder)


class Resting:
    """A place that is left alone for a while when it was away. Putting and getting rest apart: a full disk can be read."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._away: dict[str, tuple[datetime, str]] = {}

    def put(self, name: str, data: bytes) -> None:
        with self._unless_away("put"):
            self._place.put(name, data)

    def get(self, name: str) -> bytes:
        with self._unless_away("get"):
            return self._place.get(name)

    def old(self, before: datetime) -> Iterator[str]:
        return self._place.old(before)

    def set_aside(self, name: str, before: datetime) -> None:
        self._place.set_aside(name, before)

    def aside(self, before: datetime) -> Iterator[str]:
        return self._place.aside(before)

    def put_back(self, name: str) -> None:
        self._place.put_back(name)

    def drop(self, name: str) -> None:
        self._place.drop(name)

    @contextmanager
    def _unless_away(self, what: str) -> Iterator[None]:
        since, why = self._away.get(what, (datetime.min.replace(tzinfo=UTC), ""))
        if timedelta() <= clock.now() - since < AWAY_FOR:
            raise BlobAway(why)
        try:
            yield
        except BlobAway as error:
            self._away[what] = clock.now(), str(error)
            raise


_places: dict[int, tuple[Config, Place | None]] = {}


def here() -> Place | None:
    """The place by the configuration in force; a client of S3 is costly to make, and is kept."""
    config = boot.config()
    known = _places.get(id(config))
    if known is None:
        _places.clear()
        place = place_of(config)
        known = _places[id(config)] = (config, Resting(place) if place else None)
    return known[1]


def put(data: bytes, packed: bytes) -> str:
    """Put a mail's bytes beside the database where they are large; returns the blob's name, "" where they go into the row.

    So they do where the place is away: mail is taken all the same. `packed` are the bytes as they are kept.
    """
    blobs, place = boot.config().blobs, here()
    if blobs is None or place is None or len(data) <= blobs.above:
        return ""
    name = hashlib.sha256(packed).hexdigest()
    try:
        place.put(name, packed)
    except BlobAway as error:
        log.warning("a large mail goes into the database, for the place of the blobs is away: %s", error)
        return ""
    crashpoint("H1.blob_put")
    return name


def get(name: str, place: Place | None = None) -> bytes:
    """The packed bytes of a blob, compared with their name. Raises BlobAway, BlobLost."""
    place = place or here()
    if place is None:
        raise BlobLost(f"the bytes lie in blob {name}, and no blobs: is configured")
    try:
        found = place.get(name)
    except FileNotFoundError:
        raise BlobLost(f"blob {name} is not there") from None
    if hashlib.sha256(found).hexdigest() != name:
        raise BlobLost(f"blob {name} has other bytes than those that were put")
    return found


def sweep(place: Place) -> int:
    """Set old blobs that no row names aside, and remove those of the time before; returns how many were set aside.

    A mail may have been given one at that very moment: its row is seen the next time. Raises BlobAway.
    """
    before, gone = clock.now() - KEPT_WITHOUT_ROW, 0
    for name, is_named in _looked_up(place.aside(before)):
        if is_named:
            place.put_back(name)
        else:
            place.drop(name)
    for name, is_named in _looked_up(place.old(before)):
        if not is_named:
            place.set_aside(name, before)
            gone += 1
    return gone


def _looked_up(found: Iterator[str]) -> Iterator[tuple[str, bool]]:
    """Each of these names, and whether a row names it."""
    while some := list(islice(found, _AT_ONCE)):
        named = {name for (name,) in sql.among(RawMail, ("blob",), "blob", some)}
        yield from ((name, name in named) for name in some)


class InFolder:
    """A folder that is there already, and that every process of Orgo sees: one that isn't is a disk that is not mounted."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def put(self, name: str, data: bytes) -> None:
        file = self._file(name)
        try:
            if self._is_renewed(file):
                sync(file.parent)  # whoever put it may not have come to this yet, or died before
            else:
                file.parent.mkdir(mode=0o700, exist_ok=True)
                write_whole(file, data, file.with_name(f".{name}.{os.getpid()}.{threading.get_ident()}"))
            sync(self._path)
        except OSError as error:
            raise _away(self._path, error) from error

    def get(self, name: str) -> bytes:
        try:
            return self._read(name)
        except FileNotFoundError:
            if not self._path.is_dir():
                raise BlobAway(f"{self._path}: there is no such folder (is the disk mounted?)") from None
            raise
        except OSError as error:
            raise _away(self._path, error) from error

    def _read(self, name: str) -> bytes:
        """It may be set aside or put back meanwhile."""
        for file in (self._file(name), self._aside(name), self._file(name)):
            with suppress(FileNotFoundError):
                return file.read_bytes()
        raise FileNotFoundError(errno.ENOENT, "it is not there", name)

    def old(self, before: datetime) -> Iterator[str]:
        """Those of processes that died in the middle of one are removed on the way."""
        for file in self._path.glob("??/*"):
            if self._changed(file) >= before or _ASIDE.fullmatch(file.name):
                continue
            if _NAME.fullmatch(file.name):
                yield file.name
            else:
                file.unlink(missing_ok=True)

    def set_aside(self, name: str, before: datetime) -> None:
        """Who puts it from now on puts it anew, and who did a moment ago has made it younger."""
        file, aside = self._file(name), self._aside(name)
        with suppress(FileNotFoundError):
            file.replace(aside)
            if self._changed(aside) < before:
                os.utime(aside)  # it is aside since now
            else:
                aside.replace(file)

    def aside(self, before: datetime) -> Iterator[str]:
        for file in self._path.glob("??/.*"):
            found = _ASIDE.fullmatch(file.name)
            if found and self._changed(file) < before:
                yield found[1]

    def put_back(self, name: str) -> None:
        with suppress(FileNotFoundError):
            self._aside(name).replace(self._file(name))
            sync(self._file(name).parent)

    def drop(self, name: str) -> None:
        self._aside(name).unlink(missing_ok=True)

    def _file(self, name: str) -> Path:
        return self._path / name[:2] / name

    def _aside(self, name: str) -> Path:
        return self._path / name[:2] / f".{name}.swept"

    def _is_renewed(self, file: Path) -> bool:
        """Whether the file was there; it is as new then."""
        try:
            os.utime(file)
        except FileNotFoundError:
            return False
        return True

    def _changed(self, file: Path) -> datetime:
        try:
            return datetime.fromtimestamp(file.stat().st_mtime, UTC)
        except FileNotFoundError:
            return datetime.max.replace(tzinfo=UTC)


class InBucket:
    """A bucket of an S3 store, and a folder in it. An object is there whole or not at all."""

    def __init__(self, blobs: Blobs) -> None:
        self._s3 = Client(blobs.to, blobs.s3, PATIENCE)

    def put(self, name: str, data: bytes) -> None:
        with self._asking():
            self._s3.calls.put_object(**self._s3.key(name), Body=data, ChecksumAlgorithm="SHA256")

    def get(self, name: str) -> bytes:
        """It may be set aside or put back meanwhile."""
        for key in (name, _SWEPT + name, name):
            with suppress(FileNotFoundError), self._asking(name):
                found: bytes = self._s3.calls.get_object(**self._s3.key(key))["Body"].read()
                return found
        raise FileNotFoundError(errno.ENOENT, "it is not there", name)

    def old(self, before: datetime) -> Iterator[str]:
        return self._entries("", before)

    def set_aside(self, name: str, before: datetime) -> None:
        with suppress(FileNotFoundError), self._asking(name):
            if self._s3.calls.head_object(**self._s3.key(name))["LastModified"] < before:
                self._move(name, _SWEPT + name)

    def aside(self, before: datetime) -> Iterator[str]:
        return self._entries(_SWEPT, before)

    def put_back(self, name: str) -> None:
        with suppress(FileNotFoundError), self._asking(name):
            self._move(_SWEPT + name, name)

    def drop(self, name: str) -> None:
        with self._asking():
            self._s3.calls.delete_object(**self._s3.key(_SWEPT + name))

    def _entries(self, folder: str, before: datetime) -> Iterator[str]:
        with _as_blob_away():
            for entry in self._s3.entries(folder):
                if entry["LastModified"] < before and _NAME.fullmatch(entry["Name"]):
                    yield entry["Name"]

    def _move(self, key: str, to: str) -> None:
        self._s3.calls.copy_object(**self._s3.key(to), CopySource=self._s3.key(key))
        self._s3.calls.delete_object(**self._s3.key(key))

    @contextmanager
    def _asking(self, name: str = "") -> Iterator[None]:
        with _as_blob_away(), self._s3.asking(name):
            yield


@contextmanager
def _as_blob_away() -> Iterator[None]:
    try:
        yield
    except Away as error:
        raise BlobAway(str(error)) from error


def _away(place: Path, error: OSError) -> BlobAway:
    return BlobAway(f"{place}: {error.strerror or error}")
