"""Delivery by SMTP: TLS verified unless on loopback, the last dot told apart from all that comes before it."""

import smtplib
import socket
import ssl
from collections.abc import Callable
from datetime import datetime
from typing import Literal

import msgspec

from orgo.delivery.email.mime import build, wire_address
from orgo.delivery.ports import DeliveryError, Parcel, TakenOver
from orgo.lib.crash import crashpoint
from orgo.lib.tls import good_until

TIMEOUT = 60.0
GOODBYE_TIMEOUT = 5.0  # nothing hangs on the answer
_TOO_LARGE = 552
_POLICY = "5.7."  # RFC 3463: security or policy, such as "554 5.7.1 Relay access denied"
AFTER_DOT_TIMEOUT = 600.0  # RFC 5321 section 4.5.3.2.6: ten minutes for the answer after the dot

# The first kind that an error is of says it.
_SENTENCES: dict[type[Exception], str] = {
    socket.gaierror: "the name {host} can't be found",
    ConnectionRefusedError: "nobody takes mail at {place}",
    TimeoutError: "{place} did not answer in time",
    smtplib.SMTPServerDisconnected: "{place} ended the connection",
    ConnectionError: "{place} ended the connection",
}


class SmtpServer(msgspec.Struct, frozen=True):
    """The server that letters leave by, and who they are from."""

    host: str
    port: int
    tls: Literal["none", "starttls", "implicit"]
    from_address: str
    from_name: str = ""
    username: str | None = None
    password: str | None = None
    ca_file: str | None = None
    timeout: float = TIMEOUT
    after_dot_timeout: float = AFTER_DOT_TIMEOUT

    def __repr__(self) -> str:
        return f"{self.host}:{self.port}"


class EmailCourier:
    """A courier to one SMTP server. Keeps its connection while there is work; not for several threads at once.

    `connected` hears, each time, until when the server's certificate is good (None: no TLS).
    """

    def __init__(
        self, server: SmtpServer, connected: Callable[[datetime | None], None] = lambda until: None
    ) -> None:
        self.server = server
        self.connected = connected
        self._smtp: smtplib.SMTP | None = None

    def deliver(self, parcel: Parcel, before_dot: Callable[[], bool]) -> str:
        """Deliver one letter; see delivery/ports.py."""
        data = build(parcel, self.server.from_address, self.server.from_name)
        try:
            smtp = self._connected()
            self._envelope(smtp, parcel, len(data))
            return self._data(smtp, data, before_dot)
        except DeliveryError:
            raise
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            raise DeliveryError(_said(error, self.server), permanent=False) from error
        except Exception:
            self._abort()  # it stands in the middle of a letter: the next one needs a new connection
            raise

    def try_out(self) -> str:
        """Connect and sign in, and send nothing; returns the version of TLS, "" without. Raises OSError, SMTPException."""
        sock = self._connected().sock
        return (sock.version() or "") if isinstance(sock, ssl.SSLSocket) else ""

    def close(self) -> None:
        """Say goodbye, as far as the server still listens."""
        smtp, self._smtp = self._smtp, None
        if smtp is not None and smtp.sock is not None:
            try:
                smtp.sock.settimeout(GOODBYE_TIMEOUT)
                smtp.quit()
            except (OSError, smtplib.SMTPException):
                smtp.close()

    def _connected(self) -> smtplib.SMTP:
        if self._smtp is not None:
            try:
                if self._smtp.noop()[0] == 250:
                    return self._smtp
            except (OSError, smtplib.SMTPException):
                pass
            self.close()
        self._smtp = self._connect()
        self.connected(good_until(self._smtp.sock))
        return self._smtp

    def _connect(self) -> smtplib.SMTP:
        server = self.server
        context = ssl.create_default_context(cafile=server.ca_file)
        if server.tls == "implicit":
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.port, timeout=server.timeout, context=context
            )
        else:
            smtp = smtplib.SMTP(server.host, server.port, timeout=server.timeout)
        try:
            smtp.ehlo_or_helo_if_needed()
            if server.tls == "starttls":
                smtp.starttls(context=context)
                smtp.ehlo()
            if server.username and server.password:
                smtp.login(server.username, server.password)
            assert smtp.sock is not None
            smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _envelope(self, smtp: smtplib.SMTP, parcel: Parcel, size: int) -> None:
        recipient = wire_address(parcel.recipient)
        beyond_ascii = not (parcel.envelope_from + recipient).isascii()
        if beyond_ascii and not smtp.has_extn("smtputf8"):
            raise DeliveryError(
                "the address is not ASCII, and the mail server does not offer SMTPUTF8", permanent=True
            )
        options = ["SMTPUTF8"] if beyond_ascii else []
        if smtp.has_extn("size"):  # RFC 1870: a letter that is too large is not sent first
            most = smtp.esmtp_features["size"]
            if most.isdecimal() and 0 < int(most) < size:
                reason = f"the letter has {size} bytes, and the mail server takes {most} at most"
                raise DeliveryError(reason, permanent=True)
            options.append(f"SIZE={size}")
        self._expect(smtp, smtp.mail(parcel.envelope_from, options), 250, any_letter=True)
        self._expect(smtp, smtp.rcpt(recipient), 250, 251)
        crashpoint("H7.before_data")
        self._expect(smtp, smtp.docmd("DATA"), 354)

    def _data(self, smtp: smtplib.SMTP, data: bytes, before_dot: Callable[[], bool]) -> str:
        """The body and the dot leave in one segment, after the commit that says so (measured: reliability.md M4)."""
        if not before_dot():
            self._abort()
            raise TakenOver
        crashpoint("H7.before_dot")
        quoted = smtplib._quote_periods(data)  # type: ignore[attr-defined]
        ending = b".\r\n" if quoted.endswith(b"\r\n") else b"\r\n.\r\n"
        try:
            smtp.send(quoted + ending)
            crashpoint("H7.after_dot")
            assert smtp.sock is not None
            smtp.sock.settimeout(self.server.after_dot_timeout)
            code, words = smtp.getreply()
            smtp.sock.settimeout(self.server.timeout)
            if not 200 <= code < 600:
                raise smtplib.SMTPException(f"its answer is none: {words!r}")
        except (OSError, smtplib.SMTPException) as error:
            self._abort()
            raise DeliveryError(
                f"no answer after the last dot: {_said(error, self.server)}", permanent=False, after_dot=True
            ) from error
        self._expect(smtp, (code, words), 250)
        return f"{code} {words.decode('utf-8', 'replace')}"

    def _expect(
        self, smtp: smtplib.SMTP, reply: tuple[int, bytes], *codes: int, any_letter: bool = False
    ) -> None:
        code, words = reply
        if code in codes:
            return
        if code == 421 or code < 0:
            self._abort()
        else:
            smtp.rset()
        text = words.decode("utf-8", "replace").replace("\n", " ")
        any_letter = (any_letter and code != _TOO_LARGE) or text.startswith(_POLICY)
        raise DeliveryError(f"{code} {text}", permanent=500 <= code < 600, any_letter=any_letter)

    def _abort(self) -> None:
        smtp, self._smtp = self._smtp, None
        if smtp is not None:
            smtp.close()


def _said(error: Exception, server: SmtpServer) -> str:
    """What went wrong, in a sentence for who looks after the letters."""
    place = f"{server.host}:{server.port}"
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        return f"{error.smtp_code} {said.decode('utf-8', 'replace') if isinstance(said, bytes) else said}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate of {place} is not believed: {error.verify_message}"
    words = next((words for kind, words in _SENTENCES.items() if isinstance(error, kind)), "")
    return words.format(place=place, host=server.host) or f"{place} can't be used: {error}"
