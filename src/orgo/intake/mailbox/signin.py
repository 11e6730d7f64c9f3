"""Connecting to an IMAP server and signing in: TLS is checked first, then the password or token is sent, never before."""

import imaplib
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from imapclient import IMAPClient, SocketTimeout, imap4, tls
from imapclient.exceptions import LoginError, ProtocolError

from orgo.conf.config import Mailbox, is_loopback
from orgo.intake.mailbox import token
from orgo.intake.mailbox.deadline import Guard, deadline
from orgo.intake.mailbox.ports import (
    AuthFailed,
    Certificate,
    MailboxError,
    Malformed,
    NoAnswer,
    NoTls,
    Refused,
    Unreachable,
)
from orgo.lib.text import clean_header, clip

TIMEOUT = 30.0
SLACK = 65_536
_NOT_NOW = ("[UNAVAILABLE]", "[INUSE]", "[SERVERBUG]", "[CONTACTADMIN]")


class _Way(imap4.IMAP4WithTimeout):  # type: ignore[misc]
    """The library's connection, watched from its first moment."""

    def __init__(self, guard: Guard, *given: Any) -> None:
        self._guard = guard
        super().__init__(*given)

    def _create_socket(self, timeout: float | None = None) -> socket.socket:
        made: socket.socket = super()._create_socket(timeout)
        self._guard.watch(made)
        return made


class _SecureWay(tls.IMAP4_TLS):  # type: ignore[misc]
    def __init__(self, guard: Guard, *given: Any) -> None:
        self._guard = guard
        super().__init__(*given)

    def _create_socket(self, timeout: float | None = None) -> socket.socket:
        made = socket.create_connection((self.host, self.port), self._timeout)
        self._guard.watch(made)
        secured: socket.socket = tls.wrap_socket(made, self.ssl_context, self.host)
        return secured


class Client(IMAPClient):  # type: ignore[misc]
    """imapclient's, with a limit on what a server may send as one literal, and without a log of what is said.

    `longest` is in bytes: imaplib would otherwise make room for any length that a server announces.
    """

    longest = SLACK

    def __init__(self, guard: Guard, *given: Any, **more: Any) -> None:
        self._guard = guard
        super().__init__(*given, **more)

    def _create_IMAP4(self) -> Any:  # noqa: N802 - imapclient's name
        made: Any
        if self.ssl:
            made = _SecureWay(self._guard, self.host, self.port, self.ssl_context, self._timeout.connect)
        else:
            made = _Way(self._guard, self.host, self.port, self._timeout.connect)
        read = made.read

        def limited(size: int) -> Any:
            if size > self.longest:
                raise Malformed(f"the server announced {size:,} bytes where {self.longest:,} are the most")
            return read(size)

        made.read = limited
        return made


def connect(account: Mailbox) -> Client:
    """A connection that is signed in. Raises MailboxError."""
    server = f"{account.host}:{account.port}"
    with greeted(account), deadline(server, TIMEOUT) as guard, translated(server):
        client = Client(
            guard,
            account.host,
            account.port,
            ssl=account.tls == "implicit",
            ssl_context=certificates(account),
            timeout=SocketTimeout(TIMEOUT, TIMEOUT),
        )
    # imapclient's own setting writes every line, the password's too, into debug records.
    client._imap.debug = 0
    client.normalise_times = False
    try:
        with deadline(server, 2 * TIMEOUT) as guard:
            guard.watch(client.socket())
            _secure(client, account)
            _sign_in(client, account)
    except BaseException:
        hang_up(client)
        raise
    return client


@contextmanager
def greeted(account: Mailbox) -> Iterator[None]:
    """Say of a server that does not greet what it may wait for: it and the client wait for each other where TLS comes first."""
    try:
        yield
    except NoAnswer as error:
        if account.tls == "implicit":
            raise
        words = "the port may want TLS from the first byte (key tls, or add it with --tls implicit)"
        raise NoAnswer(f"{error}; {words}") from error


def hang_up(client: Client) -> None:
    """Close the connection, whatever state it is in."""
    with suppress(OSError):
        client.socket().shutdown(socket.SHUT_RDWR)
    with suppress(OSError, imaplib.IMAP4.error):
        client.shutdown()


def certificates(account: Mailbox) -> ssl.SSLContext:
    """Whose certificates are believed: the system's authorities, or those of `ca_file`. Raises Certificate."""
    try:
        return ssl.create_default_context(cafile=str(account.ca_file) if account.ca_file else None)
    except (OSError, ssl.SSLError) as error:
        raise Certificate(f"ca_file {account.ca_file} can't be read: {error}") from error


def _secure(client: Client, account: Mailbox) -> None:
    if account.tls != "starttls":
        return
    with translated(f"{account.host}:{account.port}"):
        if not client.has_capability("STARTTLS"):
            raise NoTls(f"{account.host} does not offer STARTTLS, so the password was not sent (key tls)")
        client.starttls(certificates(account))


def _sign_in(client: Client, account: Mailbox) -> None:
    """Send the password, or a token: over TLS, or on this machine only."""
    if account.tls == "none" and not is_loopback(account.host):
        raise NoTls(f"no TLS to {account.host}, so the password was not sent (key tls: starttls or implicit)")
    with translated(f"{account.host}:{account.port}"):
        try:
            _way_in(client, account)()
        except LoginError as error:
            said = clean_header(str(error))
            if isinstance(
                error.__context__, imaplib.IMAP4.abort
            ):  # imapclient takes it for the server's word
                raise Unreachable(f"{account.host} ended the connection: {clip(said, 200)}") from None
            if any(word in said.upper() for word in _NOT_NOW):
                raise Unreachable(f"{account.host} lets nobody in now: {clip(said, 200)}") from None
            if account.auth == "xoauth2":
                token.forget(account)
            raise AuthFailed(_refused(account, said)) from None


def _refused(account: Mailbox, said: str) -> str:
    secret = account.password.get_secret_value() if account.password else ""
    words = clip(said.replace(secret, "***") if secret else said, 160)
    return f"{account.host} does not let {account.username} in: {words}"


def _way_in(client: Client, account: Mailbox) -> Callable[[], Any]:
    """How to sign in: AUTHENTICATE where there is, because it takes any user name as it is; else LOGIN, quoted."""
    if account.auth == "xoauth2":
        access = token.access_token(account)
        return lambda: client.oauth2_login(account.username, access)
    password = account.password.get_secret_value() if account.password else ""
    if client.has_capability("AUTH=PLAIN"):
        return lambda: client.plain_login(account.username, password)
    if client.has_capability("LOGINDISABLED"):
        raise AuthFailed(f"{account.host} takes no password on this port (LOGINDISABLED)")
    if not account.username.isascii():
        words = "takes no user name beyond ASCII (it does not offer AUTHENTICATE PLAIN)"
        raise AuthFailed(f"{account.host} {words}")
    # imaplib quotes the password, but not the name: DOMAIN\user\mailbox would be no word of the protocol (RFC 3501 4.3).
    name = client._imap._quote(account.username)
    if not password.isascii():
        return lambda: _login_by_literal(client, name, password)
    return lambda: client.login(name, password)


def _login_by_literal(client: Client, name: str, password: str) -> None:
    """LOGIN with a password that no quoted string can hold: as a literal, in UTF-8 (RFC 3501 section 4.3)."""
    conversation = client._imap
    conversation.literal = password.encode()
    try:
        said, lines = conversation._simple_command("LOGIN", name)
    except imaplib.IMAP4.error as error:
        raise LoginError(str(error)) from error
    if said != "OK":
        raise LoginError(" ".join(line.decode("utf-8", "replace") for line in lines if line))
    conversation.state = "AUTH"


@contextmanager
def translated(server: str) -> Iterator[None]:
    """Say what a library raised as a MailboxError."""
    try:
        yield
    except (MailboxError, LoginError):
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
    except imaplib.IMAP4.abort as error:
        raise Unreachable(f"{server} ended the connection: {_said(error)}") from error
    except OSError as error:
        raise Unreachable(f"{server} can't be reached: {error.strerror or error}") from error
    except imaplib.IMAP4.error as error:
        unclear = isinstance(error, ProtocolError)
        raise (Malformed if unclear else Refused)(f"{server} answers: {_said(error)}") from error
    except (ValueError, LookupError, TypeError, AttributeError, AssertionError) as error:
        raise Malformed(f"{server} said what can't be understood: {_said(error)}") from error


def _said(error: Exception) -> str:
    return clip(clean_header(str(error)), 200)
