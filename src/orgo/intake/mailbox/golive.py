"""From observing to working: the cut-off is set, and what was observed before becomes work or history, exactly once."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from orgo import dispatch
from orgo.intake.models import Mail, Mailbox, Receipt
from orgo.lib import clock

LOOKED_AT = ("observed", "quarantined")


def go_live(name: str, since: datetime) -> int:
    """Let the mailbox `name` make tasks of the mail that its server got from `since` (aware) on, of that second's too.

    Servers say the second in which a mail came: one that comes half a second after "now" would be older than now.
    Returns how many of the mails that were observed become work.
    """
    with transaction.atomic():
        box = Mailbox.objects.select_for_update().get_or_create(name=name)[0]
        box.mode, box.cutoff = "live", since.replace(microsecond=0)
        box.save(update_fields=["mode", "cutoff"])
    return settle_observed(name)


def observe(name: str) -> None:
    """Only look at the mailbox `name` from now on; what was decided stays as it is."""
    Mailbox.objects.update_or_create(name=name, defaults={"mode": "observe"})


def settle_observed(name: str) -> int:
    """Give the mails that were observed their true outcome, if the mailbox is live; returns how many become work.

    A mail that is being decided at this moment is found by the next call: who decided it calls this, and the watcher.
    """
    with transaction.atomic():
        box = Mailbox.objects.select_for_update().filter(name=name, mode="live").first()
        observed = Mail.objects.filter(mailbox=name, mode="observe", outcome__in=LOOKED_AT)
        if box is None or not observed.exists():
            return 0
        if box.cutoff is not None:
            _make_history(observed.filter(Q(arrived_at__lt=box.cutoff) | Q(arrived_at=None)))
        work = _make_work(list(observed.values_list("pk", flat=True)))
    dispatch.ring("routing")
    return work


def _make_history(mails: QuerySet[Mail]) -> None:
    """One that could not be read stays where it is, in quarantine."""
    mails.filter(outcome="quarantined").update(mode="history")
    mails.update(mode="history", outcome="history", reason="older mail, kept to be found", decision=None)


def _make_work(mails: list[int]) -> int:
    """Let these mails be decided anew, and owe their server what is done with work."""
    free = {
        "outcome": "",
        "reason": "",
        "decision": None,
        "decided_at": None,
        "attempts": 0,
        "lease_until": None,
    }
    for start in range(0, len(mails), 500):
        some = mails[start : start + 500]
        Mail.objects.filter(pk__in=some).update(mode="work", **free)
        Receipt.objects.filter(mail__in=some).update(owed_since=clock.now())
    return len(mails)
