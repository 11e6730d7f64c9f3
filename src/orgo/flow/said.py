"""What the letters of a notice say: the value of each placeholder, worked out where a letter's text asks for it."""

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

from orgo.flow import words
from orgo.flow.house import House
from orgo.outbox.compose import quote
from orgo.outbox.token import masked
from orgo.task.values import Notice, TaskState

if TYPE_CHECKING:
    from orgo.flow.unit import Unit

# Kinds that go to the requester, with the requester's own thread; all others are for those who work.
TO_REQUESTER = frozenset({"received", "answer", "eta", "completed", "cancelled"})
MOST_MEMBERS = 8
_REPLIED = re.compile(r"(?i)^(?:(?:re|aw|sv|antw|rép|fwd?|wg|tr)\s*:\s*){1,20}")


class Telling(NamedTuple):
    """A notice of a task that is told in one language."""

    unit: "Unit"
    state: TaskState
    notice: Notice
    language: str

    @property
    def house(self) -> House:
        """Who knows names, zones and links."""
        return self.unit.house

    def data(self, name: str) -> str:
        """A value that the notice brings with it, "" where it brings none."""
        return str(self.notice.data.get(name, ""))

    def instant(self, name: str) -> str:
        """One of the task's instants, as the team's people write it."""
        return words.instant(getattr(self.state, name), self.house.zone_of(self.state.team), self.language)


def values(names: Iterable[str], of: Telling) -> dict[str, str]:
    """The values of these placeholders; those that are the recipient's own, and unknown ones, have none here."""
    return {name: SAYS[name](of) for name in names if name in SAYS}


def is_hidden(state: TaskState, address: str) -> bool:
    """Whether this is the requester, who is to stay unnamed."""
    return state.anonymize and address == state.requester


def _title(of: Telling) -> str:
    return _REPLIED.sub("", of.state.title) or words.no_subject(of.language)


def _who(of: Telling) -> str:
    by = of.notice.by
    hidden = is_hidden(of.state, by) or bool(of.notice.data.get("unnamed"))
    return words.somebody(of.language) if hidden else of.house.name_of(by)


def _requester(of: Telling) -> str:
    return "" if of.state.anonymize else (of.state.requester_name or of.state.requester)


def _members(of: Telling) -> str:
    """Who works on a team's tasks, so that somebody who may not open one knows whom to speak to."""
    people = of.house.directory.team(of.state.team).members[:MOST_MEMBERS] or (of.state.team,)
    return ", ".join(f"{of.house.name_of(one)} ({one})" for one in people)


def _text(of: Telling) -> str:
    """The words that the letter passes on: a note's, a mail's, or those the task began with.

    An answer whose sender is disproved is passed on with a warning.
    """
    unit, state, notice = of.unit, of.state, of.notice
    if notice.note is not None:
        note = unit.note(notice.note)
        return "" if note is None else note.text if notice.kind == "answer" else quote(masked(note.text))
    if state.anonymize or notice.kind in TO_REQUESTER:
        return ""
    mail = unit.mail(notice.data.get("mail") or state.mail)
    said = quote(masked(mail.text)) if mail and mail.text.strip() else ""
    if mail is None or mail.trust != "fail" or notice.kind != "commented":
        return said
    return f"{words.said('unproven', of.language, who=of.house.name_of(mail.from_address))}\n\n{said}"


def _status(of: Telling) -> str:
    """A mail server's words, which may name whom a letter was for."""
    hidden = of.unit.hidden(of.state)
    is_named = hidden.is_named(of.data("recipient"), of.data("of_kind"))
    return hidden.without_any(of.data("status")) if is_named else hidden.without(of.data("status"))


def _why(of: Telling) -> str:
    if of.notice.kind != "opened" or not of.state.mail:
        return ""
    mail = of.unit.mail(of.state.mail)
    return words.why(mail.decision if mail else None, of.language)


# By the names of outbox.compose.PLACEHOLDERS.
SAYS: dict[str, Callable[[Telling], str]] = {
    "reference": lambda of: of.state.reference,
    "title": _title,
    "who": _who,
    "requester": _requester,
    "team": lambda of: of.house.directory.team(of.state.team).title,
    "members": _members,
    "assignee": lambda of: of.house.name_of(of.state.assignee) if of.state.assignee else "",
    "priority": lambda of: of.state.priority,
    "due": lambda of: of.instant("due_at"),
    "eta": lambda of: of.instant("eta_at"),
    "opened": lambda of: of.instant("opened_at"),
    "text": _text,
    "facts": lambda of: words.facts(of.state, of.house, of.language),
    "next": lambda of: words.what_next(of.state, of.house, of.language),
    "why": _why,
    "link": lambda of: f"{of.house.public_url}/tasks/{of.state.reference}",
    "level": lambda of: of.data("level") or str(of.state.level),
    "status": _status,
    "organization": lambda of: of.house.organization_name(of.state),
    "state": lambda of: of.state.state,
    "times": lambda of: of.data("times"),
    "understood": lambda of: of.data("understood"),
    "undo": lambda of: of.data("undo"),
}
