"""A mail that answers a task: its words are kept, and what it asks for is done where its sender may ask it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from difflib import get_close_matches
from typing import NamedTuple

from orgo.flow import words
from orgo.flow.loops import put_off_until
from orgo.flow.opening import facts_for, stricter
from orgo.flow.thread import Thread
from orgo.flow.undoing import undo_of
from orgo.flow.unit import Unit
from orgo.intake.models import Mail
from orgo.lib.text import clip
from orgo.message import Message, reply_text
from orgo.task import commands as c
from orgo.task.actions import handle
from orgo.task.reply import Understood, said, understand
from orgo.task.rights import allowed
from orgo.task.values import Actor, Notice, TaskState

REOPENS_WITHIN = timedelta(days=14)
# A Date that is further back is more likely a clock that goes wrong than a mail that was on its way so long.
LONGEST_WAY = timedelta(days=2)
LONGEST_NAME = 100


def join(mail: Mail, message: Message, thread: Thread, unit: Unit) -> bool:
    """Add the mail to its task and do what it says. False when it has to open a task of its own (closed for too long)."""
    state = thread.state
    words_of_reply = reply_text(message)
    zone = str(unit.house.zone_of(state.team))
    written = when_written(mail, message)
    understood = understand(words_of_reply, now=written, zone=zone, language=message.language)
    wants_it_open = _wants_it_open(thread, understood)
    if wants_it_open and state.closed_at and unit.now - state.closed_at > REOPENS_WITHIN:
        return False
    actor = Actor("mail", mail.from_address)
    acts = thread.proof == "token" and understood.kind not in ("none", "thanks")
    unnamed = tighten(mail, message, thread, unit)
    believed = acts and mail.trust != "fail"
    comment = _comment(mail, thread, understood, actor, unit, acts=believed, unnamed=unnamed)
    later = put_off_until(mail, state, comment.asks, unit)
    with unit.telling_later(later), unit.leaving_out(mail.from_address if unnamed else ""):
        handle([comment], unit)
        if acts:
            _act(mail, thread, understood, actor, unit)
        elif wants_it_open and thread.proof == "token" and mail.trust == "fail":
            language = _language(understood, actor, state, unit)
            _answer(state, actor, unit, understood, language, words.said("refused_sender", language))
    return True


def when_written(mail: Mail, message: Message) -> datetime:
    """The instant that the times in a mail's words count from: "in 30 minutes" is not said of when Orgo comes to read it.

    That is when the mailbox's server got it; else its Date, where that can be; else when it was handed in.
    """
    if mail.arrived_at is not None:
        return mail.came_at
    date = message.date
    can_be = date is not None and timedelta(0) <= mail.received_at - date <= LONGEST_WAY
    return date if date is not None and can_be else mail.received_at


def _wants_it_open(thread: Thread, understood: Understood) -> bool:
    """Whether the requester answers a closed task with more than thanks."""
    return _is_requesters(thread) and thread.state.is_closed and understood.kind not in ("thanks", "done")


def tighten(mail: Mail, message: Message, thread: Thread, unit: Unit) -> bool:
    """A mail that joins is not routed again, but the visibility rules look at it: it may only make a task stricter.

    Returns whether its sender is to stay unnamed, which may be another than the task's requester. Whoever works on a task
    that leaves its sender out already is named: an answer repeats the words that the rule knows it by. But who wrote one
    mail unnamed stays so.
    """
    state = thread.state
    decision = unit.house.rules.decide(facts_for(mail, message, unit.house))
    values = stricter(decision, state)
    if values:
        rule = Actor("rule", decision.rule or "")
        handle([c.Change(task=state.id, actor=rule, at=unit.now, values=values)], unit)
    works_on_it = bool({"member", "assignee"} & thread.parts)
    if "anonymize" in values or (decision.anonymize and not works_on_it):
        return True
    return mail.from_address != state.requester and unit.hidden(state).has(mail.from_address)


def _is_requesters(thread: Thread) -> bool:
    return "requester" in thread.parts and not {"member", "assignee"} & thread.parts


def _comment(
    mail: Mail, thread: Thread, understood: Understood, actor: Actor, unit: Unit, *, acts: bool, unnamed: bool
) -> c.Comment:
    """What the mail adds to the task. One whose sender is disproved only adds its words: it wakes and opens nothing."""
    believed = mail.trust != "fail"
    reopen = believed and _wants_it_open(thread, understood)
    return c.Comment(
        task=thread.state.id,
        actor=actor,
        at=unit.now,
        mail=mail.pk,
        asks=understood.kind if acts else "",
        by_requester=believed and _is_requesters(thread),
        reopen=reopen,
        quiet=acts or (thread.state.is_closed and not reopen),
        unnamed=unnamed,
    )


def _act(mail: Mail, thread: Thread, understood: Understood, actor: Actor, unit: Unit) -> None:
    state = thread.state
    language = _language(understood, actor, state, unit)
    kind, make = _COMMANDS[understood.kind]
    refusal = _refusal(mail, thread, kind, language)
    if not refusal:
        command = None if understood.wrong else make(state, understood, actor, unit)
        refusal = _carry_out(command, understood, unit, language)
    _answer(state, actor, unit, understood, language, refusal)


def _language(understood: Understood, actor: Actor, state: TaskState, unit: Unit) -> str:
    """The language to answer in: the one that was written, but that anybody may use the English words of the letters."""
    if understood.language in ("", "en"):
        return unit.house.language_for(actor.address, state)
    return understood.language


def _refusal(mail: Mail, thread: Thread, kind: type[c.Command], language: str) -> str:
    """Why the sender may not ask for it, or ""."""
    if mail.trust == "fail":
        return words.said("refused_sender", language)
    return "" if allowed(kind, thread.parts) else words.said("refused_right", language)


def _carry_out(command: c.Command | None, understood: Understood, unit: Unit, language: str) -> str:
    """Do it; why it could not be done, or ""."""
    if command is None:
        return _unclear(understood, unit, language)
    (outcome,) = handle([command], unit)
    return words.refused(outcome.refused, language) if outcome.refused else ""


def _unclear(understood: Understood, unit: Unit, language: str) -> str:
    """What is asked back where something is missing: the nearest address known here, where somebody unknown is named."""
    if understood.kind == "undo":
        return words.said("refused_undo", language)
    if understood.wrong:
        return words.said(f"refused_{understood.wrong}", language)
    if not understood.who:
        return words.said("refused_unclear", language)
    who, directory = understood.who.lower(), unit.house.directory
    near = get_close_matches(who, [*directory.people, *directory.teams], n=1)
    key = "refused_unknown_near" if near else "refused_unknown"
    return words.said(key, language, who=clip(who, LONGEST_NAME), near=near[0] if near else "")


def _answer(
    before: TaskState, actor: Actor, unit: Unit, understood: Understood, language: str, refusal: str
) -> None:
    """Say by mail what was understood, and that `undo` takes it back; or why nothing was done."""
    state = unit.state(before.id)
    assert state is not None
    if refusal:
        data = {"understood": refusal, "language": language}
        unit.tell(state, Notice("refused", (actor.address,), state.seq, data=data, by=actor.address))
        return
    done = said(understood, language)
    if understood.kind == "undo" and any(event.data.get("left") for event in unit.gathered(state.id)):
        done += f" {words.said('undo_left', language)}"
    if understood.at is not None and understood.at <= unit.now:
        done += f" {words.said('already_over', language)}"
    data = {"understood": done, "language": language}
    if understood.kind != "undo":  # what an undo took back is no step that another takes back
        data["undo"] = words.said("undo", language)
    unit.tell(state, Notice("understood", (actor.address,), state.seq, data=data, by=actor.address))


def _person(understood: Understood, unit: Unit) -> str | None:
    """Whom the reply names: by an address that is known here, or by a name that exactly one person or team has.

    Nobody else: a task's texts would leave the house by one word too many in a mail.
    """
    named = (understood.who or "").strip().lower()
    directory = unit.house.directory
    if not named or named in directory.people or named in directory.teams:
        return named or None
    found = [
        p.address
        for p in directory.people.values()
        if named in (p.name.lower(), p.name.lower().split(" ")[0])
    ]
    team = directory.named(named)
    return found[0] if len(found) == 1 else team.address if team else None


def _assign(state: TaskState, understood: Understood, actor: Actor, unit: Unit) -> c.Command | None:
    to = _person(understood, unit)
    return c.Assign(task=state.id, actor=actor, at=unit.now, to=to) if to else None


def _not_mine(state: TaskState, understood: Understood, actor: Actor, unit: Unit) -> c.Command | None:
    house = unit.house
    to = _person(understood, unit) if understood.who else house.triage
    if to is None:
        return None
    return c.Route(
        task=state.id, actor=actor, at=unit.now, team=to, organization=house.directory.team(to).organization
    )


def _escalate(state: TaskState, understood: Understood, actor: Actor, unit: Unit) -> c.Command:
    return escalate_now(state, actor, unit)


def escalate_now(state: TaskState, actor: Actor, unit: Unit) -> c.Escalate:
    """A person's wish to escalate: the next level that has not fired, to whom it speaks now."""
    house = unit.house
    policy = house.policy(state)
    number = next(
        (n for n in range(1, len(policy.levels) + 1) if n not in state.fired), max(len(policy.levels), 1)
    )
    heard = heard_by(state, number, unit)
    return c.Escalate(
        task=state.id, actor=actor, at=unit.now, number=number, by_person=True, **heard._asdict()
    )


class Heard(NamedTuple):
    """Who acts on a level (`to`) and who only hears, as addresses of persons, deputies included; `called` is whom it names."""

    to: tuple[str, ...]
    notify: tuple[str, ...]
    called: tuple[str, ...]


def heard_by(state: TaskState, number: int, unit: Unit) -> Heard:
    """Whom a level speaks to, as of now."""
    house = unit.house
    notify: tuple[str, ...] = ()
    if not house.policy(state).levels:
        called = house.directory.supervisor_of(state.team) or house.triage
    else:
        level = house.level(state, number)
        called, notify = house.who_hears(state, level).lower(), level.notify
    reach = house.directory.reach
    return Heard(reach([called], unit.now), reach(notify, unit.now), (called,))


def _eta(state: TaskState, understood: Understood, actor: Actor, unit: Unit) -> c.Command | None:
    return c.Eta(task=state.id, actor=actor, at=unit.now, until=understood.at) if understood.at else None


_Make = Callable[[TaskState, Understood, Actor, Unit], c.Command | None]
# What each kind of reply comes to; the maker gives None where something is missing, such as whom to assign it to.
_COMMANDS: dict[str, tuple[type[c.Command], _Make]] = {
    "take": (c.Take, lambda s, u, a, unit: c.Take(task=s.id, actor=a, at=unit.now)),
    "eta": (c.Eta, _eta),
    "wait": (c.Wait, lambda s, u, a, unit: c.Wait(task=s.id, actor=a, at=unit.now, until=u.at)),
    "assign": (c.Assign, _assign),
    "done": (c.Complete, lambda s, u, a, unit: c.Complete(task=s.id, actor=a, at=unit.now)),
    "escalate": (c.Escalate, _escalate),
    "not_mine": (c.Route, _not_mine),
    "undo": (c.Undo, lambda s, u, a, unit: undo_of(s, a, unit)),
}
