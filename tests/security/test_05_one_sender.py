"""S05: a sender is trusted only where there is exactly one, without doubt; a display name is never an address."""

from email.utils import getaddresses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orgo.message import Message, parse

LONG = "a" * 64
DOUBTFUL = [
    # two that look like one, or one that looks like two
    "boss@city.example <x@evil.example>, y@evil.example", "boss@city.example, x@evil.example", "a@x.example b@y.example",
    "<a@x.example>b@y.example", "<a@x.example> b@y.example", "a@x.example <b@y.example>", "a@x.example@y.example",
    "<a@x.example><b@y.example>", "<<a@x.example>>", "<a@x.example> <>", "a b@x.example <>", "a@x.example; b@y.example",
    "a@x.example>", "<a@x.example", '"a@x.example', "a@x.example (boss", "a@x.example boss)", "a@x.example\\, b@y.example",
    # groups and routes
    "group: a@x.example, b@y.example;", "Boss: boss@city.example;", "Boss: <boss@city.example>;", "boss@city.example;",
    "undisclosed:;", "Boss: HR <boss@city.example>", "<@a.example:boss@city.example>", "<@a,@b:boss@city.example>",
    "<a.example:boss@city.example>",
    # local parts
    ".boss@city.example", "boss.@city.example", "bo..ss@city.example", "@x.example", '"boss"@city.example', '"bo ss"@city.example',
    '"boss@evil.example"@city.example', '"boss@evil.example,"@city.example', '<"boss"@city.example>', "boss @city.example",
    "boss(x)@city.example", "b(x)oss@city.example", f"{LONG}a@city.example", "b\u00f6ss@city.example", "b\u200boss@city.example",
    "=?utf-8?q?boss=40city.example?=", "=?utf-8?q?boss?=@city.example", "<=?utf-8?q?boss=40evil.example=3E?=@city.example>",
    # domains
    "a@", "boss@city..example", "boss@.city.example", "boss@city.example.", "boss@-city.example", "boss@city-.example",
    "boss@ci_ty.example", "boss@(x)city.example", "boss@city.(x)example", "boss@ city.example", "boss@city. example", "a@[127.0.0.1]",
    "a@[127.0.0.1", f"boss@{LONG}.example", f"boss@{'a.' * 127}example", "boss@xn--\u00fc.example", "boss@xn--0.example", "boss@xn--99999999.example",
    "boss@b\u00fccher_.example", "boss@city\u3002example", "boss@city.example\u00ad", "a@x.example\x00@y.example",
    # names
    "Boss [HR] <boss@city.example>", "Boss \\<boss@city.example>", "(" * 30 + ")" * 30 + " boss@city.example",
    "boss", "", " ", "<>", ",", "Boss <boss>",
]  # fmt: skip
PLAIN = {
    "boss@city.example": "boss@city.example",
    "<boss@city.example>": "boss@city.example",
    "Boss <boss@city.example>": "boss@city.example",
    "Boss<boss@city.example>": "boss@city.example",
    '"Boss, B." <boss@city.example>': "boss@city.example",
    "Boss B. Smith <boss@city.example>": "boss@city.example",
    "boss@city.example (Boss)": "boss@city.example",
    "(Boss) boss@city.example": "boss@city.example",
    "O'Neil (x (y)) <o'neil@city.example>": "o'neil@city.example",
    "=?utf-8?q?B=C3=B6ss?= <boss@city.example>": "boss@city.example",
    "B\u00f6ss <boss@city.example>": "boss@city.example",
    "a+b=c/d@city.example": "a+b=c/d@city.example",
    f"{LONG}@city.example": f"{LONG}@city.example",
    "root@localhost": "root@localhost",
    "boss@4-2.city.example": "boss@4-2.city.example",
    "boss@xn--bcher-kva.example": "boss@xn--bcher-kva.example",
    "boss@b\u00fccher.example": "boss@b\u00fccher.example",
    # A name that looks like an address is none.
    '"boss@city.example" <x@evil.example>': "x@evil.example",
    "=?utf-8?q?boss=40city=2Eexample_=3Cboss=40city=2Eexample=3E?= <x@evil.example>": "x@evil.example",
}


def sent_by(sender: str) -> Message:
    return parse(f"From: {sender}\r\nSubject: x\r\n\r\nx".encode())


@pytest.mark.parametrize("sender", DOUBTFUL)
def test_a_doubtful_sender_is_not_trusted(sender: str) -> None:
    assert not sent_by(sender).trusted


@pytest.mark.parametrize("sender", list(PLAIN))
def test_a_sender_without_doubt_is_trusted_for_his_address(sender: str) -> None:
    message = sent_by(sender)

    assert message.trusted
    assert message.sender is not None and message.sender.address == PLAIN[sender]


def test_a_bare_address_before_one_in_brackets_is_not_the_sender() -> None:
    message = sent_by("boss@city.example <x@evil.example>")

    assert message.sender is not None and message.sender.address == "x@evil.example"


def test_two_from_headers_are_not_trusted() -> None:
    assert not parse(b"From: a@x.example\r\nFrom: b@y.example\r\n\r\nx").trusted


@given(st.text(alphabet='ab.@<>()[],;:\\" =?-_\u00fc', max_size=30))
def test_whoever_is_trusted_is_the_same_one_for_another_reader(sender: str) -> None:
    message = sent_by(sender)

    if message.trusted:
        assert message.sender is not None
        assert [spec for _, spec in getaddresses([sender.strip()])] == [message.sender.address]
