"""A snapshot and its files become one sealed file, and come out of it again: tar, zstd, then `orgo.backup.stream`."""

import io
import os
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, cast

import msgspec
import zstandard

from orgo.backup.snapshot import Manifest
from orgo.backup.stream import CHUNK, Header, Opener, Sealer
from orgo.lib.crash import crashpoint
from orgo.lib.problems import BadInput, Problem

MANIFEST, DATABASE, FILES = "manifest.json", "database.sqlite3", "home"
LEVEL = 3


def write(target: Path, secret: bytes, manifest: Manifest, database: Path, files: dict[str, Path]) -> Header:
    """Write the sealed file and sync it to disk; `files` are by their place under a home."""
    with target.open("wb") as file:
        sealer = Sealer(cast(BinaryIO, file), secret, manifest.made_at, manifest.orgo)
        packer = zstandard.ZstdCompressor(level=LEVEL, threads=2).stream_writer(
            cast(BinaryIO, sealer), closefd=False
        )
        with tarfile.TarFile(
            fileobj=cast(Any, packer), mode="w", format=tarfile.PAX_FORMAT, copybufsize=CHUNK
        ) as tar:
            _add_bytes(tar, MANIFEST, msgspec.json.encode(manifest))
            for name, source in sorted(files.items()):
                _add_bytes(tar, f"{FILES}/{name}", source.read_bytes())
            crashpoint("H13.before_database")
            tar.add(database, DATABASE, recursive=False)
        packer.flush(zstandard.FLUSH_FRAME)
        sealer.finish()
        file.flush()
        os.fsync(file.fileno())
    return sealer.header


def _add_bytes(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(data), 0o600
    tar.addfile(entry, io.BytesIO(data))


def look_through(file: BinaryIO, secret: bytes, name: str) -> tuple[Header, Manifest]:
    """Read all of it without writing anything. Raises BadInput where any byte is not as it was written."""
    with _entries(file, secret, name) as (header, entries):
        manifest = _manifest(entries, name)
        for _, content in entries:
            while content.read(CHUNK):
                pass
    return header, manifest


def read_manifest(file: BinaryIO, secret: bytes) -> Manifest:
    """What a backup holds, by its first bytes alone. Raises BadInput."""
    opener = Opener(file, secret, "")
    unpacker = zstandard.ZstdDecompressor().stream_reader(cast(BinaryIO, opener), read_size=CHUNK)
    try:
        with tarfile.open(fileobj=cast(Any, unpacker), mode="r|", bufsize=CHUNK) as tar:
            return _manifest(_regular(tar), "")
    except (tarfile.TarError, zstandard.ZstdError) as error:
        raise BadInput(Problem(f"what is in it can't be read: {error}")) from error


def unpack(file: BinaryIO, secret: bytes, name: str, target: Path) -> tuple[Header, Manifest]:
    """Write what is in it to the empty folder `target`. Raises BadInput; nothing of the folder may be used then."""
    with _entries(file, secret, name) as (header, entries):
        manifest = _manifest(entries, name)
        for path, content in entries:
            place = target / path
            place.parent.mkdir(parents=True, exist_ok=True)
            with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                shutil.copyfileobj(content, out, CHUNK)
            crashpoint("H13.unpacked_one")
    if not (target / DATABASE).is_file():
        raise BadInput(Problem("there is no database in it", file=name))
    return header, manifest


def _manifest(entries: Iterator[tuple[PurePosixPath, BinaryIO]], name: str) -> Manifest:
    """The first entry; who has the key may still have written something else."""
    try:
        path, content = next(entries)
        if str(path) == MANIFEST:
            return msgspec.json.decode(content.read(), type=Manifest)
    except (StopIteration, msgspec.DecodeError):
        pass
    raise BadInput(
        Problem("it does not say what is in it", file=name, hint="was it made by orgo backup create?")
    )


@contextmanager
def _entries(
    file: BinaryIO, secret: bytes, name: str
) -> Iterator[tuple[Header, Iterator[tuple[PurePosixPath, BinaryIO]]]]:
    """The entries one by one; at the end the rest is read too, for only the last chunk says that nothing is missing."""
    opener = Opener(file, secret, name)
    unpacker = zstandard.ZstdDecompressor().stream_reader(cast(BinaryIO, opener), read_size=CHUNK)
    try:
        with tarfile.open(fileobj=cast(Any, unpacker), mode="r|", bufsize=CHUNK) as tar:
            yield opener.header, _regular(tar)
        while unpacker.read(CHUNK):
            pass
        while opener.read(CHUNK):
            pass
    except (tarfile.TarError, zstandard.ZstdError) as error:
        raise BadInput(Problem(f"what is in it can't be read: {error}", file=name)) from error


def _regular(tar: tarfile.TarFile) -> Iterator[tuple[PurePosixPath, BinaryIO]]:
    for entry in tar:
        path = PurePosixPath(entry.name)
        content = tar.extractfile(entry)
        if content is None or path.is_absolute() or ".." in path.parts:
            raise tarfile.TarError(f"an entry that no backup has: {entry.name!r}")
        yield path, cast(BinaryIO, content)
