"""The courier of a simulation: it keeps every letter and sends none."""

import email.utils
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from orgo.delivery.ports import DeliveryError, Parcel
from orgo.lib import clock


@dataclass(frozen=True)
class Caught:
    """A letter that would have left, and when."""

    at: datetime
    parcel: Parcel


class Letterbox:
    """All letters of a scenario, in order; those to the unreachable are refused for good, as a server would."""

    def __init__(self, unreachable: Collection[str] = ()) -> None:
        self.caught: list[Caught] = []
        self.refused: list[Caught] = []
        self._unreachable = unreachable

    def deliver(self, parcel: Parcel, before_dot: Callable[[], bool]) -> str:
        """Keep the letter. Raises DeliveryError where its recipient is unreachable."""
        if any(same(parcel.recipient, one) for one in self._unreachable):
            self.refused.append(Caught(clock.now(), parcel))
            raise DeliveryError("550 5.1.1 unreachable in this scenario", permanent=True)
        if not before_dot():
            raise DeliveryError("it is somebody else's by now", permanent=False)
        self.caught.append(Caught(clock.now(), parcel))
        return "250 kept by the simulation"

    def latest(self, recipient: str, words: str = "") -> Parcel | None:
        """The last letter to this recipient with these words in its subject."""
        mine = (one.parcel for one in reversed(self.caught) if same(one.parcel.recipient, recipient))
        return next((parcel for parcel in mine if words.casefold() in parcel.subject.casefold()), None)


def same(one: str, other: str) -> bool:
    """Whether two addresses are the same; a name beside an address does not matter."""
    return _plain(one) == _plain(other)


def _plain(text: str) -> str:
    """The address alone; what is none (webhook:NAME) as it is."""
    return (email.utils.parseaddr(text)[1] if "@" in text else text).casefold()
