"""What a set of rules decides: the same as asking each rule in turn, whatever their number."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orgo.lib.durations import Duration
from orgo.lib.problems import BadInput
from orgo.rules import Facts, RuleSet, compare, load, why, why_not

BLUEPRINT = """
rules:
  - condition: "subject contains 'urgent'"
    action:
      route_to: maintenance@organization.com
      escalate_after: "2 hours"
"""


def rules(text: str) -> RuleSet:
    return load(text, "rules.yaml")


def test_the_blueprints_form_is_valid_as_it_stands() -> None:
    decision = rules(BLUEPRINT).decide(Facts(subject="URGENT: leak"))

    assert decision.route_to == "maintenance@organization.com"
    assert [(level.after, level.to) for level in decision.levels] == [(Duration(0, 7200), None)]
    assert decision.keywords == ("urgent",)


def test_the_sister_form_is_valid_too() -> None:
    decision = rules(
        """
workflow_rules:
  - type: maintenance
    condition: "organization == 'school'"
    route_to: works@x.example
    attach: plan.pdf
    escalate_after: 1 hour
    escalate_to: head@x.example
    notify: [board@x.example]
"""
    ).decide(Facts(organization="School"))

    assert (decision.type, decision.attach, decision.notify) == (
        "maintenance",
        ("plan.pdf",),
        ("board@x.example",),
    )
    assert [(level.to, level.notify) for level in decision.levels] == [
        ("head@x.example", ("board@x.example",))
    ]


def test_the_first_rule_with_a_route_decides_and_others_fill_in_what_it_lacks() -> None:
    decision = rules(
        """
rules:
  - {name: label, condition: "subject contains 'leak'", action: {labels: [water], priority: low, calendar: office}}
  - {name: works, condition: "subject contains 'leak'", action: {route_to: works@x.example, priority: high, labels: [urgent]}}
  - {name: it, condition: "subject contains 'leak'", action: {route_to: it@x.example, type: t}}
"""
    ).decide(Facts(subject="leak"))

    assert (decision.rule, decision.route_to, decision.priority) == ("works", "works@x.example", "high")
    assert (decision.calendar, decision.type, decision.labels) == ("office", "t", ("water", "urgent"))


def test_stop_ends_it_but_never_the_strictest_visibility() -> None:
    decision = rules(
        """
rules:
  - {name: broad, condition: "subject contains 'report'", action: {route_to: desk@x.example}, stop: true}
  - {name: confidential, condition: "body contains 'harassment'", action: {route_to: hr@x.example, visibility: private, labels: [hr], anonymize: true}}
"""
    ).decide(Facts(subject="report", body="harassment"))

    assert (decision.route_to, decision.labels) == ("desk@x.example", ())
    assert (decision.visibility, decision.anonymize) == ("private", True)


def test_an_age_becomes_a_level() -> None:
    decision = rules(
        """
rules:
  - condition: "subject contains 'leak' and task_unresolved_time > '4 hours'"
    action: {route_to: works@x.example, escalate_to: chief@x.example}
  - condition: "subject contains 'fire' and status is pending and age > '10 min'"
    action: {route_to: works@x.example, escalate_to: chief@x.example}
"""
    )

    assert [(lv.after, lv.to, lv.until) for lv in decision.decide(Facts(subject="leak")).levels] == [
        (Duration(0, 14400), "chief@x.example", "completed")
    ]
    assert decision.decide(Facts(subject="fire")).levels[0].until == "acknowledged"


def test_named_groups_become_fields_and_fill_paths_only_with_plain_words() -> None:
    ruleset = rules(
        """
rules:
  - condition: "subject matches /room (?P<room>\\\\S+)/"
    action: {route_to: works@x.example, attach: ["maps/{room}.pdf", "plan.pdf"]}
"""
    )

    assert ruleset.decide(Facts(subject="leak in ROOM 102")).attach == ("maps/102.pdf", "plan.pdf")
    assert ruleset.decide(Facts(subject="room ../../etc/passwd")).attach == ("plan.pdf",)
    assert ruleset.decide(Facts(subject="room ..")).attach == ("plan.pdf",)


def test_unless_active_and_mode() -> None:
    from datetime import UTC, datetime

    ruleset = rules(
        """
rules:
  - {name: off, mode: off, condition: "subject contains 'leak'", action: {route_to: off@x.example}}
  - {name: shadow, mode: shadow, condition: "subject contains 'leak'", action: {route_to: shadow@x.example}}
  - name: day
    condition: "subject contains 'leak'"
    unless: "from is 'news@x.example'"
    active: {from: 2026-09-01, until: 2026-09-30, hours: "Mon-Fri 07:00-18:00"}
    action: {route_to: day@x.example}
"""
    )

    def route(**facts: object) -> str | None:
        return ruleset.decide(Facts(subject="leak", zone="Europe/Paris", **facts)).route_to  # type: ignore[arg-type]

    monday = datetime(2026, 9, 7, 8, tzinfo=UTC)
    assert route(received_at=monday) == "day@x.example"
    assert route(received_at=monday, sender=["news@x.example"]) is None
    assert route(received_at=datetime(2026, 9, 7, 17, tzinfo=UTC)) is None
    assert route(received_at=datetime(2026, 8, 31, 8, tzinfo=UTC)) is None
    assert route(received_at=datetime(2026, 9, 30, 8, tzinfo=UTC)) == "day@x.example"
    assert route(received_at=datetime(2026, 10, 1, 8, tzinfo=UTC)) is None


WORDS = ["leak", "fire", "urgent", "water", "room", "élève", "ELEVE", "a", "le"]
_leaf = st.builds(
    lambda field, op, word: f"{field} {op} '{word}'",
    st.sampled_from(["subject", "body", "text", "to", "organization"]),
    st.sampled_from(["contains", "has word", "starts with", "ends with", "does not contain"]),
    st.sampled_from(WORDS),
)
_condition = st.recursive(
    _leaf,
    lambda inner: (
        st.builds(lambda a, op, b: f"({a} {op} {b})", inner, st.sampled_from(["and", "or"]), inner)
        | inner.map(lambda a: f"not {a}")
    ),
    max_leaves=5,
)
_texts = st.lists(st.sampled_from(WORDS), max_size=4).map(" ".join)


@settings(max_examples=200, deadline=None)
@given(st.lists(_condition, min_size=1, max_size=12), _texts, _texts, _texts)
def test_the_automaton_never_changes_a_decision(
    conditions: list[str], subject: str, body: str, sender: str
) -> None:
    import json

    text = "rules:\n" + "".join(
        f"  - {{name: r{n}, condition: {json.dumps(c, ensure_ascii=False)}, action: {{route_to: t{n}@x.example}}}}\n"
        for n, c in enumerate(conditions)
    )
    ruleset = rules(text)
    facts = Facts(subject=subject, body=body, to=[sender], organization=subject)

    naive = [rule.name for rule in ruleset.rules if rule.fits(facts)]

    assert list(ruleset.decide(facts).rules) == naive


def test_a_decision_says_why_and_why_not() -> None:
    ruleset = rules(
        """
rules:
  - {name: Leaks, condition: "subject contains any of ['leak', 'flood'] and body contains 'room'", action: {route_to: works@x.example}}
  - {name: Fires, condition: "subject contains 'leak' and body contains 'fire'", action: {route_to: fire@x.example}}
"""
    )
    facts = Facts(subject="leak", body="room 1")

    assert why(ruleset.decide(facts)) == [
        "Rule “Leaks” decided: the subject contains “leak” and the text contains “room”."
    ]
    assert why_not(ruleset, facts) == [
        "Rule “Fires” nearly matched; it also asks that the text contains “fire”."
    ]
    assert why(ruleset.decide(Facts(subject="x")), "fr") == ["Aucune règle n'en voulait."]


def test_two_rule_sets_are_compared_mail_by_mail() -> None:
    old, new = rules(BLUEPRINT), rules(BLUEPRINT.replace("maintenance", "works"))

    change = compare(new, old, Facts(subject="urgent"))
    assert change is not None and (change.old.route_to, change.new.route_to) == (
        "maintenance@organization.com",
        "works@organization.com",
    )
    assert compare(new, old, Facts(subject="other")) is None


def test_a_decision_can_be_kept_as_json() -> None:
    assert msgspec.json.encode(rules(BLUEPRINT).decide(Facts(subject="urgent")))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "rules:\n  - {condition: \"subject contains 'a'\", actoin: {route_to: a@b.c}}",
            "did you mean action?",
        ),
        ("rules:\n  - {condition: \"subject contains 'a'\", route_to: a@b.c}", "it belongs under action:"),
        (
            "rules:\n  - {condition: \"subject contains 'a'\", action: {route_to: a@b.c, escalte_after: 1 day}}",
            "did you mean escalate_after?",
        ),
        (
            "rules:\n  - {condition: \"subject contains 'a'\", action: {route_to: a@b.c, escalate_after: 5 minutess}}",
            "write it like",
        ),
        (
            "rules:\n  - {condition: \"subject contains 'a'\", action: {attach: ../secret}}",
            "leads out of the folder",
        ),
        ("rules:\n  - {condition: \"subject contains 'a'\", action: {priority: hihg}}", "did you mean high?"),
        ("version: 2\nrules: []", "newer than this program"),
        ("rules:\n- condition: \"subject contains 'a'\"\n", "the rule does nothing"),
        ("rules:\n- action: {route_to: a@b.c}\n", "the rule has no condition"),
        ("rules: x\n", "a list is meant here"),
        ("rule: []\n", "did you mean rules?"),
        (
            'rules:\ncondition: "subject contains \'urgent\'"\naction:\nroute_to: a@b.c\nescalate_after: "2 hours"\n',
            "indent it like this",
        ),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_what_is_right(text: str, words: str) -> None:
    with pytest.raises(BadInput) as caught:
        rules(text)

    assert words in str(caught.value)


def test_every_problem_is_named_in_one_answer() -> None:
    with pytest.raises(BadInput) as caught:
        rules(
            "rules:\n  - {condition: \"subjct is 'a'\", action: {priority: x}}\n  - {condition: 'nothing', action: {levels: [{to: x}]}}\n"
        )

    assert len(caught.value.problems) >= 4
