"""What is known of a mailbox's mails: which were taken, how far each folder was read, what is still to be done there.

All of a batch is committed at once: the mails' bytes, their receipts and the folder's place. So a crash either finds
the batch taken, or not at all; and what is owed to the server is found in the receipts, whoever died in between.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max, QuerySet

from orgo.audit.models import record
from orgo.conf import sql
from orgo.conf.config import Mailbox as Account
from orgo.intake.mailbox.backoff import pause
from orgo.intake.mailbox.batch import Batch
from orgo.intake.mailbox.ports import Fetched, Look, State, Waiting
from orgo.intake.models import Folder, Mail, Mailbox, Receipt
from orgo.lib import clock
from orgo.lib.crash import crashpoint
from orgo.lib.text import clip

AT_ONCE = 200
# A server that is half away is one of these in one minute and the other in the next: it is one trouble.
AWAY = frozenset({"unreachable", "error"})
EVER = 2**62


class Overtaken(Exception):
    """Another process reads the same folder and was faster; nothing was taken by this one."""


class Ledger:
    """The rows of one mailbox."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.box = self.refresh()

    def refresh(self) -> Mailbox:
        """The mailbox's row as it is now (the command line and the page change it as well)."""
        self.box = Mailbox.objects.get_or_create(name=self.account.name)[0]
        return self.box

    # -- how far a folder was read

    def folder(self, name: str, look: Look) -> Folder:
        """The folder's row; when the epoch of its UIDs has changed, it is read again from the beginning."""
        folder, is_new = Folder.objects.get_or_create(mailbox=self.box, name=name)
        if is_new or folder.uidvalidity != look.uidvalidity:
            self._begin_epoch(folder, look)
        return folder

    def _begin_epoch(self, folder: Folder, look: Look) -> None:
        """What is there now may have been taken under other UIDs, or from a folder of another name."""
        with transaction.atomic():
            Receipt.objects.filter(folder=folder).delete()
            if folder.uidvalidity and look.uidvalidity:
                said = {"folder": folder.name, "before": folder.uidvalidity, "after": look.uidvalidity}
                record("mailbox.epoch", actor="", actor_kind="system", mailbox=self.account.name, **said)
            read_before = Mail.objects.filter(mailbox=self.account.name).exists()
            there = look.uidnext - 1 if look.uidnext and look.uidvalidity else EVER
            folder.known_until = there if read_before else 0
            folder.uidvalidity, folder.last_uid, folder.highestmodseq = look.uidvalidity, 0, 0
            folder.save()

    def known(self, folder: Folder) -> frozenset[str]:
        """The keys of all mails of the folder that have a receipt and are still there."""
        return frozenset(Receipt.objects.filter(folder=folder, gone=False).values_list("uid", flat=True))

    def forget_vanished(self, folder: Folder, listed: frozenset[str]) -> None:
        """Mails that are no longer listed are gone; who comes again under such a key is looked at anew, and owed nothing.

        A POP3 server may use a UIDL again when its mail is gone (RFC 1939 section 7).
        """
        vanished = sorted(self.known(folder) - listed)
        for start in range(0, len(vanished), AT_ONCE):
            rows = Receipt.objects.filter(folder=folder, uid__in=vanished[start : start + AT_ONCE])
            rows.filter(mail=None).delete()
            rows.update(gone=True, owed_since=None)

    def take(
        self, folder: Folder, mails: Sequence[Fetched], up_to: int, left: int = 0, *, anew: bool = False
    ) -> int:
        """Commit these mails with their receipts, and the folder's place `up_to`; returns how many were new.

        `left` is how many more are waiting on the server, `anew` whether these were listed as left there. Raises
        Overtaken, and then nothing was taken.
        """
        with transaction.atomic():
            box = Mailbox.objects.select_for_update().get(pk=self.box.pk)
            self._advance(folder, up_to)
            taken = Batch(self.account, box, folder).take(mails, left, anew=anew)
            crashpoint("H1.fetched_before_commit")
        folder.last_uid = max(folder.last_uid, up_to)
        crashpoint("H1.fetched_after_commit")
        return taken

    def _advance(self, folder: Folder, up_to: int) -> None:
        place = Folder.objects.filter(pk=folder.pk, uidvalidity=folder.uidvalidity, last_uid=folder.last_uid)
        if not place.update(last_uid=max(folder.last_uid, up_to)):
            raise Overtaken

    def read_through(self, folder: Folder, highestmodseq: int, at: datetime) -> None:
        """Everything that was in the folder at this instant, with this modification sequence, was looked at."""
        folder.highestmodseq, folder.read_at = highestmodseq, at
        folder.save(update_fields=["highestmodseq", "read_at"])

    # -- what is left on the server

    def leave(self, folder: Folder, mails: Sequence[Waiting], problem: str) -> None:
        """List mails that are not taken, with the reason."""
        if not mails:
            return
        listed = Receipt.objects.filter(folder=folder, uid__in=[mail.uid for mail in mails])
        known = frozenset(listed.values_list("uid", flat=True))
        came = clock.now() if folder.read_at else None
        rows = [
            {"folder": folder.pk, "uid": mail.uid, "mail": None, "size": min(mail.size, 2**31 - 1)}
            | {"arrived_at": mail.arrived_at or came, "problem": problem, "owed_since": None}
            | {"gone": False, "sha256": ""}
            for mail in mails
            if mail.uid not in known
        ]
        sql.insert(Receipt, rows)

    def left(self, folder: Folder, *, again: bool) -> list[Waiting]:
        """Mails that were left and may be taken now: no longer too large, and with `again` those that could not be read."""
        rows = Receipt.objects.filter(folder=folder, mail=None).exclude(problem="").order_by("pk")
        return [
            Waiting(row.uid, row.size, row.arrived_at)
            for row in rows
            if (row.problem == "too_large" and row.size <= self.account.max_size)
            or (row.problem == "unreadable" and again)
        ]

    def broken(self, folder: Folder) -> list[Waiting]:
        """Mails that were put aside because they ended every connection."""
        rows = Receipt.objects.filter(folder=folder, mail=None, problem="broken").order_by("pk")
        return [Waiting(row.uid, row.size, row.arrived_at) for row in rows]

    def still_left(self, folder: Folder, mails: Sequence[Fetched]) -> None:
        """These were tried again in vain; their rows stay, for they were told of."""
        for mail in mails:
            row = Receipt.objects.filter(folder=folder, uid=mail.waiting.uid, mail=None)
            row.update(problem=mail.problem)

    def gone(self, folder: Folder, uids: Sequence[str]) -> None:
        """These mails are no longer on the server."""
        Receipt.objects.filter(folder=folder, uid__in=uids, mail=None).delete()

    # -- what is owed to the server

    def owed(self, folder: Folder) -> Iterator[list[Receipt]]:
        """The stored mails that are to be marked, moved or removed by now, some at a time."""
        while rows := list(self._owed(folder).order_by("owed_since", "pk")[:AT_ONCE]):
            yield rows
            if self._owed(folder).filter(pk=rows[0].pk).exists():
                return

    def _owed(self, folder: Folder) -> QuerySet[Receipt]:
        account, until = self.account, clock.now()
        if account.after == "keep" or self.box.mode != "live":
            return Receipt.objects.none()
        if account.after == "delete":
            until -= timedelta(days=account.delete_after.days, seconds=account.delete_after.seconds)
        return Receipt.objects.filter(folder=folder, owed_since__lte=until)

    def newest_owed(self) -> datetime | None:
        """Since when the last of all owed mails is owed."""
        owed = Receipt.objects.filter(folder__mailbox=self.box, owed_since__isnull=False)
        newest: datetime | None = owed.aggregate(at=Max("owed_since"))["at"]
        return newest

    def settled(self, receipts: Sequence[Receipt]) -> None:
        """The server did it: nothing more is owed."""
        crashpoint("H1.marked_before_commit")
        Receipt.objects.filter(pk__in=[receipt.pk for receipt in receipts]).update(owed_since=None)

    def folder_problem(self, folder: Folder, problem: str) -> None:
        """Say what can't be done in a folder, or "" when all can be done."""
        problem = clip(problem, 300)
        if folder.problem != problem:
            folder.problem = problem
            folder.save(update_fields=["problem"])

    # -- how it stands with the mailbox

    def seconds_to_wait(self) -> float:
        """How long the mailbox is to be left alone because of its trouble."""
        at = self.box.next_try_at
        return max(0.0, (at - clock.now()).total_seconds()) if at else 0.0

    def trouble(self, state: State, detail: str, chance: float) -> None:
        """Remember what is wrong and when it is tried again; `chance` in [0, 1) spreads mailboxes out."""
        now, box = clock.now(), self.refresh()
        self._update(
            state=state,
            detail=clip(detail, 300),
            since=box.since if _is_same(box.state, state) else now,
            failures=box.failures + 1,
            next_try_at=now + pause(state, box.failures + 1, chance),
        )

    def well(self, missing: str = "") -> None:
        """Remember that a round was made; `missing` says which folder could not be opened while others were read."""
        now, box = clock.now(), self.refresh()
        state: State = "folder" if missing else "ok"
        since = box.since if box.state == state else now
        self._update(
            state=state, detail=clip(missing, 300), since=since, failures=0, next_try_at=None, last_ok_at=now
        )

    def _update(self, **values: object) -> None:
        Mailbox.objects.filter(pk=self.box.pk).update(**values)


def _is_same(former: str, state: str) -> bool:
    """Whether a mailbox is still in the trouble that it was in."""
    return former == state or {former, state} == AWAY
