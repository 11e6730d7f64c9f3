"""Mail that tells of a letter of ours: it came back (RFC 3464), or its reader complained (RFC 5965). Never a task.

Only what carries our own signature is believed: the letter's Message-ID, or the return path it was sent from. A report
that has one that is not ours is ignored, so that nobody can make a letter look lost.
"""

from collections.abc import Iterator
from typing import Any

from orgo.audit.models import Event
from orgo.flow.hidden import Hidden
from orgo.flow.seal_letter import tell_of_loss
from orgo.flow.unit import Unit
from orgo.intake.models import Mail
from orgo.lib import ids
from orgo.lib.text import clip
from orgo.message import BounceRecipient, Message
from orgo.outbox.models import Letter
from orgo.outbox.suppression import note_bounce, suppress
from orgo.outbox.token import Claim, claim_of_address, claim_of_message_id, letter_of_return_path
from orgo.task.actions import handle
from orgo.task.commands import Comment, LetterFailed
from orgo.task.models import Task
from orgo.task.values import ORGO

NO_MORE = "no more letters go there, until somebody lifts that (orgo mail suppressed --lift)"


def place_bounce(mail: Mail, message: Message, unit: Unit, kept: dict[str, Any]) -> None:
    """Say of its letter what the report says, and tell a person."""
    letter, claimed = bounced_letter(mail, message, unit)
    if letter is None:
        outcome = "ignored" if claimed else "bounce"
        reason = "a bounce whose signature is not ours" if claimed else "a bounce of no letter of ours"
        unit.settle_mail(mail, outcome, reason=reason, **kept)
        return
    complaint = message.bounce is not None and message.bounce.kind == "feedback"
    reason = _complained(letter, message, unit) if complaint else _returned(letter, message, unit)
    unit.settle_mail(mail, "bounce", reason=clip(reason, 300), task=letter.task, **kept)


def _returned(letter: Letter, message: Message, unit: Unit) -> str:
    """The letter was not delivered, unless the report only says that it takes longer."""
    said = _about(letter, message)
    words = clip(" ".join(filter(None, [said.status, said.diagnostic])) or "bounced", 300)
    if said.action != "delayed" and letter.state != "failed":
        unit.lock(letter.task)
        Letter.objects.filter(pk=letter.pk).update(
            state="failed", server_reply=words[:500], settled_at=unit.now
        )
        if note_bounce(letter, said.status):
            words = f"{clip(words, 150)}; {NO_MORE}"
        if letter.task is not None:
            handle([failed(letter, words, unit)], unit)
        tell_of_loss(letter, words, unit.house)
    return _without_hidden(f"a letter to {letter.recipient}: {words}", letter, unit)


def _without_hidden(text: str, letter: Letter, unit: Unit) -> str:
    """What is said of a letter, without those who stay unnamed on its task."""
    state = unit.state(letter.task) if letter.task is not None else None
    hidden = unit.hidden(state) if state is not None else Hidden()
    return hidden.without_any(text) if hidden.got(letter) else hidden.without(text)


def failed(letter: Letter, words: str, unit: Unit, *, quiet: bool = False) -> LetterFailed:
    """The command that says on a letter's task that it was not delivered: `letter` is settled as failed already.

    A level none of whose letters was delivered makes the next one fire at once ("fired" is not "told"), unless a later
    level has fired since.
    """
    assert letter.task is not None
    return LetterFailed(
        task=letter.task,
        actor=ORGO,
        at=unit.now,
        letter=letter.pk,
        recipient=letter.recipient,
        status=words,
        kind=letter.kind,
        hurry=letter.kind == "escalated" and _is_unheard(letter, unit),
        quiet=quiet,
    )


def _is_unheard(letter: Letter, unit: Unit) -> bool:
    """Whether a level is the task's last one, and no letter of it has left or still may."""
    event, state = Event.objects.get(pk=letter.event), unit.state(letter.task or 0)
    if state is None or event.at < state.round_at or event.data.get("level") != state.level:
        return False
    return not Letter.objects.filter(event=letter.event, kind=letter.kind).exclude(state="failed").exists()


def _about(letter: Letter, message: Message) -> BounceRecipient:
    """What the report says of the letter's recipient; of the first it names where it names another (an alias)."""
    recipients = message.bounce.recipients if message.bounce else []
    own = (one for one in recipients if one.address.lower() == letter.recipient)
    return next(own, None) or next(iter(recipients), BounceRecipient(letter.recipient))


def _complained(letter: Letter, message: Message, unit: Unit) -> str:
    """Who complains and does not work here gets no more letters; the task says so, to those who work on it."""
    unit.lock(letter.task)
    kind = _about(letter, message).diagnostic or "abuse"
    words = f"{letter.recipient} complained ({clip(kind, 30)}) about a letter"
    if letter.recipient not in unit.house.directory.people:
        suppress(letter.recipient, f"a complaint: {clip(kind, 30)}")
        words = f"{words}: {NO_MORE}"
    words = _without_hidden(words, letter, unit)
    if letter.task is not None:
        note = unit.add_note(letter.task, "note", "", words)
        handle([Comment(task=letter.task, actor=ORGO, at=unit.now, note=note)], unit)
    return words


def bounced_letter(mail: Mail, message: Message, unit: Unit) -> tuple[Letter | None, bool]:
    """The letter that a report is about, and whether the report claims one of ours (rightly or not)."""
    claimed = False
    for found in _candidates(mail, message, unit):
        if found is not None:
            return found, True
        claimed = True
    return None, claimed


def _candidates(mail: Mail, message: Message, unit: Unit) -> Iterator[Letter | None]:
    """The letter behind each signed thing in the report; None for one that is not signed by us."""
    for address in _addresses(mail, message):
        claim = claim_of_address(address)
        if letter_of_return_path(address) is not None:
            yield _letter_from(address)
        elif claim is not None:
            yield _letter_answered(claim, unit)
    original = message.bounce.original_message_id if message.bounce else None
    for wanted in filter(None, (original, message.in_reply_to, *message.references)):
        claim = claim_of_message_id(wanted)
        if claim is not None:
            yield Letter.objects.filter(pk=claim.letter or 0, message_id=wanted.strip()).first()


def _addresses(mail: Mail, message: Message) -> list[str]:
    return [*mail.envelope_to, *(address.address for address in (*message.to, *message.cc))]


def returned_to(mail: Mail, message: Message) -> Letter | None:
    """The letter to whose return path a mail was sent, which only servers and their machines see."""
    paths = (address for address in _addresses(mail, message) if letter_of_return_path(address) is not None)
    return next(filter(None, map(_letter_from, paths)), None)


def _letter_from(path: str) -> Letter | None:
    """The letter that left from this return path."""
    return Letter.objects.filter(pk=letter_of_return_path(path) or 0, sender__iexact=path).first()


def _letter_answered(claim: Claim, unit: Unit) -> Letter | None:
    """The newest letter with this signed Reply-To, where some servers send what they can't deliver."""
    task = Task.objects.filter(reference=ids.normal_reference(claim.reference)).first()
    letters = Letter.objects.filter(task=task.pk).order_by("-id") if task else ()
    return next((one for one in letters if unit.house.signer.holds(claim, one.recipient)), None)
