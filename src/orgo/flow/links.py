"""The signed "I take it" of a letter: whoever holds the letter acts as the address it was sent to, without an account."""

import msgspec

from orgo.flow.acting import Refused
from orgo.flow.house import House, open_house
from orgo.flow.thread import parts_of
from orgo.flow.unit import Unit
from orgo.lib import ids
from orgo.outbox.token import Claim
from orgo.task.actions import handle
from orgo.task.commands import Take
from orgo.task.models import Task
from orgo.task.rights import allowed
from orgo.task.rows import state_of
from orgo.task.values import Actor, TaskState


class LinkRefused(Exception):
    """The link was not made by us for this address and task (one answer, whatever is wrong)."""


class TakeLink(msgspec.Struct, frozen=True):
    """A link that holds: its task, the address that acts, and what stands against taking it ("" for nothing)."""

    state: TaskState
    address: str
    hindrance: str = ""

    @property
    def is_taken(self) -> bool:
        """Whether the task is this person's already."""
        return not self.hindrance and self.state.assignee == self.address


def open_link(reference: str, address: str, signature: str, house: House | None = None) -> TakeLink:
    """Check a link; nothing is changed. Raises LinkRefused."""
    house = house or open_house()
    normal = ids.normal_reference(reference)
    row = Task.objects.filter(reference=normal).first() if normal else None
    claim = Claim(normal or "", signature, "take")
    if row is None or not address or not house.signer.holds(claim, address):
        raise LinkRefused
    state, address = state_of(row), address.strip().lower()
    return TakeLink(state, address, _hindrance(state, address, Unit(house)))


def take_by_link(link: TakeLink, house: House | None = None) -> TaskState:
    """Take the task as the link's address. Raises Refused when it is closed, taken by another, or no more this person's."""
    with Unit(house or open_house()) as unit:
        state = unit.state(link.state.id)
        assert state is not None
        hindrance = _hindrance(state, link.address, unit)
        if hindrance:
            raise Refused(hindrance)
        (outcome,) = handle([Take(task=state.id, actor=Actor("mail", link.address), at=unit.now)], unit)
        if outcome.refused or outcome.after is None:
            raise Refused(outcome.refused)
        return outcome.after


def _hindrance(state: TaskState, address: str, unit: Unit) -> str:
    """Why this address can't take the task, or ""."""
    # Asked first: what became of a task is nothing for those whom it has left.
    if not allowed(Take, parts_of(state, address, unit)):
        return "it has gone to another team"
    if state.is_closed:
        return f"it is {state.state}"
    if state.assignee and state.assignee != address:
        return f"{unit.house.name_of(state.assignee)} has taken it"
    return ""
