"""The language of conditions: what holds for which mail, and what is said of one that can't be read."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orgo.lib.problems import BadInput
from orgo.rules import Facts, load
from orgo.rules.facts import PATTERNS_LOOK_AT
from orgo.rules.parse import parse_condition
from orgo.rules.plain import read_plain
from orgo.rules.terms import BadCondition

MAIL = Facts(
    subject="Water Leak in Room 102",
    body="The élève says: flooding! 30 cm.",
    sender=["secretary@organization.com", "Anna Abel"],
    to=["info@organization.com"],
    recipients=["info@organization.com"],
    attachment_names=["photo.JPG", "plan.pdf"],
    attachment_types=["image/jpeg", "application/pdf"],
    size=6_000_000,
    headers=[("X-Kind", "Alarm"), ("Received", "x")],
    received_at=datetime(2026, 9, 5, 22, 30, tzinfo=UTC),
    zone="Europe/Paris",
    organization="school",
    spam_score=1.5,
    dmarc="pass",
    is_reply=True,
)


def holds(text: str) -> bool:
    return parse_condition(text).condition.holds(MAIL)


@pytest.mark.parametrize(
    "text",
    [
        "subject contains 'leak'", "subject contains 'LEAK'", "body contains 'eleve'", "body has word 'flooding'", "text contains \"room\"",
        "subject starts with 'water'", "subject ends with '102'", "subject is 'water leak in room 102'", "from is 'secretary@organization.com'",
        "from contains 'anna'", "sender is 'SECRETARY@organization.com'", "subject contains any of ['x', 'leak']",
        "subject contains all of ['leak', 'room']", "organization == 'school'", "organization in ['city', 'school']",
        "organization is in ['school']", "organization is not in ['city']", "organization != 'city'", "organization is not 'city'", "organization not in ['city']", "subject does not contain 'fire'",
        "subject matches /room (?P<room>[0-9]+)/", "size > 5 MB", "size >= 6000000", "size < '7 MB'", "hour == 0", "hour < 1",
        "weekday is sunday", "weekday in [sat, sun]", "date >= 2026-09-06", "date is 2026-09-06", "attachments > 1",
        "attachments contains 'photo'", "attachment_names ends with '.pdf'", "attachment_types is 'image/jpeg'", "has_attachment", "is_reply",
        "not is_bounce", "is_bounce is false", "header['X-Kind'] is 'alarm'", "spam_score > 1", "auth.dmarc is pass", "recipients contains 'info@'",
        "not subject contains 'fire' and (body contains 'x' or subject contains 'leak')", "SUBJECT CONTAINS 'leak' AND NOT is_bounce",
        "subject contains 'fire' or subject contains 'leak' and body contains 'flooding'",
    ],
)  # fmt: skip
def test_holds(text: str) -> None:
    assert holds(text)


@pytest.mark.parametrize(
    "text",
    [
        "subject contains 'fire'", "body has word 'flood'", "subject starts with 'leak'", "subject is 'leak'", "size > 7 MB", "weekday is monday",
        "subject contains all of ['leak', 'fire']", "hour > 0", "date > 2026-09-06", "header['X-None'] contains 'a'", "spam_score > 2",
        "auth.spf is pass", "cc contains 'a'", "not is_reply", "(subject contains 'fire' or subject contains 'leak') and body contains 'none'",
    ],
)  # fmt: skip
def test_does_not_hold(text: str) -> None:
    assert not holds(text)


def test_date_and_hour_are_those_of_receipt_in_the_zone() -> None:
    """22:30 UTC on Saturday is half past midnight on Sunday in Paris."""
    assert holds("weekday is sunday and hour is 0 and date is 2026-09-06")


@pytest.mark.parametrize(
    ("text", "offset", "words"),
    [
        ("subjct contains 'x'", 0, "did you mean subject?"),
        ("subject contain 'x'", 8, "did you mean contains?"),
        ("subject contains 'x", 17, "never closed"),
        ("subject has 'x'", 8, "did you mean has word?"),
        ("subject does contain 'x'", 8, "did you mean does not contain?"),
        ("subject contains any ['a']", 21, "a list stands after in, contains any of"),
        ("subject contains any of 'a'", 24, "contains any of ['leak', 'flood']"),
        ("subject", 0, "compared with nothing"),
        ("subject contains", 16, "ends too early"),
        ("(subject contains 'x'", 21, "ends too early"),
        ("subject contains 'a' or age > '4 hours'", 24, "an `and` at the top"),
        ("not (age > '4 hours')", 5, "an `and` at the top"),
        ("subject matches /(?=x)/", 17, "look-ahead"),
        ("subject matches /a(b/", 17, "missing )"),
        ("subject matches /(.)\\1/", 20, "invalid escape"),
        ("size > big", 7, "no number"),
        ("subject contains ''", 17, "an empty text"),
        ("subject > 5", 0, "is a text"),
        ("age > '4 hourss'", 6, "write it like"),
        ("age contains '4'", 0, "more than a duration"),
        ("weekday is funday", 11, "monday"),
        ("date > 2026-13-45", 7, "no date"),
        ("status is pending", 0, "beside age"),
        ("subject contains 'a' && body contains 'b'", 21, "means nothing here"),
    ],
)
def test_what_can_not_be_read_is_said_with_its_place(text: str, offset: int, words: str) -> None:
    with pytest.raises(BadCondition) as caught:
        parse_condition(text)

    assert caught.value.offset == offset and words in f"{caught.value.message} {caught.value.hint}"


@given(st.text(max_size=60))
def test_any_text_is_a_condition_or_a_problem(text: str) -> None:
    try:
        parse_condition(text).condition.holds(MAIL)
    except BadCondition as error:
        assert 0 <= error.offset <= len(text) + 1


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+$x", "([a-zA-Z]+)*b", "(a|aa)+$x", "(a|a?)+b", "(.*a){20}b", "(a?){100}a{100}b", "(x+x+)+y", "(.*)(.*)(.*)(.*)(.*)z",
        "(a{0,30}){0,10}b", "(?:a.*){50}b", "^(([a-z])+.)+[A-Z]([a-z])+$", "[ab]*a[ab]{200}c", "(?P<x>(?P<y>a*)*)*b",
    ],
)  # fmt: skip
def test_no_pattern_can_hang(pattern: str) -> None:
    """RE2 is linear: patterns that take Python's re for ever on 26 letters answer at once on a million (M9, S52)."""
    long = Facts(subject="a" * 1_000_000, body="ab" * 500_000)
    condition = parse_condition(f"text matches /{pattern}/").condition

    assert isinstance(condition.holds(long), bool)


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("a{1000}{1000}", "is not valid"),
        (".{0,1000}x.{0,1000}y", "steps a letter"),
        ("a" * 1001, "at most 1000"),
    ],
)
def test_a_pattern_that_is_too_large_is_refused(pattern: str, words: str) -> None:
    with pytest.raises(BadCondition) as caught:
        parse_condition(f"subject matches /{pattern}/")

    assert words in f"{caught.value.message} {caught.value.hint}"


def test_a_pattern_looks_at_the_beginning_of_a_text() -> None:
    condition = parse_condition("body matches /leak/").condition

    assert condition.holds(Facts(body=" " * (PATTERNS_LOOK_AT - 4) + "leak"))
    assert not condition.holds(Facts(body=" " * (PATTERNS_LOOK_AT - 3) + "leak"))


def test_a_problem_shows_the_line_with_a_caret() -> None:
    text = "rules:\n  - condition: \"subjct contains 'x'\"\n    action: {route_to: a@b.example}\n"
    with pytest.raises(BadInput) as caught:
        load(text, "rules.yaml")
    (problem,) = caught.value.problems

    assert (problem.line, problem.column) == (2, 17)
    assert problem.hint is not None and "subjct contains 'x'\n  ^" in problem.hint


_comparison = st.builds(
    "{} {} {}".format,
    st.sampled_from(
        ["subject", "text", "sender", "to", "auth.dmarc", "weekday", "size", "nothing", "keywords"]
    ),
    st.sampled_from(["contains", "is", "==", "has word", "starts with", "ends with"]),
    st.sampled_from(
        [
            "'leak'",
            '"leak"',
            "'a@b.c'",
            "' x '",
            "''",
            "'a''b'",
            "'a\\'b'",
            "'x or subject is'",
            '"it\'s"',
            "'\u0301'",
        ]
    ),
)


_pattern = st.builds(
    "{} matches {}".format,
    st.sampled_from(["subject", "body", "size", "header['X-Room']"]),
    st.sampled_from(["/room (?P<room>[0-9]+)/", "/a\\/b/i", "/b\xe9ton/", "/(?=x)/", "/(/", "/open"]),
)
_condition = st.recursive(
    _comparison | _pattern,
    lambda inner: st.one_of(
        st.builds("({})".format, inner),
        st.builds("not {}".format, inner),
        st.builds(
            "{}{}{}".format,
            inner,
            st.sampled_from([" or ", " and ", "  or\n", " AND ", "and ", " ", "\xa0or "]),
            inner,
        ),
    ),
    max_leaves=6,
)


@given(_condition)
def test_the_plain_form_means_what_the_grammar_says(text: str) -> None:
    """Plain conditions are read without the grammar; in many brackets the grammar reads them."""
    assert outcome(text, 0) == outcome("(" * 11 + text + ")" * 11, 11)


@pytest.mark.parametrize(
    "text",
    [
        "subject contains 'leak'",
        "(subject contains 'a' or not body has word \"b\") and subject matches /room [0-9]+/",
    ],
)
def test_what_most_rules_ask_is_read_without_the_grammar(text: str) -> None:
    assert read_plain(text) == parse_condition("(" * 11 + text + ")" * 11).condition


def outcome(text: str, shift: int) -> object:
    try:
        return parse_condition(text).condition
    except BadCondition as error:
        return error.message, error.offset - shift, error.hint


def test_words_of_the_language_begin_other_words() -> None:
    """`organization` begins with or, `alliance` with all, `notary` with not."""
    facts = Facts(organization="notary", subject="alliance insurance", list_id="order")

    assert parse_condition(
        "is_reply or organization is notary and subject contains alliance"
    ).condition.holds(facts)
    assert parse_condition("list_id is order and not organization in [isle, inn]").condition.holds(facts)
