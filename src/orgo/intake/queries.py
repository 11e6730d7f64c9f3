"""What others may ask of mail: the mails of a task, the quarantine, what was ignored."""

from orgo.intake.models import Mail


def mails_of(task: int) -> list[Mail]:
    """All mails of a task, the oldest first."""
    return list(Mail.objects.filter(task=task).order_by("id"))


def quarantined() -> int:
    """How many mails are in quarantine."""
    return Mail.objects.filter(outcome="quarantined").count()


def with_outcome(outcome: str, limit: int = 200) -> list[Mail]:
    """The newest mails that ended so."""
    return list(Mail.objects.filter(outcome=outcome).order_by("-id")[:limit])
