"""Decisions in plain words: why a mail went where it went, and which rules nearly wanted it."""

from datetime import UTC, datetime

import msgspec
import pytest

from orgo.rules import Facts, load, why, why_not

RULES = """
default: desk@x.example
rules:
  - {name: Leaks, condition: "subject contains any of ['leak', 'flood'] and not body contains 'test'", action: {route_to: works@x.example}}
  - {name: Rooms, condition: "subject matches /room (?P<room>[0-9]+)/ and (body contains 'door' or body contains 'window')", action: {labels: [room]}}
  - {name: Urgent, condition: "text contains 'urgent'", unless: "from is 'news@x.example'", action: {priority: high}}
  - {name: Office hours, condition: "subject contains 'leak'", active: {hours: "Mon-Fri 08:00-18:00"}, action: {labels: [day]}}
"""
SUNDAY = datetime(2026, 9, 6, 10, tzinfo=UTC)


def test_the_deciding_rule_comes_first_with_only_the_words_that_were_there() -> None:
    decision = load(RULES, "r").decide(Facts(subject="URGENT: Flood", received_at=SUNDAY))

    assert why(decision) == [
        "Rule “Leaks” decided: the subject contains “flood”.",
        "Rule “Urgent” matched too: the subject or text contains “urgent”.",
    ]
    assert why(decision, "fr")[0] == "La règle « Leaks » a décidé : l'objet contient « flood »."


def test_a_pattern_is_said_by_what_it_found() -> None:
    decision = load(RULES, "r").decide(Facts(subject="Room 5", body="the window"))

    assert why(decision) == [
        "No rule wanted it: it goes to desk@x.example, the default.",
        "Rule “Rooms” matched too: the subject contains “Room 5” and the text contains “window”.",
    ]


def test_what_was_said_of_one_mail_is_not_said_of_the_next() -> None:
    rules = load(RULES, "r")
    said = [
        why(rules.decide(Facts(subject=subject, body="the window", received_at=SUNDAY)), language)[-1]
        for subject in ("a flood", "a leak", "room 5", "room 6")
        for language in ("en", "fr")
    ]

    assert said == [
        "Rule “Leaks” decided: the subject contains “flood”.",
        "La règle « Leaks » a décidé : l'objet contient « flood ».",
        "Rule “Leaks” decided: the subject contains “leak”.",
        "La règle « Leaks » a décidé : l'objet contient « leak ».",
        "Rule “Rooms” matched too: the subject contains “room 5” and the text contains “window”.",
        "La règle « Rooms » correspond aussi : l'objet contient « room 5 » et le texte contient « window ».",
        "Rule “Rooms” matched too: the subject contains “room 6” and the text contains “window”.",
        "La règle « Rooms » correspond aussi : l'objet contient « room 6 » et le texte contient « window ».",
    ]


def test_what_a_pattern_found_is_shown_by_its_beginning() -> None:
    rules = load("rules:\n  - {name: Long, condition: 'body matches /x+/', action: {labels: [x]}}\n", "r")
    decision = rules.decide(Facts(body="x" * 5000))

    assert why(decision)[-1] == f"Rule “Long” matched too: the text contains “{'x' * 59}…”."
    assert decision.reasons[0].words == ("x" * 5000,)


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (Facts(subject="leak", body="a test", received_at=datetime(2026, 9, 7, 9, tzinfo=UTC)), "Rule “Leaks” nearly matched; it also asks that it is not so that the text contains “test”."),
        (Facts(subject="room 5"), "Rule “Rooms” nearly matched; it also asks that the text contains “door” or the text contains “window”."),
        (Facts(body="urgent", sender=["news@x.example"]), "Rule “Urgent” nearly matched; it also asks that it is not so that the sender is “news@x.example”."),
        (Facts(subject="leak", received_at=SUNDAY), "Rule “Office hours” nearly matched; it also asks that the mail comes when the rule is in force."),
    ],
)  # fmt: skip
def test_a_near_miss_says_what_was_missing(facts: Facts, words: str) -> None:
    assert why_not(load(RULES, "r"), facts) == [words]


def test_near_misses_are_few_and_the_nearest_come_first() -> None:
    items = "".join(
        f"  - {{name: r{n}, condition: \"organization is 'city' and subject contains 'x{n}'\", action: {{labels: [x]}}}}\n"
        for n in range(50)
    )
    near = "  - {name: near, condition: \"subject contains 'leak' and body contains 'room'\", action: {labels: [x]}}\n"
    ruleset = load(f"rules:\n{items}{near}", "r")
    found = why_not(ruleset, Facts(subject="leak", organization="city"))

    assert len(found) == 5 and "“near”" in found[0]


def test_a_decision_is_kept_as_json_and_says_the_same_when_it_is_read_back() -> None:
    from orgo.rules import Decision

    decision = load(RULES, "r").decide(Facts(subject="leak"))

    assert why(msgspec.json.decode(msgspec.json.encode(decision), type=Decision)) == why(decision)


def test_reasons_are_few_however_many_rules_match() -> None:
    items = "".join(
        f"  - {{condition: \"subject contains 'leak'\", action: {{labels: [x{n}]}}}}\n" for n in range(300)
    )
    last = "  - {name: last, condition: \"subject contains 'leak'\", action: {route_to: a@x.example}}\n"
    decision = load(f"rules:\n{items}{last}", "r").decide(Facts(subject="leak"))

    assert len(decision.rules) == 301 and len(decision.reasons) == 21
    assert decision.reasons[-1].rule == "last" and why(decision)[0].startswith("Rule “last” decided")
