"""What is known of a mailbox's mails: which were taken, how far each folder was read, what is still to be done there.

All of a batch is committed at once: the mails' bytes, their receipts and the folder's place. So a crash either finds
the batch taken, or not at all; and what is owed to the server is found in the receipts, whoever died in between.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from orgo.conf import sql
from orgo.conf.config import Mailbox as Account
from orgo.intake.envelope import envelope_of
from orgo.intake.mailbox.backoff import pause
from orgo.intake.mailbox.ports import After, Fetched, Look, State, Waiting
from orgo.intake.models import Folder, Mail, Mailbox, Receipt
from orgo.intake.store import Incoming, Mode, data_hash, store
from orgo.lib import clock
from orgo.lib.crash import crashpoint
from orgo.lib.text import clip

AT_ONCE = 200
MOST_KEY = 200


class Overtaken(Exception):
    """Another process reads the same folder and was faster; nothing was taken by this one."""


class Ledger:
    """The rows of one mailbox."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.box = Mailbox.objects.get_or_create(name=account.name)[0]

    def refresh(self) -> Mailbox:
        """The mailbox's row as it is now (the command line and the page change it as well)."""
        self.box = Mailbox.objects.get_or_create(name=self.account.name)[0]
        return self.box

    def folder(self, name: str, look: Look) -> Folder:
        """The folder's row; when the epoch of its UIDs has changed, it is read again from the beginning."""
        folder = Folder.objects.get_or_create(mailbox=self.box, name=name)[0]
        if folder.uidvalidity != look.uidvalidity:
            self._new_epoch(folder, look)
        return folder

    def _new_epoch(self, folder: Folder, look: Look) -> None:
        with transaction.atomic():
            Receipt.objects.filter(folder=folder).delete()
            folder.known_until = max(0, look.uidnext - 1) if folder.uidvalidity else 0
            folder.uidvalidity, folder.last_uid, folder.highestmodseq = look.uidvalidity, 0, 0
            folder.save()

    def unknown(self, folder: Folder, mails: Sequence[Waiting]) -> list[Waiting]:
        """Those of these mails that have no receipt yet."""
        uids = [mail.uid for mail in mails]
        known = set(Receipt.objects.filter(folder=folder, uid__in=uids).values_list("uid", flat=True))
        return [mail for mail in mails if mail.uid not in known]

    def take(self, folder: Folder, mails: Sequence[Fetched], up_to: int) -> int:
        """Commit these mails with their receipts, and the folder's place `up_to`; returns how many were new.

        Raises Overtaken, and then nothing was taken.
        """
        with transaction.atomic():
            box = Mailbox.objects.select_for_update().get(pk=self.box.pk)
            self._advance(folder, up_to)
            taken = _Batch(self.account, box, folder).take(mails)
            crashpoint("H1.fetched_before_commit")
        folder.last_uid = max(folder.last_uid, up_to)
        crashpoint("H1.fetched_after_commit")
        return taken

    # -- what is owed to the server

    def due(self, folder: Folder) -> Iterator[list[Receipt]]:
        """The stored mails with which something is to be done on the server by now, some at a time."""
        while rows := list(self._due(folder).order_by("due_at", "pk")[:AT_ONCE]):
            yield rows
            if self._due(folder).filter(pk=rows[0].pk).exists():
                return

    def _due(self, folder: Folder) -> QuerySet[Receipt]:
        return Receipt.objects.filter(folder=folder, due_at__lte=clock.now())

    def settled(self, receipts: Sequence[Receipt], what: After) -> None:
        """The server did it: nothing more is owed."""
        crashpoint("H1.marked_before_commit")
        Receipt.objects.filter(pk__in=[receipt.pk for receipt in receipts]).update(due_at=None)

    def folder_problem(self, folder: Folder, problem: str) -> None:
        """Say what can't be done in a folder, or "" when all can be done."""
        if folder.problem != problem:
            folder.problem = clip(problem, 300)
            folder.save(update_fields=["problem"])

    # -- how it stands with the mailbox

    def seconds_to_wait(self) -> float:
        """How long the mailbox is to be left alone because of its trouble."""
        at = self.box.next_try_at
        return max(0.0, (at - clock.now()).total_seconds()) if at else 0.0

    def trouble(self, state: State, detail: str, chance: float) -> None:
        """Remember what is wrong and when it is tried again; `chance` in [0, 1) spreads mailboxes out."""
        now, box = clock.now(), self.refresh()
        since = box.since if box.state == state else now
        failures = box.failures + 1
        Mailbox.objects.filter(pk=box.pk).update(
            state=state,
            detail=clip(detail, 300),
            since=since,
            failures=failures,
            next_try_at=now + pause(state, failures, chance),
        )

    def well(self) -> None:
        """Remember that a whole round went well."""
        now, box = clock.now(), self.refresh()
        since = box.since if box.state == "ok" else now
        Mailbox.objects.filter(pk=box.pk).update(
            state="ok", detail="", since=since, failures=0, next_try_at=None, last_ok_at=now
        )

    def _advance(self, folder: Folder, up_to: int) -> None:
        found = Folder.objects.filter(pk=folder.pk, uidvalidity=folder.uidvalidity, last_uid=folder.last_uid)
        if not found.update(last_uid=max(folder.last_uid, up_to)):
            raise Overtaken


class _Batch:
    """One transaction's mails of one folder."""

    def __init__(self, account: Account, box: Mailbox, folder: Folder) -> None:
        self.account, self.box, self.folder = account, box, folder
        self.now = clock.now()

    def take(self, mails: Sequence[Fetched]) -> int:
        """Store what is new, and write a receipt for every one of these mails."""
        incoming = [self._incoming(mail) for mail in mails]
        known = self._known(mails, incoming)
        new = [
            (mail, found)
            for mail, found in zip(mails, incoming, strict=True)
            if found.receipt_key not in known
        ]
        rows = store([found for _, found in new])
        ids = known | {found.receipt_key: row.pk for (_, found), row in zip(new, rows, strict=True)}
        self._receipts(
            [(mail, found, ids[found.receipt_key]) for mail, found in zip(mails, incoming, strict=True)]
        )
        self._note(new)
        return len(new)

    def _incoming(self, mail: Fetched) -> Incoming:
        address = self.account.receives
        arrived = mail.waiting.arrived_at or envelope_of(mail.data).date
        return Incoming(
            data=mail.data,
            source=self.account.protocol,
            envelope_to=(address,) if address else (),
            mailbox=self.account.name,
            receipt_key=receipt_key(self.folder, mail.waiting.uid),
            mode=mode_of(self.box, arrived),
            arrived_at=arrived,
        )

    def _known(self, mails: Sequence[Fetched], incoming: Sequence[Incoming]) -> dict[str | None, int]:
        """The mails that were taken before, by the receipt key that they have now."""
        keys = [mail.receipt_key for mail in incoming]
        known: dict[str | None, int] = dict(
            Mail.objects.filter(receipt_key__in=keys).values_list("receipt_key", "pk")
        )
        if self.folder.known_until:
            for mail, found in zip(mails, incoming, strict=True):
                if found.receipt_key not in known and int(mail.waiting.uid) <= self.folder.known_until:
                    known |= self._renewed(found)
        return known

    def _renewed(self, mail: Incoming) -> dict[str | None, int]:
        """A mail of the epoch before, known by its bytes: its receipt is renewed, it is not taken a second time."""
        before = Mail.objects.filter(mailbox=self.account.name, data_hash=data_hash(mail)).order_by("pk")
        old = before.filter(receipt_key__isnull=False).exclude(
            receipt_key__startswith=receipt_key(self.folder, "")
        )
        row = old.first() or before.first()
        if row is None:
            return {}
        if row in old:
            Mail.objects.filter(pk=row.pk).update(receipt_key=mail.receipt_key)
        return {mail.receipt_key: row.pk}

    def _receipts(self, found: Sequence[tuple[Fetched, Incoming, int]]) -> None:
        uids = [mail.waiting.uid for mail, _, _ in found]
        Receipt.objects.filter(folder=self.folder, uid__in=uids).delete()
        rows = [
            {
                "folder": self.folder.pk,
                "uid": mail.waiting.uid,
                "mail": row,
                "size": len(mail.data),
                "arrived_at": mail.waiting.arrived_at,
                "problem": "",
                "due_at": due_at(self.account, incoming.mode, self.now),
            }
            for mail, incoming, row in found
        ]
        sql.insert(Receipt, rows)

    def _note(self, new: Sequence[tuple[Fetched, Incoming]]) -> None:
        """The time of the last mail, and how long it took from its server to here."""
        if not new:
            return
        arrived = new[-1][1].arrived_at
        lag = int((self.now - arrived).total_seconds()) if arrived else None
        values = {
            "last_mail_at": self.now,
            "lag_seconds": None if lag is None else max(0, min(lag, 2**31 - 1)),
        }
        Mailbox.objects.filter(pk=self.box.pk).update(**values)


def receipt_key(folder: Folder, uid: str) -> str:
    """The key under which a mail of this folder is known for ever: folder, epoch of its UIDs, UID."""
    return f"mailbox:{folder.pk}:{folder.uidvalidity}:{uid}"[:MOST_KEY]


def mode_of(box: Mailbox, arrived_at: datetime | None) -> Mode:
    """What becomes of a mail that the server got at `arrived_at`: only looked at, kept to be found, or work."""
    if box.mode != "live":
        return "observe"
    is_old = box.cutoff is not None and arrived_at is not None and arrived_at < box.cutoff
    return "history" if is_old else "work"


def due_at(account: Account, mode: Mode, now: datetime) -> datetime | None:
    """When something is to be done with a stored mail on its server; never with one that is not work."""
    if mode != "work" or account.after == "keep":
        return None
    if account.after != "delete":
        return now
    return now + timedelta(days=account.delete_after.days, seconds=account.delete_after.seconds)
