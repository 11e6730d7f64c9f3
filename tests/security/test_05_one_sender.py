"""S05: a sender is trusted only where there is exactly one, without doubt; a display name is never an address."""

import pytest

from orgo.message import parse

DOUBTFUL = [
    "boss@city.example <x@evil.example>, y@evil.example", "boss@city.example, x@evil.example", "a@x.example b@y.example",
    "<a@x.example>b@y.example", "a@x.example@y.example", "<a@x.example", "a@[127.0.0.1", "=?utf-8?q?boss=40city.example?=",
    "a@x.example\x00@y.example", "@x.example", "a@", "group: a@x.example, b@y.example;", '"a@x.example', "a b@x.example <>",
]  # fmt: skip


@pytest.mark.parametrize("sender", DOUBTFUL)
def test_a_doubtful_sender_is_not_trusted(sender: str) -> None:
    message = parse(f"From: {sender}\r\nSubject: x\r\n\r\nx".encode())

    assert not message.trusted


@pytest.mark.parametrize(
    ("sender", "address"),
    [
        ("boss@city.example <x@evil.example>", "x@evil.example"),
        ('"boss@city.example" <x@evil.example>', "x@evil.example"),
        ("=?utf-8?q?boss=40city=2Eexample_=3Cboss=40city=2Eexample=3E?= <x@evil.example>", "x@evil.example"),
    ],
)
def test_a_display_name_that_looks_like_an_address_is_none(sender: str, address: str) -> None:
    message = parse(f"From: {sender}\r\nSubject: x\r\n\r\nx".encode())

    assert message.sender is not None and message.sender.address == address


def test_two_from_headers_are_not_trusted() -> None:
    assert not parse(b"From: a@x.example\r\nFrom: b@y.example\r\n\r\nx").trusted
