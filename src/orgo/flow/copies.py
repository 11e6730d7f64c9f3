"""The same mail by another way in: each mailbox's rules have their say, on the one task (design/bad-input.md 49)."""

from typing import Any

from orgo.flow.opening import judge, stricter
from orgo.flow.unit import Unit
from orgo.intake.models import Mail
from orgo.message import Message
from orgo.task.actions import handle
from orgo.task.commands import Change
from orgo.task.values import Actor


def decide_copy(mail: Mail, message: Message, first: int, task: int, unit: Unit) -> dict[str, Any] | None:
    """What the rules say of a copy of mail `first` that came to another mailbox or address: what its row keeps of it.

    Its labels are added to the task, and what is stricter holds of visibility and anonymize; it routes nothing anew, and
    gives no other value.
    None where it came the same way.
    """
    known, state = unit.mail(first), unit.state(task)
    if known is None or state is None or _way(known) == _way(mail):
        return None
    judged = judge(mail, message, unit)
    decision = judged.decision
    values = stricter(decision, state)
    labels = tuple(dict.fromkeys((*state.labels, *decision.labels)))
    if labels != tuple(state.labels):
        values["labels"] = labels
    if values:
        rule = Actor("rule", decision.rule or "")
        handle([Change(task=task, actor=rule, at=unit.now, values=values)], unit)
    return judged.kept


def _way(mail: Mail) -> tuple[str, list[str]]:
    return mail.mailbox, sorted(address.lower() for address in mail.envelope_to)
