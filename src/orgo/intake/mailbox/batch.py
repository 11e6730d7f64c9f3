"""The mails of one transaction: which of them are new, and a receipt for each."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import structs

from orgo.conf import sql
from orgo.conf.config import Mailbox as Account
from orgo.intake.envelope import envelope_of
from orgo.intake.mailbox.ports import Fetched
from orgo.intake.models import Folder, Mail, Mailbox, Receipt
from orgo.intake.store import Incoming, Mode, data_hash, store_many
from orgo.lib import clock

MOST_KEY = 200
# Exchange tells sizes that it has estimated, so a few bytes less say nothing.
_MUCH = 0.9
_Row = tuple[Fetched, int | None, Mode]


class Batch:
    """What becomes of mails that were fetched from `folder`, while the caller's transaction locks `box`."""

    def __init__(self, account: Account, box: Mailbox, folder: Folder) -> None:
        self.account, self.box, self.folder = account, box, folder
        self.now = clock.now()
        self.address = account.receives
        self.key = receipt_key(folder, "")
        self.has_keys = account.protocol == "pop3"

    def take(self, mails: Sequence[Fetched], left: int = 0, *, anew: bool = False) -> int:
        """Store what is new, and write a receipt for each of these mails; returns how many were new.

        `left` is how many more are waiting on the server, `anew` whether these were listed as left there before.
        """
        incoming = [(mail, self._incoming(mail, mail.data, anew)) for mail in mails if mail.data is not None]
        known = self._known(incoming)
        new = [(mail, found) for mail, found in incoming if found.receipt_key not in known]
        stored = store_many(self._with_copies([found for _, found in new])) if new else []
        ids = {found.receipt_key: id for (_, found), id in zip(new, stored, strict=True)} | known
        modes: dict[int, Any] = dict(Mail.objects.filter(pk__in=known.values()).values_list("pk", "mode"))
        rows: list[_Row] = [
            (mail, (id := ids[found.receipt_key]), modes.get(id, found.mode)) for mail, found in incoming
        ]
        rows += [(mail, None, "observe") for mail in mails if mail.data is None]
        if anew or self.has_keys:
            Receipt.objects.filter(folder=self.folder, uid__in=[mail.waiting.uid for mail in mails]).delete()
        self._write_receipts(rows)
        self._note([found for _, found in new], left)
        return len(new)

    def _incoming(self, mail: Fetched, data: bytes, anew: bool) -> Incoming:
        arrived = self._arrived(mail.waiting.arrived_at, data, None if anew else self.folder.read_at)
        key = self.key + mail.waiting.uid + (f"/{_sha256(data)[:32]}" if self.has_keys else "")
        made = Incoming(
            data=data,
            source=self.account.protocol,
            envelope_to=(self.address,) if self.address else (),
            mailbox=self.account.name,
            receipt_key=key[:MOST_KEY],
            mode=mode_of(self.box, arrived),
            arrived_at=arrived,
            kept=mail.kept,
            cut_short=len(data) < _MUCH * mail.waiting.size,
        )
        return structs.replace(made, digest=data_hash(made))

    def _arrived(self, told: datetime | None, data: bytes, read_at: datetime | None) -> datetime | None:
        """When the server got the mail: as it tells, else between the last look and now (then its headers may say it better).

        Before the first look only the headers tell; None where they say nothing, for then it was there before all that is known.
        """
        if told is not None:
            return told
        said = envelope_of(data)
        claimed = said.received or said.date
        if claimed is not None and (read_at is None or read_at <= claimed) and claimed <= self.now:
            return claimed
        return None if read_at is None and claimed is None else self.now

    # -- taken before?

    def _known(self, mails: Iterable[tuple[Fetched, Incoming]]) -> dict[str | None, int]:
        """The mails that were taken before, by the receipt key that they have now."""
        if self.account.protocol == "imap" and not self.folder.known_until:
            return {}  # the folder's place says it: place, mails and receipts are committed together
        found = {incoming.receipt_key: (mail, incoming) for mail, incoming in mails}
        rows = Mail.objects.filter(receipt_key__in=list(found)).values_list("receipt_key", "pk")
        known: dict[str | None, int] = dict(rows)
        if self.has_keys:
            known |= self._come_again(found)
        for key, (mail, incoming) in found.items():
            if key not in known and self._may_be_renewed(mail):
                known |= self._renewed(incoming)
        return known

    def _come_again(self, found: Mapping[str | None, tuple[Fetched, Incoming]]) -> dict[str | None, int]:
        """Mails that were gone from the listing for a while: the same key, and the same bytes."""
        uids = [mail.waiting.uid for mail, _ in found.values()]
        rows = Receipt.objects.filter(folder=self.folder, uid__in=uids).exclude(mail=None)
        before = {row.uid: (row.mail, row.sha256) for row in rows}
        hashes: dict[int | None, str] = dict(
            Mail.objects.filter(pk__in=[pk for pk, _ in before.values()]).values_list("pk", "data_hash")
        )
        known: dict[str | None, int] = {}
        for key, (mail, incoming) in found.items():
            pk, sha256 = before.get(mail.waiting.uid, (0, ""))
            same = sha256 == _sha256(incoming.data) if sha256 else hashes.get(pk) == incoming.digest
            if pk and same:
                known[key] = pk
        return known

    def _may_be_renewed(self, mail: Fetched) -> bool:
        until = self.folder.known_until
        return until > 0 and mail.waiting.uid.isdigit() and int(mail.waiting.uid) <= until

    def _renewed(self, mail: Incoming) -> dict[str | None, int]:
        """A mail that is known by its bytes under a UID of another epoch: that receipt is renewed, no second one made."""
        same = Mail.objects.filter(mailbox=self.account.name, data_hash=mail.digest).order_by("pk")
        stale = same.exclude(receipt_key=None).exclude(receipt_key__startswith=self.key)
        row = stale.first()
        if row is not None:
            Mail.objects.filter(pk=row.pk).update(receipt_key=mail.receipt_key)
        row = row or same.first()
        return {mail.receipt_key: row.pk} if row is not None else {}

    def _with_copies(self, mails: Sequence[Incoming]) -> list[Incoming]:
        """The same bytes that the server got at the same time are a mail that was moved or copied to another folder."""
        equal = sql.among(Mail, ("id",), "data_hash", [mail.digest for mail in mails])
        if not equal:
            return list(mails)
        first = Mail.objects.filter(pk__in=[row[0] for row in equal], mailbox=self.account.name, same_as=None)
        rows: dict[tuple[str, datetime | None], int]
        rows = {(row.data_hash, row.arrived_at): row.pk for row in first if row.arrived_at}
        return [structs.replace(mail, same_as=rows.get((mail.digest, mail.arrived_at))) for mail in mails]

    # -- what is remembered

    def _write_receipts(self, rows: Sequence[_Row]) -> None:
        written = [
            {
                "folder": self.folder.pk,
                "uid": mail.waiting.uid,
                "mail": row,
                "size": min(mail.waiting.size, 2**31 - 1),
                "arrived_at": mail.waiting.arrived_at or (self.now if self.folder.read_at else None),
                "problem": mail.problem,
                "owed_since": self.now if mode == "work" and self.account.after != "keep" else None,
            }
            | {"gone": False, "sha256": _sha256(mail.data) if self.has_keys and mail.data is not None else ""}
            for mail, row, mode in rows
        ]
        sql.insert(Receipt, written)

    def _note(self, new: Sequence[Incoming], left: int) -> None:
        """The time of the last mail, how long it took from its server to here, and how many are still there.

        A long fetch is no silence: each batch is a sign of life.
        """
        values: dict[str, object] = {"waiting": left, "last_ok_at": self.now}
        if new:
            arrived = new[-1].arrived_at
            lag = int((self.now - arrived).total_seconds()) if arrived else None
            values["last_mail_at"] = self.now
            values["lag_seconds"] = None if lag is None else max(0, min(lag, 2**31 - 1))
        Mailbox.objects.filter(pk=self.box.pk).update(**values)


def receipt_key(folder: Folder, uid: str) -> str:
    """The key under which a mail of this folder is known for ever: folder, epoch of its UIDs, UID."""
    return f"mailbox:{folder.pk}:{folder.uidvalidity}:{uid}"[:MOST_KEY]


def mode_of(box: Mailbox, arrived_at: datetime | None) -> Mode:
    """What becomes of a mail that the server got at `arrived_at`: only looked at, kept to be found, or work.

    None is before everything: such a mail was there when the folder was first looked into.
    """
    if box.mode != "live":
        return "observe"
    is_old = box.cutoff is not None and (arrived_at is None or arrived_at < box.cutoff)
    return "history" if is_old else "work"


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
