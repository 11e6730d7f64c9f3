"""Whole archives are taken in, a batch a transaction. A second run, or one after a kill, adds only what is missing."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

from django.db import IntegrityError

from orgo.intake.envelope import Envelope, envelope_of
from orgo.intake.models import ImportRun, Mail
from orgo.intake.readers import Item, read
from orgo.intake.store import Incoming, store
from orgo.lib import clock

BATCH = 100
BATCH_BYTES = 32_000_000
As = Literal["history", "work"]


@dataclass
class Count:
    """How far an import is. `unread` names what could not be read, with the reason."""

    bytes: int = 0
    mails: int = 0
    taken: int = 0
    known: int = 0
    older: int = 0
    unread: list[tuple[str, str]] = field(default_factory=list)


def run(
    paths: Iterable[Path], *, mode: As, since: datetime | None, progress: Callable[[Count], None]
) -> Count:
    """Take all mails below `paths` in; those older than `since` (if given, by their Date) are left out.

    A mail is known by its bytes, wherever it lay. `progress` is told after each batch. Returns the count at the end.
    """
    paths, count = list(paths), Count()
    record = _record(paths)
    for batch in _batches(read(paths, lambda where, why: count.unread.append((where, why)))):
        _take(batch, mode, since, count)
        ImportRun.objects.filter(pk=record.pk).update(done=count.mails, taken=count.taken)
        progress(count)
    ImportRun.objects.filter(pk=record.pk).update(finished_at=clock.now())
    return count


def _record(paths: list[Path]) -> ImportRun:
    """The row that says what was imported when; a run of the same paths goes on under the same one."""
    named = "\n".join(str(path.absolute()) for path in paths)
    key = hashlib.sha256(named.encode("utf-8", "surrogateescape")).hexdigest()
    shown = named.encode("utf-8", "replace").decode()
    found = {"path": shown, "started_at": clock.now(), "finished_at": None, "done": 0, "taken": 0}
    return ImportRun.objects.update_or_create(key=key, defaults=found)[0]


def _batches(items: Iterator[Item]) -> Iterator[list[Item]]:
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


def _take(batch: list[Item], mode: As, since: datetime | None, count: Count) -> None:
    wanted: dict[str, tuple[Item, Envelope]] = {}
    for item in batch:
        count.mails += 1
        count.bytes += len(item.data)
        envelope = envelope_of(item.data)
        if since and envelope.date and envelope.date < since:
            count.older += 1
        elif (key := receipt_key(item.data)) in wanted:
            count.known += 1
        else:
            wanted[key] = (item, envelope)
    taken = _store(wanted, mode)
    count.taken += taken
    count.known += len(wanted) - taken


def _store(wanted: dict[str, tuple[Item, Envelope]], mode: As) -> int:
    """Store what is not there yet; a second import at the same time may have been quicker, so look once more."""
    for last in (False, True):
        there = set(Mail.objects.filter(receipt_key__in=list(wanted)).values_list("receipt_key", flat=True))
        new = [
            Incoming(data=item.data, source="import", envelope_to=envelope.to, receipt_key=key, mode=mode)
            for key, (item, envelope) in wanted.items()
            if key not in there
        ]
        try:
            return len(store(new)) if new else 0
        except IntegrityError:
            if last:
                raise
    raise AssertionError("the loop ends by itself")


def receipt_key(data: bytes) -> str:
    """What an imported mail is known by: its bytes, wherever in an archive they stand."""
    return f"{hashlib.sha256(data).hexdigest()}#import"
