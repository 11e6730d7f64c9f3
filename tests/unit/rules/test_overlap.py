"""Two rules that want the same mail for different teams are named; what was thought of is passed by."""

import pytest

from orgo.rules import load
from orgo.rules.overlap import overlapping

FIRST = "- {name: A, condition: \"subject contains 'leak' or text has word 'flood'\", action: {route_to: works@x.example}}"


def found(second: str, first: str = FIRST) -> list[tuple[str, str]]:
    rules = load(f"rules:\n  {first}\n  {second}\n", "r.yaml")
    return [(rule.name, message) for rule, message, _ in overlapping(rules)]


def rule(condition: str, more: str = "", to: str = "desk@x.example") -> str:
    return f'- {{name: B, condition: "{condition}", action: {{route_to: {to}}}{more}}}'


def test_a_word_that_suffices_for_both_is_said_with_the_rule_that_comes_first() -> None:
    assert found(rule("body contains 'window' or subject contains 'leak'")) == [
        ("B", "mail with “leak” also fits A (line 2), which comes first and takes it to works@x.example")
    ]


@pytest.mark.parametrize(
    "condition", ["text contains 'leak'", "subject has word 'leak'", "body has word 'flood'"]
)
def test_another_place_or_operator_that_a_mail_can_meet_at_once_counts(condition: str) -> None:
    assert found(rule(condition))


@pytest.mark.parametrize(
    ("condition", "more", "to"),
    [
        ("subject contains 'leak'", "", "works@x.example"),  # the same team
        ("subject contains 'leak' and from is 'a@x.example'", "", "desk@x.example"),  # asks for more
        ("body contains 'leak'", "", "desk@x.example"),  # another place: no mail need have both
        ("subject contains 'leak'", ", unless: \"subject contains 'gas'\"", "desk@x.example"),  # thought of
        ("subject contains 'leak'", ", mode: shadow", "desk@x.example"),
    ],
)
def test_what_is_no_mistake_is_passed_by(condition: str, more: str, to: str) -> None:
    assert not found(rule(condition, more, to))


def test_rules_of_other_hours_do_not_meet() -> None:
    day = FIRST[:-1] + ', active: {hours: "Mon-Fri 07:00-18:00"}}'
    assert not found(rule("subject contains 'leak'"), day)
    assert found(rule("subject contains 'leak'", ', active: {hours: "Mon-Fri 07:00-18:00"}'), day)
