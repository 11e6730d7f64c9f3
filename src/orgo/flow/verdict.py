"""How far a mail's sender may be believed: internal, pass, none or fail (pure; DESIGN.md section 6, "Who may").

Only the Authentication-Results of our own border are read (RFC 8601 section 5: any other is somebody's claim), and only
when the mail was handed in by a relay that is trusted to have removed forged ones.
"""

import ipaddress
import re
from collections.abc import Iterable, Sequence
from typing import Literal

Verdict = Literal["internal", "pass", "none", "fail"]
_BY = re.compile(r"\sby\s", re.IGNORECASE)
_PEER = re.compile(r"\[(?:IPv6:)?([0-9A-Fa-f:.]{2,45})\]")
_RESULT = re.compile(r"\bdmarc\s*=\s*([a-z]+)", re.IGNORECASE)


def verdict(
    peer: str,
    results: Sequence[str],
    *,
    authserv_id: str | None,
    trusted_relays: Iterable[str] = (),
    internal: Iterable[str] = (),
) -> Verdict:
    """The verdict on a mail from `peer` (an IP address) with these Authentication-Results (topmost first)."""
    if _within(peer, internal):
        return "internal"
    relays = tuple(trusted_relays)
    if authserv_id is None or (relays and not _within(peer, relays)):
        return "none"
    own = next((text for text in results if _server(text) == authserv_id.lower()), "")
    found = _RESULT.search(own)
    if found is None:
        return "none"
    return {"pass": "pass", "fail": "fail"}.get(found[1].lower(), "none")  # type: ignore[return-value]


def handed_over_by(headers: Iterable[tuple[str, str]]) -> str:
    """The address of whom a mailbox's server got a mail from: in the topmost Received, which that server wrote itself.

    It is the last one before "by": what comes before it is the name that the sender gave itself (RFC 5321 section 4.4).
    """
    text = next((value for name, value in headers if name.lower() == "received"), "")
    found: list[str] = _PEER.findall(_BY.split(f" {text}", maxsplit=1)[0])
    return found[-1] if found else ""


def _server(text: str) -> str:
    return text.partition(";")[0].split()[0].lower() if text.strip() else ""


def _within(peer: str, networks: Iterable[str]) -> bool:
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return False
    return any(address in ipaddress.ip_network(network, strict=False) for network in networks)
