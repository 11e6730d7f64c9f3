"""Whole archives are taken in, a batch a transaction. A second run, or one after a kill, adds only what is missing."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal, NamedTuple

from django.db import IntegrityError

from orgo.intake.envelope import Envelope, envelope_of
from orgo.intake.models import ImportRun, Mail
from orgo.intake.readers import Item, read
from orgo.intake.store import Incoming, store
from orgo.lib import clock
from orgo.lib.ahead import ahead
from orgo.lib.crash import crashpoint

BATCH = 100
BATCH_BYTES = 4_000_000
MOST_UNASKED = 100
WORK_SINCE = timedelta(days=7)
As = Literal["history", "work"]


@dataclass
class Count:
    """How far an import is. `work` and `history` are new; `unread` names what could not be read, with the reason.

    `others` counts Outlook's items that are no mail, by their class.
    """

    bytes: int = 0
    mails: int = 0
    work: int = 0
    history: int = 0
    known: int = 0
    older: int = 0
    unread: list[tuple[str, str]] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)

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

    keys: tuple[str, ...]
    mail: Incoming


Progress = Callable[[Count], None]


def run(paths: Iterable[Path], plan: Plan, progress: Progress) -> Count:
    """Take all mails below `paths` in; a mail is known wherever it lay (`keys_of`). Returns the count at the end.

    `progress` is told after each batch, which is then on disk.
    """
    paths, count = list(paths), Count()
    record = _record(paths)
    with closing(ahead(batches(_read(paths, plan, count)))) as coming:
        for batch in coming:
            take(batch, plan, count)
            crashpoint("H1f.before_progress")
            ImportRun.objects.filter(pk=record.pk).update(done=count.mails, taken=count.taken)
            crashpoint("H1f.after_progress")
            progress(count)
    crashpoint("H1f.before_finish")
    ImportRun.objects.filter(pk=record.pk).update(finished_at=clock.now())
    return count


def take(batch: list[Item], plan: Plan, count: Count) -> None:
    """Take in what of these mails is wanted and not here yet, in one transaction, and count it."""
    _store(_sorted_out(batch, plan, count), count)


def survey(paths: Iterable[Path], plan: Plan, progress: Progress) -> Count:
    """What `run` would take in, without taking anything."""
    count = Count()
    for _ in surveyed(paths, plan, count):
        progress(count)
    return count


def surveyed(paths: Iterable[Path], plan: Plan, count: Count) -> Iterator[None]:
    """Count what `run` would take in, batch by batch."""
    seen = set[str]()
    for batch in batches(_read(paths, plan, count)):
        wanted = _sorted_out(batch, plan, count)
        new = _new(wanted, seen | _there(wanted))
        seen.update(one.keys[0] for one in wanted if one.mail.mode == "work")
        _add(new, count, known=len(wanted) - len(new))
        yield


def _read(paths: Iterable[Path], plan: Plan, count: Count) -> Iterator[Item]:
    return read(
        paths,
        lambda where, why: count.unread.append((where, why)),
        plan.folder,
        lambda _, kind: count.others.update([kind]),
    )


def _record(paths: list[Path]) -> ImportRun:
    """The row that says what was imported when; a run of the same paths goes on under the same one."""
    named = "\n".join(str(path.absolute()) for path in paths)
    key = hashlib.sha256(named.encode("utf-8", "surrogateescape")).hexdigest()
    shown = named.encode("utf-8", "replace").decode()
    found = {"path": shown, "started_at": clock.now(), "finished_at": None, "done": 0, "taken": 0}
    return ImportRun.objects.update_or_create(key=key, defaults=found)[0]


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
            wanted[keys[0]] = Wanted(keys, _incoming(item.data, envelope, keys[0], mode))
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


def _store(wanted: list[Wanted], count: Count) -> None:
    """Store what is not there yet; a second import at the same time may have been quicker, so look once more."""
    for last in (False, True):
        new = _new(wanted, _there(wanted))
        try:
            if new:
                store(new)
        except IntegrityError:
            if last:
                raise
        else:
            _add(new, count, known=len(wanted) - len(new))
            return


def _add(new: list[Incoming], count: Count, known: int) -> None:
    count.known += known
    count.work += sum(mail.mode == "work" for mail in new)
    count.history += sum(mail.mode == "history" for mail in new)


def keys_of(item: Item) -> tuple[str, ...]:
    """What an imported mail is known by, wherever it stands: Outlook's key, where it has one, and its bytes.

    A mail that is not whole is stored under its bytes: it is known where the whole one is, which it never keeps out itself.
    """
    by_bytes = f"{hashlib.sha256(item.data).hexdigest()}#import"
    if not item.key:
        return (by_bytes,)
    by_item = f"{item.key}#item"
    return (by_item, by_bytes) if item.is_whole else (by_bytes, by_item)
