"""How far a mail's sender may be believed: internal, pass, none or fail (pure; DESIGN.md section 6, "Who may").

Only the Authentication-Results of our own border are read (RFC 8601 section 5: any other is somebody's claim), and only
when the mail was handed in by a relay that is trusted to have removed forged ones.
"""

import ipaddress
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Literal

from orgo.message.trace import dmarc, server_of

Verdict = Literal["internal", "pass", "none", "fail"]
Trace = Sequence[tuple[str, str]]
_BY = re.compile(r"\sby\s+([^\s;()]*)", re.IGNORECASE)
_PEER = re.compile(r"\[(?:IPv6:)?([0-9A-Fa-f:.]{2,45})\]")
_ITSELF = ("127.0.0.0/8", "::1/128")


def verdict(
    peer: str,
    trace: Trace,
    *,
    authserv_id: str | None,
    trusted_relays: Iterable[str] = (),
    internal: Iterable[str] = (),
    fetched: bool = False,
) -> Verdict:
    """The verdict on a mail with this `trace`: its Received and Authentication-Results, the topmost first.

    `peer` is the IP address that handed it in; of one that is `fetched` from a mailbox, `handed_over_by` says it. Where
    several results of our border are there, one that failed wins; otherwise the topmost that knows of DMARC says it.
    """
    relays = tuple(trusted_relays)
    if _within(_origin(peer, trace, _own(relays, fetched)), internal):
        return "internal"
    believed = results_of_border(peer, trace, authserv_id=authserv_id, trusted_relays=relays, fetched=fetched)
    said = [found for text in believed if (found := dmarc(text))]
    if "fail" in said:
        return "fail"
    return "pass" if said[:1] == ["pass"] else "none"


def results_of_border(
    peer: str,
    trace: Trace,
    *,
    authserv_id: str | None,
    trusted_relays: Iterable[str] = (),
    fetched: bool = False,
) -> list[str]:
    """The Authentication-Results that are believed, the topmost first; the arguments are those of `verdict`."""
    relays = tuple(trusted_relays)
    if authserv_id is None or (relays and not _within(peer, relays)):
        return []
    return _of_our_border(trace, authserv_id.lower(), _own(relays, fetched))


def _own(relays: tuple[str, ...], fetched: bool) -> tuple[str, ...]:
    """The networks of the servers that write about us, none where any server may hand mail in."""
    return (*relays, *_ITSELF) if relays or fetched else ()


def handed_over_by(trace: Trace) -> str:
    """The address of whom a mailbox's server got a mail from: in the topmost Received, which that server wrote itself."""
    return next((_peer(text) for name, text in trace if name == "received"), "")


def _peer(received: str) -> str:
    """The address of whom a server got the mail from, "" where its Received does not say.

    It is the last one before "by": what comes before it is the name that the sender gave itself (RFC 5321 section 4.4).
    """
    found: list[str] = _PEER.findall(_BY.split(f" {received}", maxsplit=1)[0])
    return found[-1] if found else ""


def _origin(peer: str, trace: Trace, own: Sequence[str]) -> str:
    """Who gave the mail to us: behind our own servers, each of which wrote whom it had it from."""
    for name, text in trace:
        if not _within(peer, own):
            break
        peer = _peer(text) if name == "received" else peer
    return peer


def _of_our_border(trace: Trace, authserv_id: str, own: Sequence[str]) -> list[str]:
    """Our border's results: those above the first Received that a foreign server wrote.

    The border's own Received is the one in its name; where none is, the first that has the mail from outside.
    """
    hops = [number for number, (name, _) in enumerate(trace) if name == "received"]
    borders = [hop for hop in hops if _writer(trace[hop][1]) == authserv_id]
    borders += [hop for hop in hops if not _within(_peer(trace[hop][1]), own)]
    border = borders[0] if borders else len(trace)
    end = next((hop for hop in hops if hop > border), len(trace))
    return [text for name, text in trace[:end] if name != "received" and server_of(text) == authserv_id]


def _writer(received: str) -> str:
    found = _BY.search(f" {received}")
    return found[1].lower() if found else ""


def _within(peer: str, networks: Iterable[str]) -> bool:
    address = _address(peer)
    return address is not None and any(
        address in ipaddress.ip_network(network, strict=False) for network in networks
    )


@lru_cache(1024)
def _address(peer: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """A peer's address; nearly all mail comes from a few of them."""
    try:
        return ipaddress.ip_address(peer)
    except ValueError:
        return None
