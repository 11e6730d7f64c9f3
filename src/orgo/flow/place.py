"""Where a mail ends: each stored mail gets exactly one outcome here (DESIGN.md section 3)."""

from datetime import timedelta
from typing import Any

from orgo.flow import storms
from orgo.flow.border import border_of, trust
from orgo.flow.bounces import place_bounce, returned_to
from orgo.flow.canary import came_home, is_by_hand, note_arrival
from orgo.flow.copies import decide_copy
from orgo.flow.house import House
from orgo.flow.joining import join, tighten
from orgo.flow.opening import judge, open_task, open_triage
from orgo.flow.reading import MALWARE
from orgo.flow.thread import Thread, find_thread
from orgo.flow.unit import Unit
from orgo.intake.models import Mail
from orgo.intake.store import CUT_SHORT
from orgo.lib.text import clip
from orgo.message import Message, body_text, content_key
from orgo.message.limits import in_words
from orgo.task.actions import handle
from orgo.task.commands import Cancel, Link
from orgo.task.values import ORGO

SAME_WITHIN = timedelta(hours=24)
MOST_HOPS = 30
KEPT_TEXT = 200_000
LONGEST_NAME = 128
OUR_PROBE = "our own probe mail is back"


def place(mail: Mail, message: Message, unit: Unit) -> None:
    """Decide where `mail` ends, and gather all that follows from it in `unit`."""
    kept = what_was_read(mail, message, unit.house)
    vars(mail).update(kept)
    unit.mails[mail.pk] = mail
    if message.limit:
        quarantine(mail, _beyond(message.limit), unit, kept)
        return
    _leave_quarantine(mail, unit)
    if mail.mode == "history":
        unit.settle_mail(mail, "history", reason="older mail, kept to be found", **kept)
        return
    canary = came_home(message, unit.house)
    if canary is not None:
        note_arrival(canary)
    if canary is not None or is_by_hand(message, unit.house):
        unit.settle_mail(mail, "ignored", reason=OUR_PROBE, **kept)
        return
    if mail.mode == "observe":
        _observe(mail, message, unit, kept)
        return
    ignored = _never_work(message, unit.house)
    if ignored:
        unit.settle_mail(mail, "ignored", reason=ignored, **kept)
    elif message.is_bounce or _came_back(mail, message):
        place_bounce(mail, message, unit, kept)
    else:
        _place_work(mail, message, unit, kept)


def _beyond(limit: str) -> str:
    """Why a mail is not read: the limit that it is over, or what the scanner found."""
    return limit if limit.partition(":")[0] == MALWARE else in_words(limit)


def _place_work(mail: Mail, message: Message, unit: Unit, kept: dict[str, Any]) -> None:
    thread = find_thread(mail, message, unit)
    if message.is_auto_reply:
        task = thread.state.id if thread else None
        unit.settle_mail(mail, "ignored", reason="an automatic reply", task=task, **kept)
        return
    again = _joined_before(mail, thread, unit) if thread else None
    if thread and again is not None:
        unnamed = tighten(mail, message, thread, unit)
        _link(mail, again, unit, kept, unnamed=unnamed)
        return
    if thread and join(mail, message, thread, unit):
        unit.settle_mail(mail, "joined", task=thread.state.id, **kept)
        unit.index(thread.state.id, f"{mail.subject}\n{mail.text}")
        return
    if returned_to(mail, message) is not None:
        reason = "a machine answered a letter's return path, which no person sees"
        unit.settle_mail(mail, "ignored", reason=reason, **kept)
        return
    same = _same_content(mail, unit)
    if same is not None:
        kept["decision"] = decide_copy(mail, message, *same, unit)
        _link(mail, same, unit, kept)
        return
    equal = storms.equal_mail(mail, unit) if thread is None else None
    if equal is not None:
        storms.count(mail, equal, unit)
        unit.settle_mail(
            mail, "linked", reason="the same words again within an hour", task=equal.task, **kept
        )
        return
    _place_new(mail, message, thread, unit, kept)


def _link(
    mail: Mail, same: tuple[int, int], unit: Unit, kept: dict[str, Any], *, unnamed: bool = False
) -> None:
    """Count the mail at the (mail, task) that it is the same as, whose writer may have to stay unnamed from now on."""
    first, task = same
    unnamed_mail = first if unnamed else None
    handle([Link(task=task, actor=ORGO, at=unit.now, mail=mail.pk, unnamed_mail=unnamed_mail)], unit)
    unit.settle_mail(mail, "linked", reason="the same mail again", task=task, same_as=first, **kept)


def _place_new(mail: Mail, message: Message, thread: Thread | None, unit: Unit, kept: dict[str, Any]) -> None:
    decision = judge(mail, message, unit)
    kept["decision"] = decision.kept
    mail.decision = decision.kept
    if decision.is_nobodys:
        unit.settle_mail(mail, "ignored", reason="mail of a list or machine that no rule wants", **kept)
    else:
        task = open_task(mail, message, decision, unit, before=thread.state if thread else None)
        unit.settle_mail(mail, "opened", task=task, words_key=unit.words_keys[mail.pk], **kept)
        unit.index(task, f"{mail.subject}\n{mail.from_name} {mail.from_address}\n{mail.text}")


def _observe(mail: Mail, message: Message, unit: Unit, kept: dict[str, Any]) -> None:
    """Say what would become of a mail if its mailbox were live; nothing is touched and nobody is told."""
    judged = judge(mail, message, unit)
    thread = find_thread(mail, message, unit)
    foreseen = f"it would open a task for {judged.team.title}"
    if ignored := _never_work(message, unit.house):
        foreseen = f"it would be ignored: {ignored}"
    elif message.is_bounce:
        foreseen = "it would mark the letter that came back"
    elif message.is_auto_reply:
        foreseen = "it would be ignored: an automatic reply"
    elif thread:
        foreseen = f"it would join #{thread.state.reference}"
    elif judged.is_nobodys:
        foreseen = "it would be ignored: mail of a list or machine that no rule wants"
    kept["decision"] = mail.decision = judged.kept
    unit.settle_mail(mail, "observed", reason=clip(foreseen, 300), **kept)


def _came_back(mail: Mail, message: Message) -> bool:
    """A mail from nobody to a letter's return path is a bounce, whatever its words (RFC 5321 section 4.5.5)."""
    from_nobody = not mail.envelope_from if mail.source == "smtp" else message.header("return-path") == "<>"
    return from_nobody and not message.is_auto_reply and returned_to(mail, message) is not None


def quarantine(mail: Mail, reason: str, unit: Unit, kept: dict[str, Any] | None = None) -> None:
    """Keep a mail that could not be read, with the reason; triage gets a task to look at it, if it is work.

    One that was read again and still can't be keeps its open task as it is, so that trying puts no escalation off.
    """
    former = unit.state(mail.task) if mail.task is not None else None
    if former is not None and not former.is_closed:
        task: int | None = former.id
    else:
        task = open_triage(mail, reason, unit) if mail.mode == "work" else None
    unit.settle_mail(mail, "quarantined", reason=clip(reason, 300), task=task, **(kept or {}))


def set_aside(mail: Mail, reason: str, head: Message | None, unit: Unit) -> None:
    """Quarantine a mail that nobody could read or decide on, with what `head` tells, so that a person knows what it was."""
    # Of the head alone: what is made of the rest may be what a decider died of.
    kept = _of_the_head(mail, head, unit.house) if head is not None else {}
    vars(mail).update(kept)
    quarantine(mail, reason, unit, kept)


def _leave_quarantine(mail: Mail, unit: Unit) -> None:
    """A mail that was in quarantine can be read now: the task to look at it is over, whatever comes of the mail."""
    if mail.task is not None:
        handle([Cancel(task=mail.task, actor=ORGO, at=unit.now, reason="the mail is read again")], unit)


def _never_work(message: Message, house: House) -> str:
    """Why the mail can't be anybody's work, or ""."""
    if not house.loop_marks.isdisjoint(message.loop_marks) and not message.is_bounce:
        return "one of our own letters came back"
    if message.received_count > MOST_HOPS:
        return f"it passed more than {MOST_HOPS} servers: a loop"
    return ""


# ---------------------------------------------------------------- what is kept of a mail


def what_was_read(mail: Mail, message: Message, house: House) -> dict[str, Any]:
    """The columns that the parser fills."""
    head = _of_the_head(mail, message, house)
    warnings = [words for words in mail.warnings if words == CUT_SHORT] + list(message.warnings)
    if head["trust"] == "fail":
        warnings.append("its sender is disproved: DMARC fails")
    if message.date and abs((message.date - mail.received_at).total_seconds()) > 7 * 86400:
        warnings.append("its date is far from the day it came")
    return {
        **head,
        "content_key": content_key(message) or "",
        "text": body_text(message)[:KEPT_TEXT],
        "has_html": bool(message.html),
        "attachments": [
            {
                "name": a.filename,
                "type": a.content_type,
                "size": a.size,
                "inline": a.inline,
                "damaged": a.damaged,
            }
            for a in message.attachments
        ],
        "warnings": warnings[:20],
    }


def _of_the_head(mail: Mail, message: Message, house: House) -> dict[str, Any]:
    """The columns that the headers alone fill."""
    sender = message.sender
    return {
        "message_id": clip(message.message_id, 255),
        "from_address": (sender.address if sender else "")[:320].lower(),
        "from_name": clip(sender.name if sender else "", LONGEST_NAME),
        "trust": trust(message, border_of(mail, message, house.config)),
        "subject": clip(message.subject, 1000),
    }


def _joined_before(mail: Mail, thread: Thread, unit: Unit) -> tuple[int, int] | None:
    """The (mail, task) where this answer joined its task already, by another mailbox: it is not carried out twice.

    One whose sender was not believed there is heard again.
    """
    for known in unit.same_content(mail.content_key) if mail.content_key else ():
        recent = mail.received_at - known.received_at <= SAME_WITHIN
        if not recent or known.mail == mail.pk or known.task != thread.state.id:
            continue
        first = unit.mails.get(known.mail) or Mail.objects.get(pk=known.mail)
        if first.outcome == "joined" and (first.trust != "fail" or mail.trust == "fail"):
            return known.mail, known.task
    return None


def _same_content(mail: Mail, unit: Unit) -> tuple[int, int] | None:
    """The (mail, task) with the same content of the last 24 hours whose task is open."""
    for known in unit.same_content(mail.content_key) if mail.content_key else ():
        state = unit.state(known.task)
        recent = mail.received_at - known.received_at <= SAME_WITHIN
        if recent and known.mail != mail.pk and state is not None and not state.is_closed:
            return known.mail, known.task
    return None
