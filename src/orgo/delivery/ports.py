"""What a courier is: something that delivers one letter, or says why not and whether it ever will."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

import msgspec


class Parcel(msgspec.Struct, frozen=True):
    """A letter as a courier needs it: what was stored when it was made, so that a second try is the same letter."""

    recipient: str
    envelope_from: str
    message_id: str
    date: datetime
    subject: str
    text: str
    html: str
    headers: dict[str, str]
    attachments: tuple[tuple[str, bytes], ...] = ()


class DeliveryError(Exception):
    """A letter was not delivered. Only `permanent` decides whether it is tried again or goes to a person.

    `after_dot`: the connection broke after the last byte, so it may have arrived all the same. `any_letter`: the server
    refuses whatever Orgo sends (its sender, its policy), not this recipient or these words.
    """

    def __init__(
        self, reason: str, *, permanent: bool, after_dot: bool = False, any_letter: bool = False
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.permanent = permanent
        self.after_dot = after_dot
        self.any_letter = any_letter


class TakenOver(DeliveryError):
    """Somebody else has the letter now, and nothing of it has left: no trouble of anybody's."""

    def __init__(self) -> None:
        super().__init__("the letter was taken over by another sender", permanent=False)


class Courier(Protocol):
    """A way out."""

    def deliver(self, parcel: Parcel, before_dot: Callable[[], bool]) -> str:
        """Deliver, and return the other side's own words of acceptance.

        `before_dot` is called when everything but the last byte is said, and before anything that can't be taken back: until
        then a server that crashes may forget whose the letter is (docs/adr/0046-claims.md). When it answers False the
        courier stops, for the letter belongs to somebody else by now. Raises DeliveryError.
        """
        ...
