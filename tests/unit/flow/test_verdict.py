"""Whose word about a sender is believed (S04: a forged Authentication-Results is worth nothing)."""

import pytest

from orgo.flow.verdict import handed_over_by, verdict

OURS = "mx.city.example; spf=pass; dkim=pass; dmarc=pass header.from=people.example"
FORGED = "mx.evil.example; dmarc=pass"


@pytest.mark.parametrize(
    ("peer", "results", "more", "expected"),
    [
        ("127.0.0.1", [OURS], {}, "pass"),
        ("127.0.0.1", ["mx.city.example; dmarc=fail"], {}, "fail"),
        ("127.0.0.1", ["mx.city.example; dmarc=none; spf=pass"], {}, "none"),
        ("127.0.0.1", [FORGED], {}, "none"),
        ("127.0.0.1", [], {}, "none"),
        ("127.0.0.1", ["mx.city.example; dmarc=fail", OURS], {}, "fail"),
        ("203.0.113.9", [OURS], {"trusted_relays": ["127.0.0.1", "::1"]}, "none"),
        ("127.0.0.1", [OURS], {"trusted_relays": ["127.0.0.1", "::1"]}, "pass"),
        ("127.0.0.1", [OURS], {"authserv_id": None}, "none"),
        ("10.1.2.3", [], {"internal": ["10.0.0.0/8"]}, "internal"),
        ("not an address", [OURS], {"internal": ["10.0.0.0/8"]}, "pass"),
    ],
)
def test_the_verdict(peer: str, results: list[str], more: dict, expected: str) -> None:
    assert verdict(peer, results, **{"authserv_id": "mx.city.example", **more}) == expected


@pytest.mark.parametrize(
    ("received", "peer"),
    [
        (
            "from mx.people.example (mx.people.example [203.0.113.9]) by mail.city.example with ESMTPS",
            "203.0.113.9",
        ),
        ("from [10.0.0.1] (unknown [203.0.113.9])\r\n by mail.city.example", "203.0.113.9"),
        ("from a (b [IPv6:2001:db8::1]) by c", "2001:db8::1"),
        ("by mail.city.example from [10.0.0.1]", ""),
        ("from localhost by c with LMTP [10.0.0.1]", ""),
    ],
)
def test_whom_the_mailboxes_server_got_it_from(received: str, peer: str) -> None:
    """Only the topmost line counts, and of it what the server saw, not the name that the sender gave itself."""
    assert (
        handed_over_by([("Subject", "s"), ("Received", received), ("Received", "from x ([10.9.9.9]) by y")])
        == peer
    )
