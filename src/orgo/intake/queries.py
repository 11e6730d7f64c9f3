"""What others may ask of mail: the mails of a task, the quarantine, what was ignored."""

from django.db.models import Q

from orgo.intake.models import Mail, WaitingFile

# Kept, and nobody's work: what was ignored, and what tells of a letter that never left from here.
UNHEEDED = Q(outcome="ignored") | Q(outcome="bounce", task=None)


def mails_of(task: int) -> list[Mail]:
    """The mails of a task that say something, the oldest first: not those that came again."""
    return list(Mail.objects.filter(task=task).exclude(outcome="linked").order_by("id"))


def same_mails(mail: int) -> list[Mail]:
    """A mail and all that were linked to it, the oldest first."""
    found, new = list(Mail.objects.filter(pk=mail)), [mail]
    while new:
        more = list(Mail.objects.filter(same_as__in=new, outcome="linked"))
        new = [row.pk for row in more]
        found += more
    return sorted(found, key=lambda row: row.pk)


def quarantined() -> int:
    """How many mails are in quarantine."""
    return Mail.objects.filter(outcome="quarantined").count()


def waiting_files() -> list[WaitingFile]:
    """The files of the watched folder that are not taken: those that wait, then those that failed, each by their names."""
    return sorted(WaitingFile.objects.order_by("name"), key=lambda file: file.reason == "failed")


def in_quarantine() -> list[int]:
    """The numbers of all mails in quarantine, the oldest first."""
    return list(Mail.objects.filter(outcome="quarantined").order_by("id").values_list("pk", flat=True))


def newest(which: Q, before: int | None = None, limit: int = 200) -> tuple[list[Mail], int | None]:
    """The newest of these mails (of those older than mail `before`), and the last one's number if there are more."""
    mails = Mail.objects.filter(which).order_by("-id")
    found = list(mails.filter(pk__lt=before)[: limit + 1] if before is not None else mails[: limit + 1])
    return found[:limit], found[limit - 1].pk if len(found) > limit else None
