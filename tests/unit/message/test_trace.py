"""One Authentication-Results as RFC 8601 says: what the sender chose in it counts for nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orgo.message import parse
from orgo.message.trace import dmarc, results, server_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mx.city.example; dmarc=pass", "pass"),
        ("mx.city.example 1; spf=pass (ok) smtp.mailfrom=a@b.example; DMARC = Pass header.from=b.example", "pass"),
        ("mx.city.example; dmarc/1=fail", "fail"),
        ("mx.city.example; dmarc (p=none) = (x) fail (y)", "fail"),
        ("mx.city.example; dmarc=pass; dmarc=fail", "fail"),
        ("mx.city.example; dmarc=pass; dmarc=none", "none"),
        ("mx.city.example; dmarc=bestguesspass", "none"),
        ("mx.city.example; dmarc=temperror", "none"),
        ("mx.city.example; none", ""),
        ("mx.city.example; spf=pass", ""),
        ("mx.city.example; spf=pass smtp.mailfrom=dmarc=pass@evil.example; dmarc=fail", "fail"),
        ("mx.city.example; spf=pass smtp.mailfrom=dmarc=pass@evil.example", ""),
        ("mx.city.example; spf=pass (dmarc=pass); dmarc=fail", "fail"),
        ("mx.city.example; spf=pass (a (b) ; dmarc=pass)", ""),
        ("mx.city.example; spf=pass (a \\) ; dmarc=pass)", ""),
        ('mx.city.example; spf=pass reason="; dmarc=pass"; dmarc=fail', "fail"),
        ('mx.city.example; spf=pass reason="\\"; dmarc=pass"', ""),
        ('mx.city.example; spf=pass smtp.mailfrom="a(; dmarc=pass"@evil.example; dmarc=fail', "fail"),
        ("mx.city.example; x-dmarc=pass", ""),
        ("mx.city.example; dmarc-x=pass", ""),
        ("mx.city.example; dmarc=pass-not", ""),
        ("mx.city.example dmarc=pass", ""),
        ("mx.city.example; spf=pass (a ; dmarc=pass", ""),
        ("mx.city.example; spf=pass (a ; dmarc=fail", "fail"),
        ("mx.city.example; spf=pass a) ; dmarc=pass", ""),
        ('mx.city.example; spf=pass "; dmarc=pass', ""),
    ],
)  # fmt: skip
def test_what_it_says_of_dmarc(text: str, expected: str) -> None:
    assert dmarc(text) == expected


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("MX.city.example; dmarc=pass", "mx.city.example"),
        ("(a comment) mx.city.example 1; none", "mx.city.example"),
        ('"mx.city.example"; none', "mx.city.example"),
        ("(mx.city.example) evil.example; none", "evil.example"),
        ("; mx.city.example", ""),
        ("", ""),
    ],
)
def test_whose_it_is(text: str, server: str) -> None:
    assert server_of(text) == server


@given(st.text(alphabet='d()"\\; marc=pfilse1/', max_size=60))
def test_no_text_raises(text: str) -> None:
    assert dmarc(text) in ("", "pass", "none", "fail")
    server_of(text)


def test_what_the_sender_chose_inside_brackets_and_quotes_never_counts() -> None:
    """Any words there change nothing: they were not the server's."""

    @given(st.text(alphabet='()"\\; dmarc=pfil', max_size=40))
    def holds(words: str) -> None:
        safe = words.replace("\\", "\\\\").replace('"', '\\"').replace("(", "\\(").replace(")", "\\)")
        assert dmarc(f"mx; spf=pass ({safe}); dmarc=fail") == "fail"
        assert dmarc(f'mx; spf=pass smtp.mailfrom="{safe}"@x') == ""

    holds()


def test_a_trace_is_read_undecoded_and_in_order() -> None:
    """An encoded word is the sender's: decoded it could hold what only the border may say."""
    raw = (
        b"Received: from a by b\r\nAuthentication-Results: mx;\r\n spf=pass smtp.mailfrom==?utf-8?q?=3B_dmarc=3Dpass?=@x\r\n"
        b"Subject: s\r\nReceived: from c by d\r\n\r\nx"
    )
    names = [name for name, _ in parse(raw).trace]
    texts = dict(parse(raw).trace)
    assert names == ["received", "authentication-results", "received"]
    assert "=3B_dmarc" in texts["authentication-results"]
    assert dmarc(texts["authentication-results"]) == ""


@pytest.mark.parametrize(
    ("text", "spf", "dkim"),
    [
        (
            "mx.city.example; spf=SoftFail smtp.mailfrom=x; dkim=fail; dkim = pass",
            ["softfail"],
            ["fail", "pass"],
        ),
        ('mx.city.example; spf=none (; dkim=pass) reason="; dkim=pass"', ["none"], []),
        ("mx.city.example; x-spf=pass; spf=pass", ["pass"], []),
        ("mx.city.example; spf=pass (no end", [], []),
        ("spf=pass", [], []),
    ],
)
def test_the_results_of_other_methods(text: str, spf: list[str], dkim: list[str]) -> None:
    assert (results(text, "spf"), results(text, "dkim")) == (spf, dkim)
