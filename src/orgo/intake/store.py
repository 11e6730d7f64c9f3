"""Raw mail is committed here before anybody is told that it was taken (design/reliability.md H1).

A mail that comes a second time is known by its receipt key (a mailbox's UID, a file's place in an archive) or, where
the way in gives none (SMTP, HTTP, dropped files), by the hash of envelope and bytes for 24 hours. Such a copy is counted
as `linked`, with a row of its own but without its bytes; it is never swallowed.
"""

import hashlib
from collections.abc import Iterable
from datetime import timedelta
from functools import cache
from typing import Literal

import msgspec
import zstandard
from django.db import transaction

from orgo.intake.models import Mail, RawMail
from orgo.lib import clock
from orgo.lib.crash import crashpoint

SAME_WITHIN = timedelta(hours=24)
Source = Literal["smtp", "lmtp", "folder", "import", "http", "page", "imap", "pop3", "pst"]
Mode = Literal["work", "history", "observe"]


class Incoming(msgspec.Struct, frozen=True):
    """A mail at the door. `receipt_key` is set where the way in gives each mail a key of its own."""

    data: bytes
    source: Source
    envelope_from: str = ""
    envelope_to: tuple[str, ...] = ()
    mailbox: str = ""
    peer: str = ""
    receipt_key: str | None = None
    mode: Mode = "work"


def store(incoming: Iterable[Incoming]) -> list[Mail]:
    """Commit these mails, all or none; returns their rows in order (outcome `linked` for one that is here already).

    When this returns, the bytes are on disk. Raises what the database raises, and then nothing was taken.
    """
    with transaction.atomic():
        rows = [_store_one(mail) for mail in incoming]
        crashpoint("H1.before_commit")
    crashpoint("H1.after_commit")
    return rows


def read_raw(mail: int) -> bytes:
    """The bytes of a mail as they came; those of the first one where this row is a copy."""
    row = Mail.objects.only("same_as").get(pk=mail)
    found = RawMail.objects.get(pk=row.same_as or mail)
    return zstandard.ZstdDecompressor().decompress(bytes(found.data))


def _store_one(mail: Incoming) -> Mail:
    digest = data_hash(mail)
    known = _known(mail, digest)
    now = clock.now()
    row = Mail(
        source=mail.source,
        mailbox=mail.mailbox[:254],
        receipt_key=None if known else mail.receipt_key,
        data_hash=digest,
        envelope_from=mail.envelope_from[:320],
        envelope_to=[address[:320] for address in mail.envelope_to],
        peer=mail.peer[:60],
        received_at=now,
        size=len(mail.data),
        mode=mail.mode,
    )
    if known is not None:
        row.outcome, row.reason, row.decided_at = "linked", "the same mail was handed in twice", now
        row.same_as, row.task = known.same_as or known.pk, known.task
    row.save(force_insert=True)
    if known is None:
        RawMail.objects.bulk_create([RawMail(mail=row, data=_compressor().compress(mail.data))])
    return row


def _known(mail: Incoming, digest: str) -> Mail | None:
    """The row of the same mail, if it was taken before. A key says so for ever, equal bytes for 24 hours."""
    if mail.receipt_key is not None:
        return Mail.objects.filter(receipt_key=mail.receipt_key).first()
    since = clock.now() - SAME_WITHIN
    return Mail.objects.filter(data_hash=digest, same_as=None, receipt_key=None, received_at__gte=since).first()


def data_hash(mail: Incoming) -> str:
    """The hash of envelope and bytes, each part with its length, so that no two mails share one."""
    digest = hashlib.sha256()
    for part in (mail.envelope_from, *sorted(mail.envelope_to)):
        digest.update(len(part).to_bytes(4, "big") + part.encode("utf-8", "surrogateescape"))
    digest.update(mail.data)
    return digest.hexdigest()


@cache
def _compressor() -> zstandard.ZstdCompressor:
    return zstandard.ZstdCompressor(level=3)
