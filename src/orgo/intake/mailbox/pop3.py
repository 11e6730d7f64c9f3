"""POP3 (RFC 1939): mails are known by UIDL, size and bytes; one is deleted only in a later session than the one that took it."""

import hashlib
import poplib
import socket
import ssl
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, ClassVar

from orgo.conf.config import Mailbox, is_loopback
from orgo.intake.mailbox.deadline import Guard, deadline, enough_for
from orgo.intake.mailbox.ports import (
    After,
    AuthFailed,
    Certificate,
    Fetched,
    Look,
    MailboxError,
    Malformed,
    NoAnswer,
    NoTls,
    Refused,
    Unreachable,
    Waiting,
)
from orgo.intake.mailbox.signin import TIMEOUT, certificates, greeted
from orgo.lib.crash import crashpoint
from orgo.lib.text import clean_header, clip
from orgo.lib.tls import good_until

CHUNK = 500
MOST_MAILS = 1_000_000
_NOT_NOW = ("[IN-USE]", "[LOGIN-DELAY]", "[SYS/TEMP]", "[UNAVAILABLE]")
# The library gives up at lines of 2 kB, which mails have every day.
poplib._MAXLINE = 16 * 1024 * 1024  # type: ignore[attr-defined]
_ENDED = "-ERR EOF"  # the library's own words where the connection ends
# A server's answer of several lines is read whole: what it announced, and room for the dots that it doubled.
_SLACK = 65_536
# What is announced of one mail, and of as many as a maildrop usually has: bytes.
LINE_BYTES = 90
_LISTING = 1_000_000


class Pop3Session:
    """Signed-in sessions with one maildrop, a new one for each look: a server shows only what was there when it began.

    See ports.Session. Raises MailboxError.
    """

    by_number: ClassVar[bool] = False
    pushes = False

    def __init__(self, account: Mailbox) -> None:
        self.account = account
        self.server = f"{account.host}:{account.port}"
        self.found, self.chunk = 0, CHUNK
        self._numbers: dict[str, int] = {}
        self._way: poplib.POP3 | None = None
        self._connect()
        self.good_until = good_until(self._open.sock)

    def look(self, folder: str, write: bool) -> Look:
        """POP3 has one folder, and no epochs: a key that comes again may be another mail's (see ledger.forget_vanished)."""
        if self._way is None:
            self._connect()
        self._numbers = dict(self._listed())
        return Look(1)

    def waiting(self, after: int) -> Iterator[list[Waiting]]:
        keys = list(self._numbers)
        self.found = len(keys)
        for start in range(0, len(keys), CHUNK):
            yield [Waiting(key, int(key.rpartition("/")[2])) for key in keys[start : start + CHUNK]]

    def fetch(self, mails: Sequence[Waiting]) -> Iterator[Fetched]:
        for mail in mails:
            number = self._numbers.get(mail.uid)
            if number is not None:
                with self._in_time(mail.size):
                    data = self._whole(number, mail.size)
                yield Fetched(mail, data)

    def after(self, uids: Sequence[str], what: After, target: str) -> dict[str, str]:
        """Delete these mails: that is done when the session ends politely (RFC 1939 section 6), so it is ended."""
        if what != "delete":
            raise Refused(f"POP3 can't {what} mails, only keep or delete them")
        numbers = {uid: self._numbers[uid] for uid in uids if uid in self._numbers}
        with self._in_time(len(numbers) * LINE_BYTES):
            said = {uid: _refusal(partial(self._open.dele, number)) for uid, number in numbers.items()}
            crashpoint("H1p.before_quit")
            at_end = _refusal(self._open.quit)  # then nobody knows which of them are deleted
        crashpoint("H1p.after_quit")
        _hang_up(self._open)
        self._way = None
        self._connect()
        self._numbers = dict(self._listed())
        return {uid: f"{self.server} answers: {no or at_end}" for uid, no in said.items() if no or at_end}

    def wait(self, seconds: float, enough: Callable[[], bool]) -> None:
        self.close()
        end = time.monotonic() + seconds
        while not enough() and time.monotonic() < end:
            time.sleep(min(1.0, max(0.0, end - time.monotonic())))

    def close(self) -> None:
        way, self._way = self._way, None
        if way is not None:
            with suppress(OSError, EOFError, poplib.error_proto):
                way.quit()
            _hang_up(way)

    def abort(self) -> None:
        if self._way is not None:
            _hang_up(self._way)

    # -- the connection

    @contextmanager
    def _in_time(self, size: int = 0) -> Iterator[None]:
        """Commands whose answers have so many bytes; raises MailboxError, also where they drip without end."""
        with _translated(self.server), deadline(self.server, enough_for(size, TIMEOUT)) as guard:
            guard.watch(self._open.sock)
            yield

    @property
    def _open(self) -> poplib.POP3:
        if self._way is None:
            raise Unreachable(f"the connection to {self.server} is closed")
        return self._way

    def _connect(self) -> None:
        with greeted(self.account), deadline(self.server, TIMEOUT) as guard, _translated(self.server):
            way = self._secured(guard)
        try:
            with deadline(self.server, 2 * TIMEOUT) as guard, _translated(self.server):
                guard.watch(way.sock)
                self._sign_in(way)
        except BaseException:
            _hang_up(way)
            raise
        self._way = way

    def _secured(self, guard: Guard) -> poplib.POP3:
        account = self.account
        if account.tls == "implicit":
            given = {"timeout": TIMEOUT, "context": certificates(account)}
            return _SecureWay(guard, account.host, account.port, **given)
        way = _Way(guard, account.host, account.port, timeout=TIMEOUT)
        if account.tls == "starttls":
            try:
                way.stls(context=certificates(account))
            except poplib.error_proto as error:
                _hang_up(way)
                words = (
                    f"{account.host} does not offer STARTTLS (STLS), so the password was not sent (key tls)"
                )
                raise NoTls(words) from error
        return way

    def _sign_in(self, way: poplib.POP3) -> None:
        account = self.account
        if account.tls == "none" and not is_loopback(account.host):
            words = f"no TLS to {account.host}, so the password was not sent (key tls: starttls or implicit)"
            raise NoTls(words)
        password = account.password.get_secret_value() if account.password else ""
        try:
            way.user(account.username)
            way.pass_(password)
        except poplib.error_proto as error:
            said = _said(error)
            if "EOF" in said:
                raise Unreachable(f"{account.host} ended the connection") from None
            if any(word in said.upper() for word in _NOT_NOW):
                raise Unreachable(f"{account.host} lets nobody in now: {said}") from None
            words = said.replace(password, "***") if password else said
            raise AuthFailed(f"{account.host} does not let {account.username} in: {words}") from None

    # -- what is there

    def _listed(self) -> Iterator[tuple[str, int]]:
        """The mails of the session: their keys, oldest first, with the numbers that they have in it."""
        with self._in_time(_LISTING):
            sizes = dict(_pairs(self._open.list()[1]))
        named = self._names(sizes)
        times: Counter[str] = Counter()
        for number, name in named:
            key = f"{name}/{sizes[number]}"
            times[key] += 1
            # A server may give two mails one UIDL; no UIDL has a space, so the second one's key is nobody else's.
            yield key if times[key] == 1 else f"{name} {times[key]}/{sizes[number]}", number

    def _names(self, sizes: Mapping[int, int]) -> list[tuple[int, str]]:
        names: dict[int, str] = {}
        with self._in_time(len(sizes) * LINE_BYTES):
            _refusal(lambda: names.update(_named(self._open.uidl()[1])))
        return [(number, names.get(number) or self._name_of(number)) for number in sizes]

    def _name_of(self, number: int) -> str:
        """What stands for a mail's UIDL where there is none: the hash of its headers, else of all of it, else of nothing."""
        lines: list[bytes] = []
        with self._in_time(self.account.max_size):
            if _refusal(lambda: lines.extend(self._open.top(number, 0)[1])):
                _refusal(lambda: lines.extend(self._open.retr(number)[1]))
        return hashlib.sha256(b"\n".join(lines)).hexdigest()

    def _whole(self, number: int, size: int) -> bytes | None:
        """A mail's bytes as they come over the wire, with CRLF; None where the server does not hand it out."""
        total, lines = 0, []
        way: Any = self._open
        if _refusal(lambda: way._shortcmd(f"RETR {number}")):
            return None
        while (line := way._getline()[0]) != b".":
            line = line[1:] if line.startswith(b"..") else line
            total += len(line) + 2
            if total > 2 * size + _SLACK:
                raise Malformed(f"the server sent more than the {size:,} bytes that it announced")
            lines.append(line)
        return b"\r\n".join([*lines, b""])


class _Way(poplib.POP3):
    """The library's, which leaves its socket open where the greeting does not come; watched from its first moment."""

    def __init__(self, guard: Guard, *given: Any, **more: Any) -> None:
        self._guard = guard
        try:
            super().__init__(*given, **more)
        except BaseException:
            _hang_up(self)
            raise

    def _create_socket(self, timeout: float) -> socket.socket:
        made = socket.create_connection((self.host, self.port), timeout)
        self._guard.watch(made)
        return made


class _SecureWay(_Way, poplib.POP3_SSL):
    context: ssl.SSLContext

    def _create_socket(self, timeout: float) -> socket.socket:
        return self.context.wrap_socket(super()._create_socket(timeout), server_hostname=self.host)


def _pairs(lines: Sequence[bytes]) -> Iterator[tuple[int, int]]:
    if len(lines) > MOST_MAILS:
        raise Malformed(f"the server lists {len(lines):,} mails where {MOST_MAILS:,} are the most")
    for line in lines:
        number, size = line.split()[:2]
        yield int(number), int(size)


def _named(lines: Sequence[bytes]) -> Iterator[tuple[int, str]]:
    """The UIDLs (RFC 1939 section 7: 1 to 70 letters from ! to ~); one that is none, or longer, is known by its hash."""
    for line in lines:
        number, name = (*line.split(maxsplit=1), b"")[:2]
        if not name:
            continue
        usual = len(name) <= 70 and all(0x21 <= byte <= 0x7E for byte in name)
        yield int(number), name.decode("ascii") if usual else hashlib.sha256(name).hexdigest()


def _refusal(command: Callable[[], object]) -> str:
    """What the server says where it refuses a command ("-ERR .."), else nothing; a connection that ends raises."""
    try:
        command()
    except poplib.error_proto as error:
        said = _said(error)
        if not said.startswith("-ERR") or said == _ENDED:
            raise
        return said
    return ""


def _hang_up(way: poplib.POP3) -> None:
    """Close the connection, whatever state it is in."""
    with suppress(OSError, AttributeError):
        way.close()


@contextmanager
def _translated(server: str) -> Iterator[None]:
    """Say what the library raised as a MailboxError."""
    try:
        yield
    except MailboxError:
        raise
    except ssl.SSLCertVerificationError as error:
        words = f"the certificate of {server} is not believed: {error.verify_message or error}"
        raise Certificate(f"{words} (keys host and ca_file)") from error
    except ssl.SSLError as error:
        raise NoTls(
            f"{server} does not speak TLS as configured: {error.reason or error} (key tls)"
        ) from error
    except TimeoutError as error:
        raise NoAnswer(f"{server} did not answer within {TIMEOUT:.0f} s") from error
    except (EOFError, ConnectionError) as error:
        raise Unreachable(f"{server} ended the connection: {_said(error)}") from error
    except OSError as error:
        raise Unreachable(f"{server} can't be reached: {error.strerror or error}") from error
    except poplib.error_proto as error:
        said = _said(error)
        ended = "EOF" in said
        raise (Unreachable if ended else Malformed)(f"{server} answers: {said}") from error
    except (ValueError, LookupError, TypeError) as error:
        raise Malformed(f"{server} said what can't be understood: {_said(error)}") from error


def _said(error: Exception) -> str:
    text = error.args[0] if error.args else error
    return clip(clean_header(text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)), 200)
