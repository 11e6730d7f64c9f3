"""Whole archives are taken in, a batch a transaction. A second run, or one after a kill, adds only what is missing."""

import hashlib
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import chain, groupby
from pathlib import Path
from typing import Literal, NamedTuple, TypeVar

from django.db import DataError, IntegrityError, transaction

from orgo.intake import places
from orgo.intake.envelope import Envelope, envelope_of
from orgo.intake.models import ImportRun, Mail
from orgo.intake.places import Reached, start_of
from orgo.intake.readers import START, Item, Place, Source, can_go_on, sources
from orgo.intake.store import Incoming, store
from orgo.lib.ahead import ahead
from orgo.lib.crash import crashpoint
from orgo.lib.text import clean_header, clip

T = TypeVar("T")
# What a database, a codec or a library raises because of a mail's own values; a database that is away raises others.
OWN_FAULT = (DataError, ValueError, ArithmeticError, LookupError, RecursionError)
BATCH = 100
BATCH_BYTES = 4_000_000
LARGE = 4 * BATCH_BYTES
MOST_UNASKED = 100
WORK_SINCE = timedelta(days=7)
As = Literal["history", "work"]


@dataclass
class Count:
    """How far an import is. `work` and `history` are new; `unread` names what could not be read, with the reason.

    `others` counts Outlook's items that are no mail, by their class. `passed` of the mails, and so many of the bytes,
    were read by an earlier run: they are passed by.
    """

    bytes: int = 0
    mails: int = 0
    work: int = 0
    history: int = 0
    known: int = 0
    older: int = 0
    unread: list[tuple[str, str]] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)
    passed: int = 0
    passed_bytes: int = 0

    @property
    def taken(self) -> int:
        """The mails that were not here before."""
        return self.work + self.history


@dataclass(frozen=True)
class Plan:
    """What is to become of mails: as `work`, those before `since` and undated ones are history; else the former are left out.

    `folder` keeps those of an Outlook archive whose folder's path has this text in it.
    """

    mode: As
    since: datetime | None = None
    folder: str = ""

    @property
    def left_out(self) -> str:
        """What a run leaves out, in words: a place that it reached is worth nothing to one that leaves out something else."""
        return f"{self.folder}\n{self.since if self.mode == 'history' else ''}"

    def of(self, envelope: Envelope) -> As | None:
        """What becomes of a mail with this envelope; None where it is left out."""
        if self.mode == "work":
            return (
                "work" if self.since is None or (envelope.date and envelope.date >= self.since) else "history"
            )
        is_older = self.since is not None and envelope.date is not None and envelope.date < self.since
        return None if is_older else "history"


class Wanted(NamedTuple):
    """A mail that is to be taken: it is stored under the first of its keys, and here already where one of them is."""

    where: str
    keys: tuple[str, ...]
    mail: Incoming


class Batch(NamedTuple):
    """Some mails, and what was told since those before them. Of an archive also where its reading goes on behind them.

    One that `is_known` has no mails: it says how far an earlier run has read an archive.
    """

    items: list[Item]
    unread: list[tuple[str, str]]
    others: Counter[str]
    archive: Reached | None = None
    place: Place = START
    ended: bool = False
    is_known: bool = False


Progress = Callable[[Count], None]


def run(paths: Iterable[Path], plan: Plan, progress: Progress) -> Count:
    """Take all mails below `paths` in; a mail is known wherever it lay (`keys_of`). Returns the count at the end.

    `progress` is told after each batch, which is then on disk.
    """
    count = Count()
    with closing(steps(paths, plan, count)) as going:
        for _ in going:
            progress(count)
    return count


def steps(paths: Iterable[Path], plan: Plan, count: Count, by: str = "") -> Generator[None]:
    """As `run`, a batch a step. One that was stopped goes on where it was, if it has the same paths, plan and `by`.

    One `by` somebody is remembered (`is_taken`).
    """
    paths, words = list(paths), by + plan.left_out
    record = places.begin(paths, words)
    reading = _Reading(paths, plan.folder, places.reached(paths, words)).batches()
    with closing(ahead(reading, _is_large)) as coming:
        for batch in coming:
            _take_in(batch, plan, count, record)
            del batch  # before the next one is there
            yield
    crashpoint("H1f.before_finish")
    places.end(record, remember=bool(by))


def _is_large(batch: Batch) -> bool:
    """Whether two of its size at once would be more than an import may hold."""
    return sum(len(item.data) for item in batch.items) > LARGE


def _take_in(batch: Batch, plan: Plan, count: Count, record: ImportRun) -> None:
    """Take in a batch, then write down how far that is: what is read twice, since a kill came between, is known."""
    _tell(batch, count)
    if batch.is_known:
        return
    mails, older = count.mails, count.older
    refused = take(batch.items, plan, count) if batch.items else []
    crashpoint("H1f.before_progress")
    with transaction.atomic():
        if batch.archive is not None:
            _move_on(batch.archive, batch, count.mails - mails, count.older - older)
            places.keep(record, batch.archive, batch.unread + refused)
        ImportRun.objects.filter(pk=record.pk).update(done=count.mails, taken=count.taken)
    crashpoint("H1f.after_progress")


def _move_on(archive: Reached, batch: Batch, mails: int, older: int) -> None:
    archive.place, archive.ended = batch.place, batch.ended
    archive.mails += mails
    archive.older += older
    archive.others += batch.others


def _tell(batch: Batch, count: Count) -> None:
    """Count what a batch tells beside its mails."""
    count.unread += batch.unread
    count.others += batch.others
    if batch.is_known and batch.archive is not None:
        archive = batch.archive
        count.mails += archive.mails
        count.passed += archive.mails
        count.older += archive.older
        count.known += archive.mails - archive.older
        count.bytes += archive.place.offset
        count.passed_bytes += archive.place.offset


class _Reading:
    """Reads batches. `reached` says how far archives were read before; it touches files only, never the database."""

    def __init__(self, paths: Iterable[Path], folder: str, reached: Mapping[str, Reached]) -> None:
        self._sources = sources(paths, self._unread, folder, self._other)
        self._reached = reached
        self._known = set[tuple[str, str]]()
        self._troubles: list[tuple[str, str]] = []
        self._others = Counter[str]()

    def batches(self) -> Generator[Batch]:
        """All of them, in the order of the files; those of an archive hold nothing else's."""
        for archive, group in groupby(self._sources, lambda one: one.file if one.is_archive else None):
            if archive is None:
                items = (item for source in group for item in source.items(START))
                yield from map(self._batch, batches(items))
            else:
                yield from chain.from_iterable(map(self._archive, group))
        yield from self._told()

    def _archive(self, source: Source) -> Iterator[Batch]:
        yield from self._told()  # of what stands before it
        archive = start_of(source.file)
        before = self._reached.get(archive.key)
        if before and before.stamp == archive.stamp != "" and can_go_on(source.file, before.place):
            archive = before
            yield Batch([], archive.unread, archive.others, archive, archive.place, is_known=True)
        if archive.ended:
            return
        place, self._known = archive.place, set(archive.unread)
        for items in batches(source.items(place)):
            place = items[-1].place
            yield self._batch(items)._replace(archive=archive, place=place)
        yield self._batch([])._replace(archive=archive, place=place, ended=True)
        self._known = set()

    def _told(self) -> Iterator[Batch]:
        if self._troubles or self._others:
            yield self._batch([])

    def _batch(self, items: list[Item]) -> Batch:
        batch = Batch(items, self._troubles, self._others)
        self._troubles, self._others = [], Counter()
        return batch

    def _unread(self, where: str, why: str) -> None:
        """Once: whoever goes on in an archive meets its folders again."""
        if (where, why) not in self._known:
            self._troubles.append((where, why))

    def _other(self, _where: str, kind: str) -> None:
        self._others[kind] += 1


def take(batch: list[Item], plan: Plan, count: Count) -> list[tuple[str, str]]:
    """Take in what of these mails is wanted and not here yet, in one transaction, and count it.

    Returns which of them can't be stored, and why; they are counted as what could not be read.
    """
    _, refused = one_by_one(partial(_store, count=count), _sorted_out(batch, plan, count))
    unread = [(one.where, why) for one, why in refused]
    count.mails -= len(unread)
    count.unread += unread
    return unread


def one_by_one(store: Callable[[list[T]], int], some: list[T]) -> tuple[int, list[tuple[T, str]]]:
    """Store these at once or, where one of them can't be, each by itself, so that a bad mail stops and blames nobody else.

    Returns how many `store` says were new, and those that can't be stored, each with the reason.
    """
    try:
        return store(some), []
    except OWN_FAULT as error:
        if len(some) == 1:
            return 0, [(some[0], why_not(error))]
    each = [one_by_one(store, [one]) for one in some]
    return sum(new for new, _ in each), [one for _, refused in each for one in refused]


def why_not(error: Exception) -> str:
    """Why a mail can't be stored; of what a database says only the first line, since the others show the mail."""
    first = (str(error).splitlines() or [""])[0]
    return f"can't be stored: {clip(clean_header(first), 300) or type(error).__name__}"


def survey(paths: Iterable[Path], plan: Plan, progress: Progress) -> Count:
    """What `run` would take in, without taking anything."""
    count = Count()
    for _ in surveyed(paths, plan, count):
        progress(count)
    return count


def surveyed(paths: Iterable[Path], plan: Plan, count: Count, by: str = "") -> Iterator[None]:
    """Count what `steps` would take in, batch by batch."""
    paths, seen = list(paths), set[str]()
    before = places.reached(paths, by + plan.left_out)
    for batch in _Reading(paths, plan.folder, before).batches():
        _tell(batch, count)
        wanted = _sorted_out(batch.items, plan, count)
        new = _new(wanted, seen | _there(wanted))
        seen.update(one.keys[0] for one in wanted if one.mail.mode == "work")
        _add(new, count, known=len(wanted) - len(new))
        yield


def is_under_way(file: Path, plan: Plan, by: str) -> bool:
    """Whether a run of this archive alone was stopped, which can go on."""
    archive = start_of(file)
    before = places.reached([file], by + plan.left_out).get(archive.key)
    return before is not None and before.stamp == archive.stamp


def is_taken(file: Path, plan: Plan, by: str) -> bool:
    """Whether a run of this archive alone, as it is now, has ended."""
    return places.is_done([file], by + plan.left_out, start_of(file))


def batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    batch: list[Item] = []
    size = 0
    for item in items:
        batch.append(item)
        size += len(item.data)
        if len(batch) >= BATCH or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _sorted_out(batch: list[Item], plan: Plan, count: Count) -> list[Wanted]:
    """The mails of a batch that are wanted; of equal ones the first."""
    wanted: dict[str, Wanted] = {}
    for item in batch:
        count.mails += 1
        count.bytes += len(item.data) if item.read is None else item.read
        envelope, keys = envelope_of(item.data), keys_of(item)
        mode = plan.of(envelope)
        if mode is None:
            count.older += 1
        elif not wanted.keys().isdisjoint(keys):
            count.known += 1
        else:
            wanted[keys[0]] = Wanted(item.where, keys, _incoming(item.data, envelope, keys[0], mode))
    return list(wanted.values())


def _incoming(data: bytes, envelope: Envelope, key: str, mode: As) -> Incoming:
    return Incoming(data=data, source="import", envelope_to=envelope.to, receipt_key=key, mode=mode)


def _there(wanted: list[Wanted]) -> set[str]:
    """Which of their keys are here already."""
    keys = [key for one in wanted for key in one.keys]
    found = Mail.objects.filter(receipt_key__in=keys).values_list("receipt_key", flat=True)
    return {key for key in found if key is not None}


def _new(wanted: list[Wanted], there: set[str]) -> list[Incoming]:
    return [one.mail for one in wanted if there.isdisjoint(one.keys)]


def _store(wanted: list[Wanted], count: Count) -> int:
    """Store what is not there yet; a second import at the same time may have been quicker, so look once more."""
    try:
        new = _stored(wanted)
    except IntegrityError:
        new = _stored(wanted)
    _add(new, count, known=len(wanted) - len(new))
    return len(new)


def _stored(wanted: list[Wanted]) -> list[Incoming]:
    new = _new(wanted, _there(wanted))
    if new:
        store(new)
    return new


def _add(new: list[Incoming], count: Count, known: int) -> None:
    count.known += known
    count.work += sum(mail.mode == "work" for mail in new)
    count.history += sum(mail.mode == "history" for mail in new)


def keys_of(item: Item) -> tuple[str, ...]:
    """What an imported mail is known by, wherever it stands: Outlook's key, where it has one, and its bytes.

    The bytes' second name is that of a watched folder whose files are kept (folder.py). A mail that is not whole is
    stored under its bytes: it is known where the whole one is, which it never keeps out itself.
    """
    digest = hashlib.sha256(item.data).hexdigest()
    by_bytes = (f"{digest}#import", f"{digest}#folder")
    if not item.key:
        return by_bytes
    by_item = f"{item.key}#item"
    return (by_item, *by_bytes) if item.is_whole else (*by_bytes, by_item)
