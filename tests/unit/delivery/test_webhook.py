"""What a webhook is sent, and which addresses are never called."""

import hmac
import ipaddress
import json
import re
from datetime import UTC, datetime

import pytest

from orgo.delivery.http import may_call
from orgo.delivery.ports import Parcel
from orgo.delivery.webhook.body import body_of, signature

OUTSIDE = [
    "93.184.216.34",
    "2606:2800:220:1:248:1893:25c8:1946",
    "64:ff9b::5db8:d822",
    "::ffff:93.184.216.34",
]
OUR_NETWORK = ["100.64.0.1", "10.0.0.1", "192.168.1.1", "172.16.0.9", "127.0.0.1", "127.8.8.8", "::1", "fd00::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"]  # fmt: skip
NEVER = ["fd00:ec2::254", "169.254.169.254", "fe80::1", "0.0.0.0", "::", "224.0.0.1", "ff02::1", "255.255.255.255", "240.0.0.1", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe"]  # fmt: skip


def parcel(**more: object) -> Parcel:
    values = {
        "recipient": "webhook:ops",
        "envelope_from": "",
        "message_id": "<7qk3md.5@city.example>",
        "date": datetime(2026, 9, 7, 8, tzinfo=UTC),
        "subject": "[#7QK3MD] Level 1: Water leak",
        "text": "Nobody has finished this.\n",
        "html": "",
        "headers": {"kind": "escalated", "reference": "7QK3MD", "link": "https://orgo.example/tasks/7QK3MD"},
    }
    return Parcel(**{**values, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize("text", OUTSIDE)
def test_addresses_of_the_outside_may_be_called(text: str) -> None:
    """Public addresses, also as NAT64 or mapped."""
    assert may_call(ipaddress.ip_address(text))


@pytest.mark.parametrize("text", OUR_NETWORK)
def test_our_own_network_is_called_only_where_the_configuration_says_so(text: str) -> None:
    """Private networks and this machine, whatever they are dressed as."""
    address = ipaddress.ip_address(text)
    assert not may_call(address)
    assert may_call(address, internal=True)


@pytest.mark.parametrize("text", NEVER)
def test_some_addresses_are_never_called(text: str) -> None:
    """Link-local (where clouds keep a machine's secrets), multicast, nobody's."""
    address = ipaddress.ip_address(text)
    assert not may_call(address)
    assert not may_call(address, internal=True)


def test_a_program_gets_the_facts_and_the_words() -> None:
    """The form `orgo`: one object with the letter's id, the task and the text."""
    value = json.loads(body_of(parcel(), "orgo"))
    assert value["id"] == "7qk3md.5@city.example"
    assert (value["kind"], value["reference"], value["version"]) == ("escalated", "7QK3MD", 1)
    assert value["text"] == "Nobody has finished this.\n"


def test_a_second_try_is_the_same_bytes() -> None:
    """Nothing of the moment goes into the body."""
    assert body_of(parcel(), "orgo") == body_of(parcel(), "orgo")


def test_a_chat_gets_one_text_that_rings_nobody() -> None:
    """What a stranger wrote can't call the whole channel, nor be read as the chat's own commands."""
    value = json.loads(
        body_of(parcel(text="<!channel> @here & @all a@allied.example <http://x|click>"), "chat")
    )
    assert list(value) == ["text"]
    assert value["text"].startswith("[#7QK3MD] Level 1: Water leak\n\n")
    assert "<" not in value["text"]
    assert "@here" not in value["text"]
    assert "@all " not in value["text"]
    assert "a@allied.example" in value["text"]


def test_a_chat_gets_no_link_but_ours() -> None:
    """A stranger's address stays text, as itself and in Markdown; that of the task's page can be clicked on."""
    own = parcel().headers["link"]
    evil = "http://evil.example/login www.evil.example [IT desk](http://evil.example) ![x](HTTPS://evil.example/x.png)"
    fake = own.replace("/tasks/", ".evil.example/tasks/")
    text = json.loads(body_of(parcel(text=f"{evil} {fake}\nOpen it in Orgo: {own}\n"), "chat"))["text"]
    assert re.findall(r"https?://\S+|www\.\S+|\]\(", text, re.IGNORECASE) == [own]
    assert text.replace("\u200b", "").count("evil.example") == 5


def test_the_signature_is_that_of_the_documentation() -> None:
    """HMAC-SHA256 over timestamp, full stop, body; another time, body or secret signs otherwise."""
    expected = hmac.new(b"s3cret", b"1788768000.{}", "sha256").hexdigest()
    assert signature("s3cret", 1788768000, b"{}") == f"v1={expected}"
    others = [("s3cret", 1788768001, b"{}"), ("s3cret", 1788768000, b"{ }"), ("other", 1788768000, b"{}")]
    assert all(signature(*other) != f"v1={expected}" for other in others)
