"""The bytes of a letter: the same each time, and no value brings a header of its own (S07, M6)."""

import email
from datetime import UTC, datetime
from email import policy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orgo.delivery.email.mime import build
from orgo.delivery.ports import DeliveryError, Parcel
from orgo.lib.text import clean_header, clean_text

NASTY = "=?utf-8?q?x=0d=0aBcc:_evil@x.example=0d=0a=0d=0aInjected?="


def parcel(subject: str = "Water leak", text: str = "It leaks.\n", **more: object) -> Parcel:
    values = {
        "recipient": "anna@city.example",
        "envelope_from": "orgo@city.example",
        "message_id": "<7qk3md.1.abc@city.example>",
        "date": datetime(2026, 9, 4, 14, 50, tzinfo=UTC),
        "subject": subject,
        "text": text,
        "html": "<p>It leaks.</p>",
        "headers": {"Reply-To": "orgo+x@city.example"},
        **more,
    }
    return Parcel(**values)  # type: ignore[arg-type]


def test_a_resend_is_the_same_bytes() -> None:
    letter = parcel(attachments=(("plan.pdf", b"%PDF-1.4 x"),))

    assert build(letter, "orgo@city.example", "City") == build(letter, "orgo@city.example", "City")


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=120), st.text(max_size=300))
def test_whatever_the_subject_and_text_the_headers_are_ours_and_the_text_arrives(
    subject: str, text: str
) -> None:
    data = build(parcel(subject, clean_text(text)), "orgo@city.example", "City")
    message = email.message_from_bytes(data, policy=policy.default)

    assert set(message.keys()) == {
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "Reply-To",
        "MIME-Version",
        "Content-Type",
    }
    assert str(message["Subject"]).split() == clean_header(subject).split()
    assert b"\n" not in data.replace(b"\r\n", b"") and b"\r" not in data.replace(b"\r\n", b"")
    body = message.get_body(("plain",))
    assert body is not None and str(body.get_content()).replace("\r\n", "\n").rstrip("\n") == clean_text(
        text
    ).rstrip("\n")


@pytest.mark.parametrize(
    "value",
    ["x\r\nBcc: evil@x.example", "x\nBcc: evil@x.example\n\nInjected", NASTY, f"Re: {NASTY}", "x\u2028y"],
)
@pytest.mark.parametrize("where", ["subject", "from_name", "recipient", "header", "filename"])
def test_no_value_brings_a_header_of_its_own(where: str, value: str) -> None:
    more: dict[str, object] = {}
    if where == "subject":
        more["subject"] = value
    elif where == "recipient":
        more["recipient"] = f"anna@city.example{value}"
    elif where == "header":
        more["headers"] = {"Reply-To": value}
    elif where == "filename":
        more["attachments"] = ((value, b"x"),)
    try:
        data = build(parcel(**more), "orgo@city.example", value if where == "from_name" else "City")  # type: ignore[arg-type]
    except (DeliveryError, ValueError):
        return

    message = email.message_from_bytes(data, policy=policy.compat32)
    assert message["Bcc"] is None and b"\r\nInjected" not in data
