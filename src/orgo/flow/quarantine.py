"""Mail in quarantine: read again, or put aside with a reason."""

from collections.abc import Sequence

from django.db import transaction

from orgo import dispatch
from orgo.audit.models import record
from orgo.flow.house import open_house
from orgo.flow.unit import Unit
from orgo.intake.models import Mail
from orgo.lib.text import clip
from orgo.task.actions import handle
from orgo.task.commands import Cancel
from orgo.task.values import ORGO

AT_ONCE = 200
PUT_ASIDE = "put aside by"


def retry(mails: Sequence[int], by: str) -> int:
    """Let these mails be decided once more. Returns how many were in quarantine.

    The triage task of each stays at it until that is done (flow/place.py): one that still can't be read keeps it.
    """
    batches = (mails[at : at + AT_ONCE] for at in range(0, len(mails), AT_ONCE))
    count = sum(_retry(batch, by) for batch in batches)
    if count:
        dispatch.ring("routing")
    return count


def _retry(mails: Sequence[int], by: str) -> int:
    with transaction.atomic():
        there = Mail.objects.select_for_update().filter(pk__in=mails, outcome="quarantined")
        numbers = list(there.values_list("pk", flat=True))
        Mail.objects.filter(pk__in=numbers).update(
            outcome="", reason="", attempts=0, lease_until=None, decided_at=None
        )
        for number in numbers:
            record("mail.retried", actor=by, mail=number)
    return len(numbers)


def discard(mail: int, reason: str, by: str) -> bool:
    """Put a mail aside for good, with the reason; its bytes stay. False when it is not in quarantine."""
    row = Mail.objects.filter(pk=mail, outcome="quarantined").first()
    if row is None:
        return False
    with Unit(open_house()) as unit:
        _close_task(row, unit)
        Mail.objects.filter(pk=mail).update(
            outcome="ignored", reason=clip(f"{PUT_ASIDE} {by}: {reason}", 300)
        )
        # The reason may name somebody: it stands in the mail's row, which can be erased.
        record("mail.discarded", actor=by, mail=mail)
    return True


def _close_task(row: Mail, unit: Unit) -> None:
    if row.task is not None:
        handle([Cancel(task=row.task, actor=ORGO, at=unit.now, reason="the mail is put aside")], unit)
