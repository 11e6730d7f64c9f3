"""Whose word about a sender is believed (S04: a forged Authentication-Results is worth nothing)."""

import pytest

from orgo.flow.verdict import verdict

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
