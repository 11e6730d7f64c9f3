"""Rules that an earlier one keeps from deciding are named; what is called wider really is, for every mail."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orgo.rules import Facts, load
from orgo.rules.parse import parse_condition
from orgo.rules.reach import implies, unreachable

WORDS = ["leak", "water leak", "eak", "le", "room"]
_leaf = st.builds(
    "{} {} '{}'".format,
    st.sampled_from(["subject", "body", "text"]),
    st.sampled_from(["contains", "has word", "starts with", "ends with", "is"]),
    st.sampled_from(WORDS),
) | st.builds(
    "{} contains {} of {}".format,
    st.sampled_from(["subject", "text"]),
    st.sampled_from(["any", "all"]),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(str),
)
_condition = st.recursive(
    _leaf,
    lambda inner: (
        st.builds("({} {} {})".format, inner, st.sampled_from(["and", "or"]), inner)
        | inner.map("not ({})".format)
    ),
    max_leaves=4,
)
_text = st.lists(st.sampled_from([*WORDS, "x"]), max_size=3).map(" ".join)


@settings(max_examples=200, deadline=None)
@given(_condition, _condition, st.lists(st.tuples(_text, _text), min_size=5, max_size=20))
def test_what_is_implied_holds_wherever_the_other_does(
    one: str, other: str, mails: list[tuple[str, str]]
) -> None:
    first, second = parse_condition(one).condition, parse_condition(other).condition
    if implies(first, second):
        for subject, body in mails:
            facts = Facts(subject=subject, body=body)
            assert second.holds(facts) or not first.holds(facts)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("subject contains 'water leak'", "subject contains 'leak'"),
        ("subject contains 'leak'", "text contains 'leak'"),
        ("subject is 'leak'", "subject has word 'leak'"),
        ("subject contains 'a' and size > 5", "subject contains 'a'"),
        ("subject contains 'a'", "subject contains 'a' or size > 5"),
        ("subject contains all of ['a', 'b']", "subject contains 'b'"),
        ("subject contains 'leak'", "subject contains any of ['x', 'eak']"),
        ("not subject contains 'a'", "not subject contains 'ab'"),
        ("is_reply and has_attachment", "has_attachment"),
        ("subject contains 'abc'", "subject contains all of ['a', 'bc']"),
    ],
)
def test_what_is_seen_to_be_wider(one: str, other: str) -> None:
    assert implies(parse_condition(one).condition, parse_condition(other).condition)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("subject contains any of ['a', 'b']", "subject contains all of ['a', 'b']"),
        ("subject contains 'leak'", "subject contains 'water leak'"),
        ("subject contains 'water leak'", "subject has word 'leak'"),
        ("text contains 'leak'", "subject contains 'leak'"),
        ("subject contains 'a' or is_reply", "subject contains 'a'"),
        ("subject starts with 'leak'", "subject is 'leak'"),
        ("size > 5", "size > 6"),
    ],
)
def test_what_is_not_wider(one: str, other: str) -> None:
    assert not implies(parse_condition(one).condition, parse_condition(other).condition)


def lines(text: str) -> list[str]:
    return [f"{rule.name}: {message}" for rule, message, _ in unreachable(load(text, "rules.yaml"))]


def test_a_rule_behind_a_wider_one_never_decides() -> None:
    assert lines(
        """rules:
  - {name: wide, condition: "subject contains 'leak'", action: {route_to: a@x.example}}
  - {name: other, condition: "body contains 'leak'", action: {route_to: b@x.example}}
  - {name: narrow, condition: "subject contains 'water leak' and is_reply", action: {route_to: c@x.example}}
"""
    ) == ["narrow: it never decides: wide (line 2) wants the same mails and comes first"]


def test_a_rule_behind_one_that_stops_is_never_asked() -> None:
    assert lines(
        """rules:
  - {name: wide, condition: "subject contains 'leak'", action: {labels: [x]}, stop: true}
  - {name: narrow, condition: "subject has word 'leak'", action: {labels: [y]}}
"""
    ) == ["narrow: it is never asked: wide (line 2) wants the same mails and stops"]


@pytest.mark.parametrize(
    "wide",
    [
        "condition: \"subject contains 'leak'\", unless: is_reply, action: {route_to: a@x.example}",
        "condition: \"subject contains 'leak'\", active: {until: 2027-01-01}, action: {route_to: a@x.example}",
        "condition: \"subject contains 'leak'\", mode: shadow, action: {route_to: a@x.example}",
        "condition: \"subject contains 'leak'\", action: {labels: [x]}",
    ],
)
def test_a_rule_that_leaves_some_mails_over_hides_nobody(wide: str) -> None:
    text = f"rules:\n  - {{{wide}}}\n  - {{condition: \"subject contains 'leak'\", action: {{route_to: b@x.example}}}}\n"

    assert lines(text) == []
