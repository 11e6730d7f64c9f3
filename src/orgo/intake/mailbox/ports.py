"""What a protocol (IMAP, POP3) does for the watcher of a mailbox, and how it says what went wrong."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol

import msgspec

if TYPE_CHECKING:
    from orgo.intake.store import Kept

State = Literal["", "ok", "auth_failed", "unreachable", "certificate", "tls", "folder", "no_room", "error"]
After = Literal["keep", "flag", "move", "delete"]


class Look(msgspec.Struct, frozen=True):
    """What a server says of a folder that was opened. Numbers are 0 where it does not tell them.

    `uidvalidity` is the epoch of its UIDs, `uidnext` is larger than every UID in it, `highestmodseq` grows with every
    change (RFC 7162). `read_only` gives the reason why mails can't be marked, moved or removed there, or "".
    """

    uidvalidity: int
    uidnext: int = 0
    highestmodseq: int = 0
    read_only: str = ""


class Waiting(msgspec.Struct, frozen=True):
    """A mail on the server: the key it has there, its size in bytes (0: it is not told), and when the server got it."""

    uid: str
    size: int
    arrived_at: datetime | None = None


class Fetched(msgspec.Struct, frozen=True):
    """A mail's bytes as they came; None where it is on the server, and the server can't hand it out.

    `kept` are the bytes as the store keeps them, where they were made beside the database's work; `broken` says that
    the connection ends each time the mail is asked for.
    """

    waiting: Waiting
    data: bytes | None
    kept: "Kept | None" = None
    broken: bool = False

    @property
    def problem(self) -> str:
        """Why it was not taken, as its receipt says it."""
        return "" if self.data is not None else "broken" if self.broken else "unreadable"


class Session(Protocol):
    """A signed-in connection to one mailbox. Every method raises MailboxError, and the session is of no use afterwards."""

    by_number: ClassVar[bool]
    """Whether keys are numbers that only grow (IMAP's UIDs), so that the last one says what is new."""

    pushes: bool
    """Whether `wait` hears from the server when mail comes; else the watcher looks every now and then."""

    chunk: int
    """How many mails `waiting` weighs by one command; 0 where it is to weigh none, and tells neither size nor date."""

    found: int
    """How many mails the last `waiting` found."""
    good_until: datetime | None
    """Until when the server's certificate is good; None without TLS."""

    def look(self, folder: str, write: bool) -> Look:
        """Open a folder, read-only unless `write`. Raises FolderMissing."""
        ...

    def waiting(self, after: int) -> Iterator[list[Waiting]]:
        """The mails of the folder, oldest first, a few hundred at a time; by number only those above `after`."""
        ...

    def fetch(self, mails: Sequence[Waiting]) -> Iterator[Fetched]:
        """The bytes of these mails, without marking them; one that is gone from the server is left out."""
        ...

    def after(self, uids: Sequence[str], what: After, target: str) -> dict[str, str]:
        """Mark, move (into the folder `target`) or remove these mails; those that are gone already don't matter.

        Returns those for which the server refuses it, by their keys, with what it says: they keep no other from it.
        """
        ...

    def wait(self, seconds: float, enough: Callable[[], bool]) -> None:
        """Return when mail may have come, after `seconds`, or when `enough()`, which is asked every second."""
        ...

    def close(self) -> None:
        """End the session politely; never raises."""
        ...

    def abort(self) -> None:
        """End the connection at once, from another thread; never raises."""
        ...


class MailboxError(Exception):
    """Something is wrong with a mailbox. `state` is what its row shows, the text is for a person and holds no secret."""

    state: ClassVar[State] = "error"


class AuthFailed(MailboxError):
    """The server does not take the user name and password, or the token."""

    state = "auth_failed"


class Unreachable(MailboxError):
    """No connection, no answer in time, or the connection broke."""

    state = "unreachable"


class NoAnswer(Unreachable):
    """The server was connected to, or waited for, and said nothing in time."""


class Certificate(MailboxError):
    """The server's certificate is not to be believed: expired, of another name, of an unknown authority."""

    state = "certificate"


class NoTls(MailboxError):
    """The server does not speak TLS as configured; nothing secret was sent."""

    state = "tls"


class FolderMissing(MailboxError):
    """A folder is not there; `folders` are those that are."""

    state = "folder"

    def __init__(self, text: str, folders: Sequence[str] = ()) -> None:
        super().__init__(text)
        self.folders = tuple(folders)


class NoRoomHere(MailboxError):
    """Mail would find too little room on Orgo's own disk, so it stays on the server."""

    state = "no_room"

    def __init__(self) -> None:
        super().__init__(
            "there is too little room on Orgo's disk, so mail stays on the server; see orgo status"
        )


class Malformed(MailboxError):
    """The server said what the protocol does not allow; nothing of it was taken."""


class Refused(MailboxError):
    """The server understood, and does not do it (a folder that can't be marked, no room, no right)."""
