"""Whose word about a sender is believed (S04: a forged Authentication-Results is worth nothing)."""

import pytest

from orgo.flow.verdict import handed_over_by, verdict

OURS = "mx.city.example; spf=pass; dkim=pass; dmarc=pass header.from=people.example"
FORGED = "mx.evil.example; dmarc=pass"
SPF, FAIL, PASS = (f"mx.city.example; {said}" for said in ("spf=pass", "dmarc=fail", "dmarc=pass"))
OURS_BY = "from mx.people.example (mx.people.example [203.0.113.9]) by mx.city.example with ESMTPS"
INSIDE = "from mx.city.example ([127.0.0.1]) by mail.city.example with LMTP"
THEIRS = "from laptop ([192.168.1.9]) by mx.people.example with ESMTPSA"
RELAYS = {"trusted_relays": ["127.0.0.1", "::1"]}


def trace(lines: list[str]) -> list[tuple[str, str]]:
    """The lines as headers: those that say whom a server had the mail from are Received."""
    return [
        ("received" if line.startswith(("from", "by")) else "authentication-results", line) for line in lines
    ]


@pytest.mark.parametrize(
    ("peer", "lines", "more", "expected"),
    [
        ("127.0.0.1", [OURS], {}, "pass"),
        ("127.0.0.1", ["mx.city.example; dmarc=fail"], {}, "fail"),
        ("127.0.0.1", ["mx.city.example; dmarc=none; spf=pass"], {}, "none"),
        ("127.0.0.1", [FORGED], {}, "none"),
        ("127.0.0.1", [], {}, "none"),
        ("203.0.113.9", [OURS], RELAYS, "none"),
        ("127.0.0.1", [OURS], RELAYS, "pass"),
        ("127.0.0.1", [OURS], {"authserv_id": None}, "none"),
        ("10.1.2.3", [], {"internal": ["10.0.0.0/8"]}, "internal"),
        ("not an address", [OURS], {"internal": ["10.0.0.0/8"]}, "pass"),
    ],
)
def test_the_verdict(peer: str, lines: list[str], more: dict, expected: str) -> None:
    assert verdict(peer, trace(lines), **{"authserv_id": "mx.city.example", **more}) == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([FAIL, PASS], "fail"),
        ([PASS, FAIL], "fail"),
        ([SPF, FAIL], "fail"),
        ([FAIL, SPF], "fail"),
        ([SPF, PASS], "pass"),
        (["mx.city.example; dmarc=none", PASS], "none"),
        ([OURS_BY, SPF, FAIL, THEIRS], "fail"),
        ([SPF, OURS_BY, PASS, THEIRS], "pass"),
        ([INSIDE, OURS_BY, PASS, THEIRS], "pass"),
        ([OURS_BY, THEIRS, PASS], "none"),
        ([INSIDE, OURS_BY, THEIRS, PASS], "none"),
        ([OURS_BY, PASS, THEIRS, FAIL], "pass"),
        (["from a ([203.0.113.9]) by other.city.example", THEIRS, PASS], "none"),
    ],
)
def test_all_results_of_our_border_count_and_none_from_before_it(lines: list[str], expected: str) -> None:
    """OpenDKIM and OpenDMARC write one each, in any order; what stands below a foreign Received came with the mail."""
    found = verdict("127.0.0.1", trace(lines), authserv_id="mx.city.example", trusted_relays=["127.0.0.1"])
    assert found == expected


@pytest.mark.parametrize(
    ("lines", "fetched", "expected"),
    [
        (["from pc ([10.1.2.3]) by mx.city.example"], True, "internal"),
        ([INSIDE, "from pc ([10.1.2.3]) by mx.city.example"], True, "internal"),
        ([INSIDE, OURS_BY, "from pc ([10.1.2.3]) by mx.people.example"], True, "none"),
        (["from pc [10.1.2.3] (x [203.0.113.9]) by mx.city.example"], True, "none"),
        (["by mx.city.example (Postfix, from userid 33)", "from pc ([10.1.2.3]) by x"], True, "none"),
        ([], True, "none"),
        (["from pc ([10.1.2.3]) by mx.city.example"], False, "internal"),
        ([OURS_BY, "from pc ([10.1.2.3]) by mx.people.example"], False, "none"),
    ],
)
def test_who_is_internal_is_read_behind_our_own_relays(
    lines: list[str], fetched: bool, expected: str
) -> None:
    """By what our own servers wrote, down to the first that had the mail from somebody else."""
    heads = trace(lines)
    found = verdict(
        handed_over_by(heads) if fetched else "127.0.0.1",
        heads,
        authserv_id=None,
        trusted_relays=() if fetched else ["127.0.0.1"],
        internal=["10.0.0.0/8"],
        fetched=fetched,
    )
    assert found == expected


def test_who_connects_without_being_a_relay_says_nothing_of_others() -> None:
    """Anybody could write that Received."""
    lines = trace(["from pc ([10.1.2.3]) by mx.city.example"])
    assert verdict("127.0.0.1", lines, authserv_id=None, internal=["10.0.0.0/8"]) == "none"


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
    lines = [
        ("authentication-results", "s"),
        ("received", received),
        ("received", "from x ([10.9.9.9]) by y"),
    ]
    assert handed_over_by(lines) == peer
