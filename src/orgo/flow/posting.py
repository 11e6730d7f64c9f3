"""Between a letter's row and its courier: the parcel to deliver, and what follows when it can't be delivered."""

from orgo.delivery.ports import Parcel
from orgo.flow.house import open_house
from orgo.flow.unit import Unit
from orgo.outbox.claim import settle_failed
from orgo.outbox.models import Document, Letter
from orgo.task.actions import handle
from orgo.task.commands import LetterFailed
from orgo.task.values import ORGO


def parcel_of(letter: Letter) -> Parcel:
    """The letter as its courier needs it, with its documents."""
    wanted = [document["sha256"] for document in letter.attachments]
    found = {row.pk: bytes(row.data) for row in Document.objects.filter(pk__in=wanted)}
    return Parcel(
        recipient=letter.recipient,
        envelope_from=letter.sender,
        message_id=letter.message_id,
        date=letter.date,
        subject=letter.subject,
        text=letter.text,
        html=letter.html,
        headers=letter.headers,
        attachments=tuple((document["name"], found[document["sha256"]]) for document in letter.attachments),
    )


def letter_failed(letter: Letter, reason: str) -> None:
    """Settle a letter as failed and tell a person; a level none of whose letters can leave makes the next one fire at once."""
    with Unit(open_house()) as unit:
        if not settle_failed(letter, reason) or letter.task is None:
            return
        command = LetterFailed(
            task=letter.task,
            actor=ORGO,
            at=unit.now,
            letter=letter.pk,
            recipient=letter.recipient,
            status=reason[:300],
            kind=letter.kind,
            hurry=letter.kind == "escalated" and _all_failed(letter),
        )
        handle([command], unit)


def _all_failed(letter: Letter) -> bool:
    """Whether no letter of the same event has left or still may."""
    others = Letter.objects.filter(event=letter.event, kind=letter.kind).exclude(pk=letter.pk)
    return not others.exclude(state="failed").exists()
