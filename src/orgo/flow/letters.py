"""Notices become letters: who exactly hears of an event, in which language, and with which words and documents."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from orgo.audit.models import Event
from orgo.flow import said, together, words
from orgo.flow.house import House
from orgo.lib import ids
from orgo.outbox.claim import MAYBE_SENT, NO_WAY_OUT
from orgo.outbox.compose import Draft, Words, as_html, draft, letter_template, placeholders, unquoted
from orgo.outbox.models import Letter
from orgo.outbox.suppression import reasons_for
from orgo.outbox.token import root_id
from orgo.outbox.turns import line_up
from orgo.task.values import Notice, TaskState

if TYPE_CHECKING:
    from orgo.flow.hidden import Hidden
    from orgo.flow.unit import Unit

# Letters that the clock or Orgo itself writes in answer to a mail: no machine may answer them (RFC 3834 section 2).
AUTO_REPLIES = frozenset({"received", "understood", "refused"})
_WITH_DOCUMENTS = frozenset({"opened", "assigned", "escalated"})
HOOK = "webhook:"
_FACTS = ("reference", "link", "level", "title", "state", "team", "priority", "assignee")
# What no person's deed brings about: a machine that answers each of these by a new mail would never come to an end.
_BY_ITSELF = frozenset({"opened", "informed", "received", "repeated", "reminder", "escalated"})
_TO_SELF = frozenset({"understood", "refused", "received", "undelivered"})


class Made(NamedTuple):
    """The rows of the letters, and the documents they carry by SHA-256."""

    rows: list[dict[str, Any]]
    documents: dict[str, bytes]


def make(unit: "Unit", notices: Iterable[tuple[TaskState, Notice]]) -> Made:
    """The letters that these notices come to: one recipient each, each once for an event."""
    made = Made([], {})
    seen: set[tuple[int, int, str, str]] = set()
    for state, notice in notices:
        round = Round(unit, state, notice, made.documents)
        for recipient in audience(unit.house, state, notice, unit.now):
            key = (state.id, notice.seq, recipient, notice.kind)
            if key not in seen:
                seen.add(key)
                made.rows.append(round.letter(recipient))
    line_up(made.rows, unit.now)
    return made


def told_less(
    unit: "Unit", state: TaskState, letter: Letter, event: Event, hidden: "Hidden"
) -> dict[str, Any]:
    """The columns of a letter that waits, as it may be told now that its task has become stricter; none where that is as before.

    `event` is what the letter tells of.
    """
    data: dict[str, Any] = {"language": letter.language}
    is_theirs = hidden.hides_other(event)
    if is_theirs:
        data |= {"mail": event.data.get("mail"), "unnamed": True}
    notice = Notice(letter.kind, (letter.recipient,), event.seq or state.seq, data=data, by=event.actor)
    is_confidential = _kind_for(unit.house, state, notice, letter.recipient) == "confidential"
    if is_confidential or (is_theirs and letter.kind == "commented"):
        row = Round(unit, state, notice, {}).letter(letter.recipient)
        facts = ("headers",) if letter.channel == "webhook" else ()
        return {name: row[name] for name in ("subject", "text", "html", "attachments", *facts)}
    if not state.anonymize:
        return {}
    about = event.data.get("recipient", ""), event.data.get("kind", "")
    names_one = is_theirs or letter.kind in {together.KIND, "loop"} or hidden.is_named(*about)
    clear = hidden.without_any if names_one else hidden.without
    # What a colleague wrote is passed on all the same.
    text = letter.text if event.data.get("copy") is not None else unquoted(letter.text)
    # The HTML is made of the text when it leaves.
    return {"subject": clear(letter.subject), "text": clear(text), "html": ""}


def audience(house: House, state: TaskState, notice: Notice, now: Any) -> tuple[str, ...]:
    """The addresses that hear of it; who did it is left out, and a requester whom no machine should write to."""
    found: dict[str, None] = {}
    for target in notice.to:
        people = _behind(house, state, notice, target, now)
        if any(house.reads(address) for address in people) and target != "requester":
            people = _others(house, state, people, now)
        for address in people:
            found.setdefault(address.lower())
    if notice.kind not in _TO_SELF:
        found.pop(notice.by.lower(), None)
    if state.spared and notice.kind in _BY_ITSELF:
        return _but_machines(house, state, notice, found, now)
    return tuple(found)


def _but_machines(
    house: House, state: TaskState, notice: Notice, found: Iterable[str], now: Any
) -> tuple[str, ...]:
    """Who hears but for the machines that the task spares; an escalation that only they would hear goes to the administrators."""
    people = tuple(address for address in found if address not in state.spared)
    if people or notice.kind != "escalated":
        return people
    administrators = house.directory.reach(house.directory.administrators(), now)
    return tuple(address for address in administrators if address not in state.spared)


def _behind(house: House, state: TaskState, notice: Notice, target: str, now: Any) -> tuple[str, ...]:
    directory = house.directory
    if target == "team":
        people = directory.reach(directory.team(state.team).members or (state.team,), now)
        return (*people, *house.hooks_of(state.team))
    if target == "assignee":
        return (directory.standing_in(state.assignee, now),) if state.assignee else ()
    if target == "watchers":
        return state.watchers
    if target == "requester":
        wanted = state.answerable or notice.kind == "answer"
        return (state.requester,) if state.requester and wanted else ()
    if target == "caretaker":
        return _caretakers(house, state, now, without=str(notice.data.get("recipient", "")))
    return directory.reach([target], now)


def _others(house: House, state: TaskState, people: Iterable[str], now: Any) -> tuple[str, ...]:
    """These people without the addresses that Orgo reads itself: where none is left, who looks after the task."""
    left = tuple(address for address in people if not house.reads(address))
    return left if any("@" in one for one in left) else (*left, *_caretakers(house, state, now))


def _caretakers(house: House, state: TaskState, now: Any, without: str = "") -> tuple[str, ...]:
    """The first of those who look after the task whom a letter can reach; where there is none, the webhooks for alarms.

    `without` is an address that a letter has just not reached.
    """
    directory = house.directory
    groups = [directory.reach([who], now) for who in directory.supervisors_of(state.team)]
    groups.append(directory.reach(directory.team(house.triage).members, now))
    barred = {without.lower(), *reasons_for(who for group in groups for who in group)}
    reached = (tuple(who for who in group if who not in barred and not house.reads(who)) for group in groups)
    return next(filter(None, reached), house.alarm_hooks())


class Shared(NamedTuple):
    """What letters of a notice have in common that are of one kind, language and channel: their words and most columns."""

    draft: Draft
    row: dict[str, Any]


class Round:
    """The letters of one notice. What they share is made once, each recipient's own beside it."""

    def __init__(self, unit: "Unit", state: TaskState, notice: Notice, documents: dict[str, bytes]) -> None:
        self._unit, self._state, self._notice, self._documents = unit, state, notice, documents
        self._house = unit.house
        self._made: dict[tuple[str, str, bool], Shared] = {}
        self._threads: dict[bool, dict[str, str]] = {}

    def letter(self, recipient: str) -> dict[str, Any]:
        """The row of the letter to one recipient."""
        house, state, notice = self._house, self._state, self._notice
        hook = recipient.startswith(HOOK)
        kind = _kind_for(house, state, notice, recipient)
        language = str(notice.data.get("language", "")) or house.language_for(recipient, state)
        number = ids.new_id()
        shared = self._shared(kind, language, hook)
        written = shared.draft.to(
            self._about(language) or recipient, house.take_link(state.reference, recipient)
        )
        return {
            **shared.row,
            "id": number,
            "recipient": recipient,
            "message_id": house.signer.message_id(state.reference, number, recipient, house.domain),
            "sender": "" if hook or notice.kind in AUTO_REPLIES else house.return_path(number),
            "subject": written.subject,
            "text": written.text,
            "html": "" if hook else _html(written, language, house),
            "headers": self._facts(kind, language) if hook else self._headers(recipient),
        }

    def _shared(self, kind: str, language: str, hook: bool) -> Shared:
        known = self._made.get((kind, language, hook))
        if known is None:
            own = _own_text(self._house, self._notice, kind, language, hook=hook)
            values = self._said(placeholders(kind, language, own), language)
            known = Shared(draft(kind, language, values, own=own), self._row(kind, language, hook))
            self._made[kind, language, hook] = known
        return known

    def _row(self, kind: str, language: str, hook: bool) -> dict[str, Any]:
        """The columns in the order of all letters; what is a recipient's own is None in it."""
        house, state, notice = self._house, self._state, self._notice
        own = None
        with_documents = notice.kind in _WITH_DOCUMENTS and kind != "confidential" and not hook
        can_leave = (hook or house.can_send) and not notice.doubted
        return {
            "id": own,
            "task": state.id,
            "event": self._unit.event_id(state.id, notice.seq),
            "kind": together.KIND if notice.later else notice.kind,
            "channel": "webhook" if hook else "email",
            "recipient": own,
            "language": language,
            "message_id": own,
            "date": self._unit.now,
            "sender": own,
            "subject": own,
            "text": own,
            "html": own,
            "headers": own,
            "attachments": _documents(house, state, self._documents) if with_documents else [],
            "state": "pending" if can_leave else "held",
            "repeat": "resend",
            "repeated": False,
            "attempts": 0,
            "next_attempt_at": notice.later or self._unit.leave_at,
            "maybe_sent": notice.doubted,
            "server_reply": "" if can_leave else MAYBE_SENT if notice.doubted else NO_WAY_OUT,
            "bounce": "",
        }

    def _about(self, language: str) -> str:
        """Whom a letter of ours did not reach, where that is what the notice tells of."""
        address = str(self._notice.data.get("recipient", ""))
        return words.somebody(language) if address and self._is_unnamed(address) else address

    def _is_unnamed(self, address: str) -> bool:
        """Of the others only where a letter that answers them did not arrive; anybody else of the team is to be reached."""
        hidden, kind = self._unit.hidden(self._state), self._notice.data.get("of_kind")
        return hidden.has(address) if kind is None else hidden.is_named(address, kind)

    def _said(self, names: Iterable[str], language: str) -> dict[str, str]:
        return said.values(names, said.Telling(self._unit, self._state, self._notice, language))

    def _facts(self, kind: str, language: str) -> dict[str, str]:
        """What a program wants to know of the task; of a private one, that there is one."""
        names = ("reference", "link", "level") if kind == "confidential" else _FACTS
        return {"kind": kind, **self._said(names, language)}

    def _headers(self, recipient: str) -> dict[str, str]:
        """What a mail client needs to show one conversation, and a machine to know that no person wrote this."""
        theirs = recipient == self._state.requester
        thread = self._threads.get(theirs)
        if thread is None:
            thread = self._threads[theirs] = self._thread(theirs)
        return {"Reply-To": self._house.reply_to(self._state.reference, recipient), **thread}

    def _thread(self, theirs: bool) -> dict[str, str]:
        """The headers that are the same for all, but that the requester's letters answer the own mail."""
        house, state, kind = self._house, self._state, self._notice.kind
        mail = self._unit.mail(state.mail) if theirs else None
        root = root_id(state.reference, house.domain)
        parent = (mail.message_id if mail else "") or root
        headers = {
            "In-Reply-To": parent,
            "References": f"{root} {parent}" if parent != root else root,
            "X-Orgo-Loop": " ".join([house.loop_mark, *state.loops]),
        }
        if kind != "answer":
            headers["Auto-Submitted"] = "auto-replied" if kind in AUTO_REPLIES else "auto-generated"
        return headers


def _html(written: Words, language: str, house: House) -> str:
    """The HTML of a letter whose template has links of its own. All others get theirs when they leave (flow/posting.py)."""
    if not written.places:
        return ""
    return as_html(written.text, language, (house.public_url, *written.places))


def _own_text(house: House, notice: Notice, kind: str, language: str, *, hook: bool) -> str | None:
    """The text in place of the kind's own: an organization's; for a webhook one without what only mail can do."""
    if hook:
        return None if kind == "confidential" else letter_template("hook", language).partition("\n")[2]
    return house.own_template(notice.data.get("template", ""))


def _kind_for(house: House, state: TaskState, notice: Notice, recipient: str) -> str:
    """The text to use: who may not read a private task only hears that there is one; a requester reads of no inner things."""
    if notice.kind == "undone" and recipient == state.requester:
        return "undone_requester"
    if state.visibility != "private" or recipient == state.requester or recipient == state.assignee:
        return notice.kind
    team = house.directory.team(state.team)
    return notice.kind if recipient in {*team.members, team.address} else "confidential"


def _documents(house: House, state: TaskState, documents: dict[str, bytes]) -> list[dict[str, Any]]:
    """The documents that the rule attaches, read now, so that a resend is the same bytes; a missing one is left out."""
    found = []
    for name in state.attach:
        data = house.document(name)
        if data is not None:
            digest = hashlib.sha256(data).hexdigest()
            documents[digest] = data
            found.append({"name": Path(name).name, "sha256": digest, "size": len(data)})
    return found
