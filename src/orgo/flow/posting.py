"""Between a letter's row and its courier: the parcel to deliver, and what follows when it can't be delivered."""

from collections.abc import Sequence

from orgo.conf import boot
from orgo.delivery.ports import Parcel
from orgo.flow.bounces import NO_MORE, failed
from orgo.flow.house import open_house
from orgo.flow.seal_letter import tell_of_loss
from orgo.flow.unit import Unit
from orgo.lib.text import clip
from orgo.outbox.claim import settle_failed
from orgo.outbox.compose import as_html
from orgo.outbox.models import Document, Letter
from orgo.outbox.suppression import note_bounce, status_in
from orgo.task.actions import handle


def parcel_of(letter: Letter) -> Parcel:
    """The letter as its courier needs it, with its documents."""
    wanted = [document["sha256"] for document in letter.attachments]
    documents = Document.objects.filter(pk__in=wanted) if wanted else ()
    found = {row.pk: bytes(row.data) for row in documents}
    return Parcel(
        recipient=letter.recipient,
        envelope_from=letter.sender,
        message_id=letter.message_id,
        date=letter.date,
        subject=letter.subject,
        text=letter.text,
        html=_html_of(letter),
        headers=letter.headers,
        attachments=tuple((document["name"], found[document["sha256"]]) for document in letter.attachments),
    )


def _html_of(letter: Letter) -> str:
    """Nearly every letter's HTML is its text and no more, so it is not stored: a letter takes half the room."""
    if letter.html or letter.channel != "email":
        return letter.html
    return as_html(letter.text, letter.language, (boot.config().web.url,))


def letter_failed(letter: Letter, reason: str, *, quiet: bool = False) -> None:
    """Settle a letter as failed and tell a person (unless `quiet`: it was told when the address was suppressed)."""
    with Unit(open_house()) as unit:
        unit.lock(letter.task)
        if not settle_failed(letter, reason):
            return
        if not quiet and note_bounce(letter, status_in(reason)):
            reason = f"{clip(reason, 150)}; {NO_MORE}"
        if letter.task is not None:
            handle([failed(letter, reason[:300], unit, quiet=quiet)], unit)
        tell_of_loss(letter, reason[:300], unit.house)


def hold_back(letters: Sequence[Letter]) -> list[Letter]:
    """Settle those that were claimed for a suppressed address as failed; returns the others, which may be sent."""
    for letter in letters:
        if letter.barred is not None:
            letter_failed(letter, f"not sent, the address is suppressed: {letter.barred}", quiet=True)
    return [letter for letter in letters if letter.barred is None]
