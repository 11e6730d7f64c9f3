"""FETCH answers in the forms that servers give them."""

from datetime import UTC, datetime

import pytest

from orgo.intake.mailbox.answers import bodies, sizes

AT = datetime(2026, 9, 7, 6, 0, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "line",
    [
        b'1 (UID 7 RFC822.SIZE 163 INTERNALDATE "07-Sep-2026 08:00:01 +0200")',
        b'1 (INTERNALDATE " 7-Sep-2026 00:00:01 -0600" FLAGS (\\Seen) RFC822.SIZE 163 UID 7)',
        b'1 (uid 7 rfc822.size 163 INTERNALDATE "07-Sep-2026 06:00:01 +0000" MODSEQ (12))',
    ],
)
def test_size_and_time_in_any_order(line: bytes) -> None:
    assert sizes([line]) == {7: (163, AT)}


@pytest.mark.parametrize(
    "date",
    [b"", b' INTERNALDATE "31-Feb-2026 08:00:01 +0200"', b' INTERNALDATE "07-Foo-2026 08:00:01 +0200"'],
)
def test_a_time_that_is_none_is_none(date: bytes) -> None:
    assert sizes([b"1 (UID 7 RFC822.SIZE 163%s)" % date]) == {7: (163, None)}


def test_flags_that_nobody_asked_for_are_no_mail() -> None:
    lines = [b"9 (FLAGS (\\Seen))", b"1 (UID 7 RFC822.SIZE 163)"]
    assert sizes(lines) == {7: (163, None)}


def test_the_uid_may_come_after_the_bytes() -> None:
    """In RFC 3501's grammar the items of an answer have no order."""
    lines = [
        (b"1 (UID 7 BODY[] {3}", b"abc"), b")",
        b"5 (FLAGS (\\Seen) UID 99)",
        (b"2 (FLAGS (\\Recent) BODY[] {4}", b"d)\r\n"), b" UID 8 MODSEQ (3))",
    ]  # fmt: skip
    assert bodies(lines) == {7: b"abc", 8: b"d)\r\n"}


def test_a_mail_that_is_gone_has_no_bytes() -> None:
    assert bodies([b"1 (UID 7 BODY[] NIL)", (b"2 (UID 8 BODY[] {1}", b"x"), b")"]) == {8: b"x"}


def test_an_answer_of_an_unusual_form_is_read_all_the_same() -> None:
    """A quoted string for a short mail, and a literal that is no body: imapclient's parser takes over."""
    assert bodies([b'1 (UID 7 BODY[] "abc")']) == {7: b"abc"}
    lines = [(b"1 (UID 7 X-THING {2}", b"ab"), (b" BODY[] {3}", b"abc"), b")"]
    assert bodies(lines) == {7: b"abc"}


def test_nothing_is_nothing() -> None:
    assert (sizes([]), bodies([])) == ({}, {})
