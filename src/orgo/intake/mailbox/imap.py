"""IMAP (RFC 3501, 9051): everything by UID, opened read-only unless something is to be marked, BODY.PEEK and nothing else."""

import imaplib
import logging
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, TypeVar

from imapclient.exceptions import IMAPClientError, IMAPClientReadOnlyError, ProtocolError
from imapclient.imapclient import join_message_ids

from orgo.conf.config import Mailbox
from orgo.intake.mailbox.answers import bodies, sizes
from orgo.intake.mailbox.deadline import deadline, enough_for
from orgo.intake.mailbox.ports import (
    After,
    Fetched,
    FolderMissing,
    Look,
    Refused,
    Unreachable,
    Waiting,
)
from orgo.intake.mailbox.signin import SLACK, TIMEOUT, connect, hang_up, translated
from orgo.lib.tls import good_until

log = logging.getLogger("orgo.imap")
CHUNK = 500
MOST_REFUSED = 5
# What a line of a SEARCH, and one of sizes, takes.
UID_BYTES, SIZE_BYTES = 11, 120
Found = TypeVar("Found")
_SEEN, _DELETED = b"\\Seen", b"\\Deleted"


class ImapSession:
    """One signed-in connection; see ports.Session. Raises MailboxError."""

    by_number: ClassVar[bool] = True

    def __init__(self, account: Mailbox) -> None:
        self.account = account
        self.server = f"{account.host}:{account.port}"
        self.client = connect(account)
        self.good_until = good_until(self.client.socket())
        self.found, self.chunk = 0, CHUNK
        self._uidnext = self._exists = 0
        with translated(self.server):
            self.pushes = account.idle and bool(self.client.has_capability("IDLE"))

    def look(self, folder: str, write: bool) -> Look:
        with self._in_time():
            found, read_only = self._select(folder, write)
        epoch = found.get(b"UIDVALIDITY", 0)
        self._uidnext, self._exists = int(found.get(b"UIDNEXT", 0)), int(found.get(b"EXISTS", 0))
        if write and not read_only and not found.get(b"PERMANENTFLAGS", (_SEEN,)):
            read_only = "the server keeps no marks in it"
        return Look(int(epoch), self._uidnext, int(found.get(b"HIGHESTMODSEQ", 0)), read_only)

    @contextmanager
    def _in_time(self, size: int = 0) -> Iterator[None]:
        """Commands whose answers have so many bytes; raises MailboxError, also where they drip without end."""
        with translated(self.server), deadline(self.server, enough_for(size, TIMEOUT)) as guard:
            guard.watch(self.client.socket())
            yield

    def _select(self, folder: str, write: bool) -> tuple[dict[bytes, Any], str]:
        try:
            return self.client.select_folder(folder, readonly=not write), ""
        except IMAPClientReadOnlyError:
            return self.client.select_folder(folder, readonly=True), "it is read-only"
        except imaplib.IMAP4.abort:
            raise
        except IMAPClientError as error:
            raise self._missing(folder, error) from error

    def _missing(self, folder: str, error: Exception) -> FolderMissing:
        names = [str(name) for _, _, name in self.client.list_folders()]
        listed = ", ".join(names[:20]) + (" and more" if len(names) > 20 else "")
        return FolderMissing(f"the folder {folder!r} can't be opened ({error}); there are: {listed}", names)

    def waiting(self, after: int) -> Iterator[list[Waiting]]:
        self.found = 0
        if self._uidnext and self._uidnext <= after + 1:
            return
        with self._in_time(self._exists * UID_BYTES):
            # The last mail matches n:* even where its UID is below n (RFC 3501 section 6.4.8).
            uids = sorted(uid for uid in self.client.search(f"UID {after + 1}:*") if uid > after)
        self.found = len(uids)
        step = self.chunk or CHUNK
        for start in range(0, len(uids), step):
            some = uids[start : start + step]
            yield self._weighed(some) if self.chunk else [Waiting(str(uid), 0) for uid in some]

    def _weighed(self, uids: list[int]) -> list[Waiting]:
        """These mails with their sizes; a size is 0 where the server does not tell it of a mail that is there."""
        with self._in_time(len(uids) * SIZE_BYTES):
            found = self._asked("(UID RFC822.SIZE INTERNALDATE)", sizes, uids)
            missing = [uid for uid in uids if uid not in found]
            still = self._still_there(missing) if missing else frozenset()
        there = (uid for uid in uids if uid in found or uid in still)
        return [Waiting(str(uid), *found.get(uid, (0, None))) for uid in there]

    def fetch(self, mails: Sequence[Waiting]) -> Iterator[Fetched]:
        self.client.longest = max(mail.size or self.account.max_size for mail in mails) * 2 + SLACK
        with self._in_time(sum(mail.size or self.account.max_size for mail in mails)):
            found = self._asked("(UID BODY.PEEK[])", bodies, [int(mail.uid) for mail in mails])
            missing = [int(mail.uid) for mail in mails if int(mail.uid) not in found]
            still = self._still_there(missing) if missing else frozenset()
        for mail in mails:
            number = int(mail.uid)
            if number in found:
                if mail.size and len(found[number]) != mail.size:
                    log.info("mail %s of %s is not as long as the server said", number, self.account.name)
                yield Fetched(mail, found[number])
            elif number in still:
                yield Fetched(mail, None)

    def _still_there(self, uids: list[int]) -> frozenset[int]:
        """Which of these mails nobody has removed meanwhile."""
        self.client.noop()
        return frozenset(self.client.search(f"UID {join_message_ids(uids).decode()}"))

    def _asked(
        self, what: str, read: Callable[[list[Any]], dict[int, Found]], uids: list[int]
    ) -> dict[int, Found]:
        """What the server answers of each mail; one for which it refuses to is missing, and spoils no other's answer."""
        try:
            found = read(self._fetched(uids, what))
        except (imaplib.IMAP4.abort, ProtocolError):
            raise
        except IMAPClientError as error:
            log.warning("%s does not answer %s of %s mails: %s", self.server, what, len(uids), error)
            if len(uids) == 1:
                return {}
            half = len(uids) // 2
            return self._asked(what, read, uids[:half]) | self._asked(what, read, uids[half:])
        return {uid: found[uid] for uid in uids if uid in found}

    def _fetched(self, uids: list[int], what: str) -> list[Any]:
        """The lines that answer a FETCH, as imaplib has them; imapclient takes each apart letter by letter."""
        said, lines = self.client._imap.uid("FETCH", join_message_ids(uids).decode(), what)
        if said != "OK":
            raise IMAPClientError(" ".join(line.decode("utf-8", "replace") for line in lines if line))
        return [line for line in lines if line is not None]

    def after(self, uids: Sequence[str], what: After, target: str) -> dict[str, str]:
        """See ports.Session. What is refused is asked for by halves, until it is plain that nearly all of it is."""
        waiting, refused = [[int(uid) for uid in uids]], dict[str, str]()
        while waiting:
            some = waiting.pop()
            said = self._refusal(some, what, target)
            if said and len(some) > 1:
                waiting += [some[: len(some) // 2], some[len(some) // 2 :]]
            elif said:
                refused[str(some[0])] = said
            if len(refused) >= MOST_REFUSED:
                return refused | {str(uid): said for rest in waiting for uid in rest}
        return refused

    def _refusal(self, uids: list[int], what: After, target: str) -> str:
        """What the server says where it does not do it for these mails, else nothing."""
        try:
            with self._in_time(len(uids) * SIZE_BYTES):
                self._do(uids, what, target)
        except Refused as error:
            return str(error)
        return ""

    def _do(self, uids: list[int], what: After, target: str) -> None:
        try:
            if what == "flag":
                self.client.add_flags(uids, [_SEEN], silent=True)
            elif what == "move":
                self._move(uids, target)
            elif what == "delete":
                self._remove(uids)
        except IMAPClientReadOnlyError as error:  # to the library it is a connection that ended
            raise Refused(str(error)) from error

    def _move(self, uids: list[int], target: str) -> None:
        if not self.client.folder_exists(target):
            self.client.create_folder(target)
        if self.client.has_capability("MOVE"):
            self.client.move(uids, target)
        else:
            self.client.copy(uids, target)
            self._remove(uids)

    def _remove(self, uids: list[int]) -> None:
        """Only these mails: a plain EXPUNGE would remove what others marked (so without UIDPLUS they stay marked)."""
        self.client.add_flags(uids, [_DELETED], silent=True)
        if self.client.has_capability("UIDPLUS"):
            self.client.uid_expunge(uids)

    def wait(self, seconds: float, enough: Callable[[], bool]) -> None:
        if not self.pushes or self.client._imap.state != "SELECTED":
            _sleep(seconds, enough)
            return
        with self._in_time():
            if self._has_grown() or not self._begin_idle():
                return
            is_news = self._has_grown() or self._has_said()
        if not is_news:
            with translated(self.server):
                self._listen(seconds, enough)
        with self._in_time():
            self.client.idle_done()

    def _has_grown(self) -> bool:
        """Whether the server told of new mail since the folder was opened, in the answer to something else.

        It does not tell twice: who only listens to IDLE would wait for the next mail to hear of this one.
        """
        return len(self.client._imap.untagged_responses.get("EXISTS", ())) > 1

    def _has_said(self) -> bool:
        """Whether words of the server were read together with its last answer: who waits at the socket never hears them."""
        way = self.client.socket()
        way.setblocking(False)
        try:
            return bool(self.client._imap.file.peek(1))
        except ssl.SSLWantReadError:  # what a socket without TLS answers by giving nothing
            return False
        finally:
            self.client._set_read_timeout()

    def _begin_idle(self) -> bool:
        """Ask to be told (RFC 2177); what the server has to say before it is ready is kept. False where it refuses."""
        conversation = self.client._imap
        tag = self.client._idle_tag = conversation._command("IDLE")
        while conversation._get_response() is not None:
            if conversation.tagged_commands[tag]:
                log.info("%s does not IDLE: it is asked from time to time", self.server)
                del conversation.tagged_commands[tag]
                self.pushes = False
                return False
        return True

    def _listen(self, seconds: float, enough: Callable[[], bool]) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end and not enough():
            began = time.monotonic()
            if any(_is_news(line) for line in self.client.idle_check(timeout=1.0)):
                return
            if time.monotonic() - began < 0.001:
                # imapclient reads the end of the stream as "nothing", at once and for ever.
                raise Unreachable(f"{self.server} ended the connection")

    def close(self) -> None:
        try:
            self.client.logout()
        except Exception:
            hang_up(self.client)

    def abort(self) -> None:
        hang_up(self.client)


def _is_news(line: Any) -> bool:
    return len(line) > 1 and line[1] in (b"EXISTS", b"RECENT", b"EXPUNGE")


def _sleep(seconds: float, enough: Callable[[], bool]) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and not enough():
        time.sleep(min(1.0, max(0.0, end - time.monotonic())))
