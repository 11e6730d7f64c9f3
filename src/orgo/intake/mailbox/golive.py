"""From observing to working: the cut-off is set, and what was observed before becomes work or history, exactly once."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from orgo import dispatch
from orgo.intake.models import Mail, Mailbox


def go_live(name: str, since: datetime) -> None:
    """Let the mailbox `name` make tasks of the mail that its server got from `since` (aware) on."""
    with transaction.atomic():
        box = Mailbox.objects.select_for_update().get_or_create(name=name)[0]
        box.mode, box.cutoff = "live", since
        box.save(update_fields=["mode", "cutoff"])
    settle_observed(name)


def observe(name: str) -> None:
    """Only look at the mailbox `name` from now on; what was decided stays as it is."""
    Mailbox.objects.update_or_create(name=name, defaults={"mode": "observe"})


def settle_observed(name: str) -> int:
    """Give the mails that were observed their true outcome, if the mailbox is live; returns how many become work.

    A mail that is being decided at this moment is found by the next call: the watcher calls this every round.
    """
    box = Mailbox.objects.filter(name=name, mode="live").first()
    observed = Mail.objects.filter(mailbox=name, outcome="observed")
    if box is None or not observed.exists():
        return 0
    older = Q(arrived_at__lt=box.cutoff) if box.cutoff else Q(pk=None)
    with transaction.atomic():
        observed.filter(older).update(
            mode="history", outcome="history", reason="older mail, kept to be found", decision=None
        )
        work = observed.update(
            mode="work", outcome="", reason="", decision=None, decided_at=None, attempts=0, lease_until=None
        )
    dispatch.ring("routing")
    return work
