"""Which task a mail belongs to (DESIGN.md section 6): a signed token first, a reference only for those who take part."""

import re
from collections.abc import Iterator
from typing import Literal

import msgspec

from orgo.audit.models import record
from orgo.conf import sql
from orgo.flow.bounces import returned_to
from orgo.flow.unit import Unit
from orgo.intake.models import Mail
from orgo.lib import ids
from orgo.message import Message
from orgo.outbox.token import Claim, claim_of_address, claim_of_message_id
from orgo.task.models import Task
from orgo.task.rights import Part, parts
from orgo.task.values import TaskState

_SUBJECT = re.compile(r"\[#([0-9A-Za-z]{6})\]", re.ASCII)
_ROOT = re.compile(r"<([0-9A-Za-z]{6})\.task@", re.ASCII)
MOST_REFERENCES = 100


class Thread(msgspec.Struct, frozen=True):
    """The task a mail belongs to, and how that is known: a `token` lets its holder act, `part` only comment."""

    state: TaskState
    proof: Literal["token", "part"]
    parts: frozenset[Part]


def find_thread(mail: Mail, message: Message, unit: Unit) -> Thread | None:
    """The task that this mail answers, or None: a stranger who guesses a reference opens a new task."""
    sender = mail.from_address
    if not sender or not message.trusted:
        return None
    claims = list(_claims(mail, message))
    for claim in claims:
        state = _task(claim.reference, unit)
        if state is not None and _holds(claim, sender, state, unit):
            return Thread(state, "token", parts_of(state, sender, unit))
    if claims and mail.mode == "work":
        record("token.invalid", actor=sender, actor_kind="mail", mail=mail.pk, reference=claims[0].reference)
    return _by_part(mail, message, unit)


def parts_of(state: TaskState, address: str, unit: Unit) -> frozenset[Part]:
    """What an address is to a task, as of now."""
    directory = unit.house.directory
    team = directory.team(state.team)
    person = directory.people.get(address)
    roles = person.roles if person else ()
    chief = state.visibility != "private" and bool({"administrator", "supervisor"} & set(roles))
    supervisor = state.visibility != "private" and address == team.supervisor
    member = address in (*team.members, team.address) or _stands_in(address, state, unit)
    return parts(state, address, member=member, chief=chief or supervisor or _is_called(address, state, unit))


def _stands_in(address: str, state: TaskState, unit: Unit) -> bool:
    """Whether somebody of the team, or the assignee, is away and this is the deputy; nobody is for a private task."""
    if state.visibility == "private":
        return False
    directory = unit.house.directory
    theirs = (*directory.team(state.team).members, state.assignee)
    return any(address == directory.standing_in(one, unit.now) for one in theirs if one and one != address)


def _is_called(address: str, state: TaskState, unit: Unit) -> bool:
    """Whether a level that fired speaks to this address: its letter asks to take the task."""
    called = state.called if state.visibility != "private" else ()
    return address in unit.house.directory.reach(called, unit.now)


def _holds(claim: Claim, sender: str, state: TaskState, unit: Unit) -> bool:
    """Whether the token was made for this sender, or for the team whose member the sender is."""
    signer = unit.house.signer
    if signer.holds(claim, sender):
        return True
    team = unit.house.directory.team(state.team)
    return sender in team.members and signer.holds(claim, team.address)


def _claims(mail: Mail, message: Message) -> Iterator[Claim]:
    addresses = [*mail.envelope_to, *(a.address for a in (*message.to, *message.cc))]
    yield from filter(None, map(claim_of_address, addresses))
    yield from filter(None, map(claim_of_message_id, _references(message)))


def _references(message: Message) -> list[str]:
    newest_first = [message.in_reply_to or "", *reversed(message.references)]
    return [reference for reference in newest_first if reference][:MOST_REFERENCES]


def _task(reference: str, unit: Unit) -> TaskState | None:
    normal = ids.normal_reference(reference)
    if normal is None:
        return None
    pending = next((state for state in unit.pending_tasks() if state.reference == normal), None)
    if pending is not None:
        return pending
    row = Task.objects.filter(reference=normal).values_list("id", flat=True).first()
    return unit.state(row) if row is not None else None


def _by_part(mail: Mail, message: Message, unit: Unit) -> Thread | None:
    """A task named in the references or the subject, when the sender takes part in it."""
    for state in _named(mail, message, unit):
        found = parts_of(state, mail.from_address, unit)
        if found:
            return Thread(state, "part", found)
    return None


def _named(mail: Mail, message: Message, unit: Unit) -> Iterator[TaskState]:
    letter = returned_to(mail, message)
    state = unit.state(letter.task) if letter is not None and letter.task is not None else None
    if state is not None:
        yield state
    references = _references(message)
    words = [found[1] for found in map(_ROOT.match, references) if found]
    words += [claim.reference for claim in map(claim_of_message_id, references) if claim]
    words += _SUBJECT.findall(message.subject)
    for word in dict.fromkeys(words):
        state = _task(word, unit)
        if state is not None:
            yield state
    if not references:
        return
    earlier = sql.among(Mail, ("id", "task"), "message_id", references)
    for task in dict.fromkeys(task for id, task in sorted(earlier) if id != mail.pk):
        state = unit.state(task) if task is not None else None
        if state is not None:
            yield state
