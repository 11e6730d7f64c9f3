"""The blobs of backups (intake/blobs.py): each lies once in the store, sealed by itself, for all backups that need it."""

import hashlib
import logging
import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO

import orgo
from orgo.backup import archive, snapshot
from orgo.backup.stores import BLOBS, Store
from orgo.backup.stream import Opener, Sealer, blob_name
from orgo.conf.config import Config
from orgo.lib.crash import crashpoint
from orgo.lib.problems import BadInput, Problem

log = logging.getLogger("orgo.backup")
# Opens what lies beside a backup in its store, by its name. Raises FileNotFoundError, Away.
Beside = Callable[[str], BinaryIO]


def send(store: Store, config: Config, secret: bytes, work: Path) -> int:
    """Put those that the database names and the store lacks; returns how many. Raises Away, BlobAway, BlobLost.

    The others are kept for as long as a backup of this moment is.
    """
    from orgo.intake.blobs import get
    from orgo.intake.models import RawMail

    named = RawMail.objects.exclude(blob="").values_list("blob", flat=True)
    wanted = {blob_name(secret, name): name for name in named.iterator()}
    there = store.blobs() if wanted else set()
    store.keep_blobs(there & wanted.keys())
    missing = sorted(wanted.keys() - there)
    for name in missing:
        file = work / name
        with file.open("wb") as out:
            sealer = Sealer(out, secret, "", orgo.__version__)
            sealer.write(get(wanted[name]))
            sealer.finish()
        store.put(file, BLOBS)
        file.unlink()
        crashpoint("H13.blob_sent")
    return len(missing)


def read(name: str, beside: Beside, secret: bytes) -> bytes:
    """A blob's bytes, authenticated and compared with their name. Raises BadInput, Away."""
    place = f"{BLOBS}/{blob_name(secret, name)}"
    try:
        with beside(place) as file:
            found = Opener(file, secret, place).readall()
    except FileNotFoundError:
        hint = "it lies in the folder of that name, beside the backups"
        raise BadInput(Problem("a mail's bytes are missing", file=place, hint=hint)) from None
    if found is None or hashlib.sha256(found).hexdigest() != name:
        raise BadInput(Problem("it holds other bytes than those of its mail", file=place))
    return found


def bring_in(database: Path, names: Iterable[str], beside: Beside, secret: bytes) -> None:
    """Put the blobs' bytes into the rows of an unpacked database, which then needs no other place."""
    with snapshot.opened(database) as connection:
        for name in names:
            data = sqlite3.Binary(read(name, beside, secret))
            connection.execute("UPDATE intake_raw SET data = ?, blob = '' WHERE blob = ?", (data, name))
        connection.commit()


def prune(store: Store, secret: bytes, waiting: Iterable[Path]) -> int:
    """Remove those that no backup needs any more; returns how many. Raises Away.

    Where a backup can't be read what it needs is not known, so nothing is removed.
    """
    there = store.blobs()
    if not there:
        return 0
    needed: set[str] = set()
    files: list[Callable[[], BinaryIO]] = [lambda one=one: store.open(one.name) for one in store.all()]  # type: ignore[misc]
    files += [lambda file=file: file.open("rb") for file in waiting]  # type: ignore[misc]
    try:
        for opened in files:
            with opened() as file:
                needed |= {blob_name(secret, name) for name in archive.read_manifest(file, secret).blobs}
    except BadInput as error:
        log.warning("no blob is removed from the backups, for one of these can't be read: %s", error)
        return 0
    for name in there - needed:
        store.remove(f"{BLOBS}/{name}")
    return len(there - needed)
