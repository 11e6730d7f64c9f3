"""The one way out by HTTP: an address that somebody typed must not become a way into our own network (S46).

The name is looked up once, every address that it has is judged, and the connection goes to the judged address itself,
with the certificate checked for the name; so a name that answers differently the second time changes nothing. No
redirect is followed, no proxy of the environment is used, and no more of the answer is read than is shown.
"""

import ipaddress
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.client import HTTPException
from urllib.parse import SplitResult, urlsplit

import msgspec
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from orgo.lib.text import clean_header, clip

TIMEOUT = 10.0
LONGEST_TALK = 20.0
LARGEST_ANSWER = 4_096
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], list[str]]
_METADATA_V6 = ipaddress.ip_address("fd00:ec2::254")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
# RFC 1918, RFC 6598, RFC 4193, and this machine.
_OUR_KINDS = tuple(
    map(
        ipaddress.ip_network,
        "10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 100.64.0.0/10 127.0.0.0/8 fc00::/7 ::1/128".split(),
    )
)


class Refused(Exception):
    """The address may not be called; nothing was sent."""


class Unreachable(Exception):
    """The address could not be called, or gave no answer in time."""


class Answer(msgspec.Struct, frozen=True):
    """What the other side said: the status and the beginning of its words, one line."""

    status: int
    words: str


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a name. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def may_call(address: Address, *, internal: bool = False) -> bool:
    """Whether an address is one of the outside; `internal` allows private networks and this machine as well.

    What carries an IPv4 address inside (mapped, 6to4, Teredo, NAT64) is judged by that. Link-local addresses, where
    clouds keep their machines' secrets, are never called (AWS's fd00:ec2::254 neither).
    """
    inner = _inner(address)
    if inner is not None:
        return may_call(inner, internal=internal)
    if address == _METADATA_V6:
        return False
    if any(address in network for network in _OUR_KINDS if network.version == address.version):
        return internal
    return address.is_global and not address.is_reserved and not address.is_multicast


def _inner(address: Address) -> Address | None:
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)


class Client:
    """Sends bodies to one URL. `internal`: it lies in our own network, which the configuration says in words."""

    def __init__(
        self,
        url: str,
        *,
        internal: bool = False,
        ca_file: str | None = None,
        timeout: float = TIMEOUT,
        resolver: Resolver = resolve,
    ) -> None:
        self._parts = urlsplit(url)
        self._internal = internal
        self._ca_file = ca_file
        self._timeout = timeout
        self._resolver = resolver

    @property
    def host(self) -> str:
        """The name that is called, for logs: the rest of a URL is often a secret."""
        return self._parts.hostname or ""

    def post(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """POST `body`; whatever the status is. Raises Refused and Unreachable."""
        connection = self._connection(self._judged())
        hang_up = threading.Timer(LONGEST_TALK, _hang_up, [connection])
        hang_up.daemon = True
        hang_up.start()
        try:
            return self._talk(connection, body, headers)
        except (HTTPError, HTTPException, OSError, ValueError) as error:
            raise Unreachable(f"{self.host}: {_said(error)}") from error
        finally:
            hang_up.cancel()
            connection.close()

    def _talk(self, connection: HTTPConnection, body: bytes, headers: Mapping[str, str]) -> Answer:
        own = {"Host": self._parts.netloc, "Accept-Encoding": "identity", "Connection": "close"}
        connection.request(
            "POST",
            _target(self._parts),
            body=body,
            headers={**headers, **own},
            preload_content=False,
            decode_content=False,
        )
        reply = connection.getresponse()
        words = (reply.read(LARGEST_ANSWER) or b"").decode("utf-8", "replace")
        return Answer(reply.status, clean_header(words)[:300])

    def _judged(self) -> Address:
        """The address to connect to, after all that the name has were judged."""
        port = self._port()
        try:
            found = [ipaddress.ip_address(text.partition("%")[0]) for text in self._resolver(self.host, port)]
        except (OSError, UnicodeError) as error:
            raise Unreachable(f"{self.host} is not known: {_said(error)}") from error
        if not found:
            raise Unreachable(f"{self.host} has no address")
        for address in found:
            self._judge(address)
        return found[0]

    def _judge(self, address: Address) -> None:
        if not may_call(address, internal=self._internal):
            raise Refused(f"{self.host} is {address}, which is no address of the outside")
        if self._parts.scheme != "https" and not address.is_loopback:
            raise Refused(f"{self.host} is called by https:// only")

    def _port(self) -> int:
        return self._parts.port or (443 if self._parts.scheme == "https" else 80)

    def _connection(self, address: Address) -> HTTPConnection:
        if self._parts.scheme != "https":
            return HTTPConnection(str(address), self._port(), timeout=self._timeout)
        return HTTPSConnection(
            str(address),
            self._port(),
            timeout=self._timeout,
            cert_reqs="CERT_REQUIRED",
            ca_certs=self._ca_file,
            server_hostname=self.host,
            assert_hostname=self.host,
        )


def _target(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _hang_up(connection: HTTPConnection) -> None:
    """End a talk that goes on for too long: a server may send one byte each nine seconds and never be late."""
    sock = connection.sock
    if sock is not None:
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)


def _said(error: Exception) -> str:
    """An error in a few words, without the object's address that urllib3 puts in front."""
    words = clean_header(str(error)).rpartition(": ")[2] if isinstance(error, HTTPError) else str(error)
    return clip(f"{type(error).__name__}: {clean_header(words)}", 200)
