"""Raw mail is committed here before anybody is told that it was taken (design/reliability.md H1).

A mail that comes a second time is known by its receipt key (a mailbox's UID, a file's place in an archive) or, where
the way in gives none (SMTP, HTTP, dropped files), by the hash of envelope and bytes for 24 hours. Such a copy is counted
as `linked`, with a row of its own but without its bytes; it is never swallowed.
"""

import hashlib
import re
import threading
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

import msgspec
import zstandard
from django.db import transaction

from orgo.conf import sql
from orgo.intake import blobs, space
from orgo.intake.blobs import BlobAway, BlobLost
from orgo.intake.models import Mail, RawMail
from orgo.lib import clock, ids
from orgo.lib.crash import crashpoint
from orgo.lib.text import clean_text
from orgo.lib.turns import at, turns

CUT_SHORT = "it is shorter than its server announced"
SAME_WITHIN = timedelta(hours=24)
# A batch's blobs are read for so long, and one more may time out after it: their mails are claimed for longer than that.
READING = timedelta(seconds=30)
# zstandard's compressors are no thread's but one's, and the listener stores on several.
_own = threading.local()
_BLANK = {field.name: field.get_default() for field in Mail._meta.concrete_fields}
_FROM = re.compile(rb"(?im)^from:[^\n]*")
_HEAD = 16_384
Source = Literal["smtp", "lmtp", "folder", "import", "http", "page", "imap", "pop3", "pst"]
Mode = Literal["work", "history", "observe"]


class Incoming(msgspec.Struct, frozen=True):
    """A mail at the door. `receipt_key` is set where the way in gives each mail a key of its own.

    `same_as` is the mail that this one is a copy of. `digest` (its data_hash) and `kept` (its bytes as they are kept) are
    given where the way in has made them already, beside the database's work. `cut_short` says that its server announced more.
    """

    data: bytes
    source: Source
    envelope_from: str = ""
    envelope_to: tuple[str, ...] = ()
    mailbox: str = ""
    peer: str = ""
    receipt_key: str | None = None
    mode: Mode = "work"
    arrived_at: datetime | None = None
    same_as: int | None = None
    digest: str = ""
    kept: "Kept | None" = None
    cut_short: bool = False


class Kept(msgspec.Struct, frozen=True):
    """A mail's bytes as they are kept: in the row, or in the blob of this name, which is there already."""

    data: bytes
    blob: str = ""


def keep(data: bytes) -> Kept:
    """Pack a mail's bytes, and put them beside the database where they are large."""
    packed = _pack(data)
    blob = blobs.put(data, packed)
    return Kept(b"", blob) if blob else Kept(packed)


def _pack(data: bytes) -> bytes:
    """At level 1 real mail takes 1 % more room than at 3, and a third less time."""
    if not hasattr(_own, "compressor"):
        _own.compressor = zstandard.ZstdCompressor(level=1)
    packed: bytes = _own.compressor.compress(data)
    return packed


def store(incoming: Iterable[Incoming]) -> list[Mail]:
    """Commit these mails, all or none; returns their rows in order (outcome `linked` for one that is here already).

    When this returns, the bytes are on disk. Raises NoRoom, and what the database raises; then nothing was taken.
    """
    return [Mail(*values.values()) for values in _write(list(incoming))]  # type: ignore[misc]


def store_many(incoming: Iterable[Incoming]) -> list[int]:
    """As `store`, for who wants to know only the rows' ids."""
    return [values["id"] for values in _write(list(incoming))]


def _write(mails: list[Incoming]) -> list[dict[str, Any]]:
    space.need()
    hashes = [mail.digest or data_hash(mail) for mail in mails]
    kept = [mail.kept or keep(mail.data) for mail in mails]
    now = clock.now()
    with transaction.atomic():
        known = _Known(mails, hashes)
        written = [_values(mail, digest, known, now) for mail, digest in zip(mails, hashes, strict=True)]
        _line_up(written, mails, now)
        sql.insert(Mail, written)
        crashpoint("H1.after_mails")
        raw = [(row["id"], one) for row, one in zip(written, kept, strict=True) if row["same_as"] is None]
        sql.insert(RawMail, [{"mail": id, "data": one.data, "blob": one.blob} for id, one in raw])
        crashpoint("H1.before_commit")
    crashpoint("H1.after_commit")
    return written


def read_raw(mail: int) -> bytes:
    """The bytes of a mail as they came; those of the first one where this row is a copy. Raises BlobAway, BlobLost."""
    row = Mail.objects.only("same_as").get(pk=mail)
    kept = RawMail.objects.filter(pk=mail).first()
    found = kept or RawMail.objects.get(pk=row.same_as or mail)
    return zstandard.ZstdDecompressor().decompress(blobs.get(found.blob) if found.blob else bytes(found.data))


def read_raws(mails: Sequence[int]) -> list[bytes | BlobAway | BlobLost]:
    """The bytes of mails that are no copies, in their order, by one query; or why they can't be had.

    Where the place of the blobs is away it is asked once, and one that is slow no longer than READING.
    """
    rows = {
        mail: (data, blob) for mail, data, blob in sql.among(RawMail, ("mail", "data", "blob"), "mail", mails)
    }
    unpack, away, until = zstandard.ZstdDecompressor(), None, clock.now() + READING
    found: list[bytes | BlobAway | BlobLost] = []
    for data, blob in (rows[mail] for mail in mails):
        if clock.now() > until:
            away = away or BlobAway("the place of the blobs is slow: others of this batch took too long")
        try:
            found.append(
                away if blob and away else unpack.decompress(blobs.get(blob) if blob else bytes(data))
            )
        except BlobAway as error:
            away = error
            found.append(error)
        except BlobLost as error:
            found.append(error)
    return found


def _values(mail: Incoming, digest: str, before: "_Known", now: datetime) -> dict[str, Any]:
    """A row's columns, all of them, in the model's order."""
    known = before.find(mail, digest)
    values = {
        **_BLANK,
        "id": ids.new_id(),
        "source": mail.source,
        "mailbox": mail.mailbox[:254],
        "receipt_key": None if known else mail.receipt_key,
        "data_hash": digest,
        "envelope_from": clean_text(mail.envelope_from)[:320],
        "envelope_to": [clean_text(address)[:320] for address in mail.envelope_to],
        "peer": mail.peer[:60],
        "received_at": now,
        "arrived_at": mail.arrived_at,
        "size": len(mail.data),
        "mode": mail.mode,
        "attachments": [],
        "warnings": [CUT_SHORT] if mail.cut_short else [],
    }
    if known is not None:
        values |= {"outcome": "linked", "reason": "the same mail was handed in twice", "decided_at": now}
        values |= {"same_as": known.first, "task": known.task}
    else:
        before.add(mail, digest, values["id"])
    return values


def _line_up(rows: list[dict[str, Any]], mails: Sequence[Incoming], now: datetime) -> None:
    """Give each mail its turn. What is only looked at and what is history waits behind all work, in its order."""
    work = [
        (row, mail)
        for row, mail in zip(rows, mails, strict=True)
        if mail.mode == "work" and not row["outcome"]
    ]
    for row, mail in work:
        row["sender"] = sender_of(mail)
    senders = [row["sender"] for row, _ in work]
    last = sql.last_of(Mail, "sender", set(senders), "turn", "outcome = ''")
    for row in rows:
        row["turn"] = at(now)
    for (row, _), turn in zip(work, turns(senders, last, at(now)), strict=True):
        row["turn"] = turn


def sender_of(mail: Incoming) -> int:
    """Who sent it, as a number that fits an index: by the envelope, else by what its From line says."""
    named = mail.envelope_from.encode("utf-8", "surrogatepass")
    if not named:
        line = _FROM.search(mail.data[:_HEAD])
        words = line[0].replace(b"<", b" ").split() if line else []
        named = next((word.strip(b"<>") for word in reversed(words) if b"@" in word), b"")
    return int.from_bytes(hashlib.blake2b(named.lower(), digest_size=8).digest(), "big", signed=True)


class _First(NamedTuple):
    """The mail that others are copies of, and its task as far as it has one."""

    first: int
    task: int | None


def _firsts(key: str, values: Sequence[Any]) -> dict[Any, _First]:
    """The mails with these values of a column that no two mails share."""
    rows = sql.among(Mail, (key, "id", "same_as", "task"), key, values)
    return {value: _First(same_as or pk, task) for value, pk, same_as, task in rows}


class _Known:
    """The mails that were taken before and may be the same as one of these: a key says so for ever, equal bytes for a day."""

    def __init__(self, mails: Sequence[Incoming], hashes: Sequence[str]) -> None:
        keys = [mail.receipt_key for mail in mails if mail.receipt_key is not None]
        by_hash = [digest for mail, digest in zip(mails, hashes, strict=True) if mail.receipt_key is None]
        since = clock.now() - SAME_WITHIN
        self._by_key = _firsts("receipt_key", keys)
        self._by_id = _firsts("id", list({mail.same_as for mail in mails if mail.same_as is not None}))
        columns = ("data_hash", "id", "task", "same_as", "receipt_key", "received_at")
        equal = sql.among(Mail, columns, "data_hash", by_hash)
        self._by_hash = {
            digest: _First(pk, task)
            for digest, pk, task, same_as, key, at in equal
            if same_as is None and key is None and at >= since
        }

    def find(self, mail: Incoming, digest: str) -> _First | None:
        """The mail that this one is a copy of."""
        if mail.same_as is not None:
            return self._by_id.get(mail.same_as)
        return (
            self._by_key.get(mail.receipt_key) if mail.receipt_key is not None else self._by_hash.get(digest)
        )

    def add(self, mail: Incoming, digest: str, id: int) -> None:
        """Remember a mail of this very batch."""
        if mail.receipt_key is not None:
            self._by_key[mail.receipt_key] = _First(id, None)
        else:
            self._by_hash[digest] = _First(id, None)


def data_hash(mail: Incoming) -> str:
    """The hash of envelope and bytes, each part with its length, so that no two mails share one."""
    digest = hashlib.sha256()
    for part in (mail.envelope_from, *sorted(mail.envelope_to)):
        digest.update(len(part).to_bytes(4, "big") + part.encode("utf-8", "surrogatepass"))
    digest.update(mail.data)
    return digest.hexdigest()
