"""How far each archive of an import is read, so that a run that was stopped goes on there without reading it all again."""

import hashlib
import os
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from django.db import IntegrityError, transaction

from orgo import __version__
from orgo.intake.models import ImportPlace, ImportRun, ImportUnread
from orgo.intake.readers import START, Place
from orgo.lib import clock
from orgo.lib.text import clean_text

_HEAD = 65_536


@dataclass
class Reached:
    """How far an archive was read, and what was met up to there: `unread` holds only what an earlier run met.

    `stamp` says which state of the file that is true of; `row` is where it is kept.
    """

    key: str
    stamp: str
    place: Place = START
    ended: bool = False
    mails: int = 0
    older: int = 0
    others: Counter[str] = field(default_factory=Counter)
    unread: list[tuple[str, str]] = field(default_factory=list)
    row: int | None = None


def start_of(file: Path) -> Reached:
    """An archive of which nothing was read yet. Its stamp is empty where it can't be opened."""
    return Reached(_hash(os.fsencode(file.absolute())), _stamp(file))


def begin(paths: Sequence[Path], words: str) -> ImportRun:
    """The row that says what was imported when; a run of the same paths goes on under the same one.

    `words` are those of its settings on which it hangs what a place means: with others it is another run.
    """
    named = _named(paths)
    shown = named.encode("utf-8", "replace").decode()
    found = {"path": shown, "started_at": clock.now(), "finished_at": None, "done": 0, "taken": 0}
    with transaction.atomic():
        ImportPlace.objects.filter(run__key=_key(paths, words), run__finished_at__isnull=False).delete()
        return ImportRun.objects.update_or_create(key=_key(paths, words), defaults=found)[0]


def reached(paths: Sequence[Path], words: str) -> dict[str, Reached]:
    """What is known of the archives of such a run, by their keys, where one was begun and has not ended."""
    rows = ImportPlace.objects.filter(run__key=_key(paths, words), run__finished_at=None)
    found = {row.pk: _reached(row) for row in rows}
    for one in ImportUnread.objects.filter(place__in=found).order_by("id"):
        found[one.place_id].unread.append((one.item, one.why))
    for archive in found.values():  # two imports at once may have met the same
        archive.unread = list(dict.fromkeys(archive.unread))
    return {archive.key: archive for archive in found.values()}


def keep(run: ImportRun, archive: Reached, unread: Sequence[tuple[str, str]]) -> None:
    """Write down how far an archive is read, and what could not be read since it was written down last.

    Where another import of the same paths began meanwhile, the place is that one's, and nothing is written.
    """
    others: Counter[str] = Counter()
    for kind, count in archive.others.items():
        others[clean_text(kind)] += count
    values = {
        "stamp": archive.stamp, "number": archive.place.number, "offset": archive.place.offset,
        "ended": archive.ended, "mails": archive.mails, "older": archive.older, "others": dict(others),
    }  # fmt: skip
    if archive.row is None:
        archive.row = _new_row(run, archive.key)
    if not ImportPlace.objects.filter(pk=archive.row).update(**values):
        return
    ImportUnread.objects.bulk_create(
        ImportUnread(place_id=archive.row, item=clean_text(item), why=clean_text(why)) for item, why in unread
    )


def _new_row(run: ImportRun, file: str) -> int:
    """The number of a row in place of a former one; 0, which is nobody's, where another import makes it just now."""
    try:
        with transaction.atomic():
            ImportPlace.objects.filter(run=run, file=file).delete()
            return ImportPlace.objects.create(run=run, file=file).pk
    except IntegrityError:
        return 0


def is_done(paths: Sequence[Path], words: str, archive: Reached) -> bool:
    """Whether such a run has ended with this archive read whole, and remembers it."""
    rows = ImportPlace.objects.filter(run__key=_key(paths, words), run__finished_at__isnull=False)
    return bool(archive.stamp) and rows.filter(file=archive.key, stamp=archive.stamp, ended=True).exists()


def end(run: ImportRun, *, remember: bool = False) -> None:
    """The run is over: another one of the same paths looks at everything again, or asks `is_done` first."""
    with transaction.atomic():
        found = ImportPlace.objects.filter(run=run)
        (ImportUnread.objects.filter(place__in=found) if remember else found).delete()
        ImportRun.objects.filter(pk=run.pk).update(finished_at=clock.now())


def _reached(row: ImportPlace) -> Reached:
    place, others = Place(row.number, row.offset), Counter(row.others)
    return Reached(row.file, row.stamp, place, row.ended, row.mails, row.older, others, [], row.pk)


def _named(paths: Sequence[Path]) -> str:
    return "\n".join(str(path.absolute()) for path in paths)


def _key(paths: Sequence[Path], words: str) -> str:
    return _hash(f"{_named(paths)}\n\n{words}".encode("utf-8", "surrogateescape"))


def _stamp(file: Path) -> str:
    """Size, time and beginning of a file, and who reads it: another version may walk through it in another order."""
    with suppress(OSError), file.open("rb") as stream:
        found = os.fstat(stream.fileno())
        words = f"{__version__} {found.st_size} {found.st_mtime_ns} "
        return _hash(words.encode() + stream.read(_HEAD))
    return ""


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
