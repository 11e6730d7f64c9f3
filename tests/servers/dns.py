"""A DNS server of the tests' own: what it knows is given, all else does not exist."""

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.resolver
import dns.rrset

Zone = Mapping[
    tuple[str, str], str
]  # (name, kind) -> record, such as ("city.example", "MX"): "10 mx.city.example."


@contextmanager
def answering(zone: Zone) -> Iterator[None]:
    """Every look-up of this process is answered by this zone, those of sockets too."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=_serve, args=(server, zone), daemon=True)
        thread.start()
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], server.getsockname()[1]
        former = dns.resolver.default_resolver
        dns.resolver.default_resolver = resolver
        dns.resolver.override_system_resolver(resolver)
        try:
            yield
        finally:
            dns.resolver.restore_system_resolver()
            dns.resolver.default_resolver = former
            server.sendto(b"", server.getsockname())  # ends the thread
            thread.join()


def _serve(server: socket.socket, zone: Zone) -> None:
    while True:
        data, client = server.recvfrom(4096)
        if not data:
            return
        asked = dns.message.from_wire(data)
        server.sendto(_answer(asked, zone).to_wire(), client)


def _answer(asked: dns.message.Message, zone: Zone) -> dns.message.Message:
    answer = dns.message.make_response(asked, recursion_available=True)
    (question,) = asked.question
    name, kind = question.name.to_text(omit_final_dot=True), dns.rdatatype.to_text(question.rdtype)
    if (name, kind) in zone:
        answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, zone[name, kind]))
    elif all(known != name for known, _ in zone):
        answer.set_rcode(dns.rcode.NXDOMAIN)
    return answer
