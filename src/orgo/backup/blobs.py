"""The blobs of backups (intake/blobs.py): each lies once in the store, sealed by itself, for all backups that need it."""

import hashlib
import logging
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

import msgspec

import orgo
from orgo.backup import archive, snapshot
from orgo.backup.stores import BLOBS, Store
from orgo.backup.stream import Opener, Sealer, blob_name
from orgo.conf.config import Config
from orgo.lib.crash import crashpoint
from orgo.lib.problems import BadInput, Problem
from orgo.lib.text import clean_name

log = logging.getLogger("orgo.backup")
# Opens what lies beside a backup in its store, by its name. Raises FileNotFoundError, Away.
Beside = Callable[[str], BinaryIO]
_AT_ONCE = 500
# The index is of rows that name a blob, and is looked into only where the statement wants such rows.
_BRING_IN = "UPDATE intake_raw SET data = ?, blob = '' WHERE blob = ? AND NOT (blob = '')"


class Lost(msgspec.Struct, frozen=True):
    """A mail whose bytes can't be had any more, and why."""

    mail: int
    received_at: str
    sender: str
    subject: str
    reason: str

    def __str__(self) -> str:
        what = f"mail {self.mail} of {self.received_at[:19]} UTC from {clean_name(self.sender)}"
        return f"{what}, {clean_name(self.subject)!r}: {self.reason}"


def send(store: Store, config: Config, secret: bytes, work: Path) -> list[Lost]:
    """Put those that the database names and the store lacks; returns the mails whose bytes are nowhere. Raises Away, BlobAway.

    The others are kept for as long as a backup of this moment is.
    """
    from orgo.intake.blobs import BlobLost, get
    from orgo.intake.models import RawMail

    named = RawMail.objects.exclude(blob="").values_list("blob", flat=True)
    wanted = {blob_name(secret, name): name for name in named.iterator()}
    there = store.blobs() if wanted else set()
    store.keep_blobs(there & wanted.keys())
    lost: dict[str, str] = {}
    for name in sorted(wanted.keys() - there):
        try:
            packed = get(wanted[name])
        except BlobLost as error:
            lost[wanted[name]] = str(error)
        else:
            _send_one(store, secret, work / name, packed)
    return mails_of(lost)


def _send_one(store: Store, secret: bytes, file: Path, packed: bytes) -> None:
    with file.open("wb") as out:
        sealer = Sealer(out, secret, "", orgo.__version__)
        sealer.write(packed)
        sealer.finish()
        out.flush()
        os.fsync(out.fileno())
    store.put(file, BLOBS)
    file.unlink()
    crashpoint("H13.blob_sent")


def mails_of(lost: Mapping[str, str]) -> list[Lost]:
    """The mails of Django's database whose bytes are in these blobs, each with why they are lost; the oldest first."""
    from orgo.intake.models import RawMail

    columns = ("mail", "mail__received_at", "mail__from_address", "mail__envelope_from", "mail__subject")
    names, found = sorted(lost), []
    for start in range(0, len(names), _AT_ONCE):
        rows = RawMail.objects.exclude(blob="").filter(blob__in=names[start : start + _AT_ONCE])
        found += [
            Lost(mail, at.isoformat(), sender or envelope, subject, lost[blob])
            for mail, at, sender, envelope, subject, blob in rows.values_list(*columns, "blob")
        ]
    return sorted(found, key=lambda one: one.mail)


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


def each(names: Iterable[str], beside: Beside, secret: bytes) -> Iterator[tuple[str, bytes | Problem]]:
    """Each of these blobs with its bytes, or with what is wrong with it. Raises Away."""
    for name in names:
        try:
            yield name, read(name, beside, secret)
        except BadInput as error:
            yield name, error.problems[0]


def bring_in(database: Path, names: Iterable[str], beside: Beside, secret: bytes) -> dict[str, Problem]:
    """Put the blobs' bytes into the rows of an unpacked database, which then needs no other place. Raises Away.

    Returns those that are not right, each with why: their rows go on naming them.
    """
    lost: dict[str, Problem] = {}
    with snapshot.opened(database) as connection:
        for name, found in each(names, beside, secret):
            if isinstance(found, Problem):
                lost[name] = found
            else:
                connection.execute(_BRING_IN, (sqlite3.Binary(found), name))
        connection.commit()
    return lost


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
