"""Mails of which nobody is told who wrote them: a rule that leaves the sender out may fit another's than the requester's."""

from collections.abc import Iterable
from typing import Any, Protocol


class Happened(Protocol):
    """An event, as a value or as a row."""

    @property
    def data(self) -> dict[str, Any]: ...


def unnamed_mails(events: Iterable[Happened]) -> frozenset[int]:
    """The mails of a task whose writers stay unnamed: those that a rule fitted, and those of which a copy did elsewhere."""
    found: set[int] = set()
    for event in events:
        if event.data.get("unnamed"):
            found.add(event.data["mail"])
        if "unnamed_mail" in event.data:
            found.add(event.data["unnamed_mail"])
    return frozenset(found)
