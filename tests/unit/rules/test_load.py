"""A rules file is read as it is meant, or refused with everything that is wrong with it, each at its place."""

import pytest

from orgo.lib.durations import Duration
from orgo.lib.problems import BadInput, Problem
from orgo.rules import Facts, load

SAMPLE = r"""
version: 1
keywords: [urgent, leak, outage]
default: {route_to: reception@organization.com}
rules:
  - name: Water leaks
    condition: "(subject contains 'leak' or body has word 'flooding') and subject matches /room (?P<room>[0-9]+)/"
    unless: "from is 'newsletter@supplier.example'"
    action:
      route_to: maintenance@organization.com
      type: maintenance.plumbing
      priority: high
      labels: [water]
      attach: [protocols/leak.pdf, maps/{room}.pdf]
      escalate_after: 2 hours
      levels:
        - {after: 2 hours, to: supervisor@organization.com}
        - {after: 4 hours, to: director@organization.com, notify: [board@organization.com]}
      calendar: office-hours
      acknowledge: templates/received.txt
      anonymize: false
    active: {from: 2026-09-01, hours: "Mon-Fri 07:00-18:00"}
    mode: on
    tests:
      - given: {subject: "Water leak in Room 102"}
        expect: {match: true, room: "102"}
"""


def problems(text: str) -> tuple[Problem, ...]:
    with pytest.raises(BadInput) as caught:
        load(text, "rules.yaml")
    return caught.value.problems


def test_the_full_form_is_read() -> None:
    """As DESIGN.md shows it, the braces in a list without quotes included."""
    decision = load(SAMPLE, "rules.yaml").decide(Facts(subject="Water Leak in Room 102", body="urgent"))

    assert decision.attach == ("protocols/leak.pdf", "maps/102.pdf") and decision.fields == {"room": "102"}
    assert [(level.after, level.to) for level in decision.levels] == [
        (Duration(0, 7200), "supervisor@organization.com"),
        (Duration(0, 14400), "director@organization.com"),
    ]
    assert (decision.calendar, decision.acknowledge, decision.anonymize) == (
        "office-hours",
        "templates/received.txt",
        False,
    )
    assert decision.keywords == ("urgent", "leak")


def test_the_same_bytes_are_the_same_revision() -> None:
    one, other = load(SAMPLE, "a.yaml"), load(SAMPLE.encode(), "b.yaml")

    assert one.hash == other.hash != load(SAMPLE + "#", "a.yaml").hash


@pytest.mark.parametrize(
    ("condition", "line", "column"),
    [
        ("'subject contains ''x'' and subjct is ''y'''", 2, 44),
        ('"subject contains \\"x\\" and subjct is \'y\'"', 2, 44),
        ("\"subject contains '\\u00e9' and subjct is 'y'\"", 2, 47),
        (">\n      subject contains 'x'\n      and\n      subjct is 'y'", 5, 7),
        (">-\n\n      subject contains 'x' and\n\n      subjct is 'y'", 6, 7),
        ("|\n      subject contains 'x'\n      and   subjct is 'y'", 4, 13),
        ("subject contains 'x' and\n      subjct is 'y'", 3, 7),
        ("\"subject contains 'x' \\\n     and subjct is 'y'\"", 3, 10),
        ("\"subject contains 'x'\n\n     and subjct is 'y'\"", 4, 10),
    ],
)
def test_a_problem_in_a_condition_has_its_place_however_it_is_quoted(
    condition: str, line: int, column: int
) -> None:
    (problem,) = problems(f"rules:\n  - condition: {condition}\n    action: {{route_to: a@b.example}}\n")

    assert (problem.line, problem.column) == (line, column), problem
    assert problem.hint is not None and problem.hint.startswith("did you mean subject?\n")
    shown, caret = problem.hint.split("\n")[1:]
    assert shown[caret.index("^") :].startswith("subjct")


def test_a_long_condition_is_shown_where_it_is_wrong() -> None:
    text = " or ".join(f"subject contains 'x{n}'" for n in range(100)) + " or subjct is 'y'"
    (problem,) = problems(f'rules:\n  - condition: "{text}"\n    action: {{route_to: a@b.example}}\n')

    shown, caret = (problem.hint or "").split("\n")[1:]
    assert len(shown) < 130 and shown[caret.index("^") :].startswith("subjct")


@pytest.mark.parametrize(
    "text",
    ["(" * 5000, "not " * 3000 + "is_reply", "not (" * 100 + "is_reply" + ")" * 100, "is_reply and " * 9000],
)
def test_no_condition_exhausts_the_program(text: str) -> None:
    (problem,) = problems(f'rules:\n  - condition: "{text}"\n    action: {{route_to: a@b.example}}\n')

    assert problem.line == 2


def test_brackets_without_number_are_nothing_but_brackets() -> None:
    text = "(" * 3000 + "is_reply" + ")" * 3000

    assert (
        load(f"rules:\n  - condition: {text}\n    action: {{route_to: a@b.example}}\n", "r")
        .decide(Facts(is_reply=True))
        .rules
    )


def test_all_problems_come_in_one_answer_in_the_order_of_the_file() -> None:
    text = (
        "keyword: [a]\n"
        "default: a b@c.example\n"
        "rules:\n"
        '  - {condition: "subjct is \'a\'", action: {priority: hihg, route_to: "a@b.c, d@e.f"}}\n'
        "  - {condition: \"subject contains 'a'\", action: {levels: [{to: x}], due: 0 hours, stop: true}}\n"
        "  - {condition: 5, action: 6, tests: [{given: {subjct: x, size: big, zone: Mars, received_at: soon}, expect: {match: maybe}}]}\n"
    )
    found = problems(text)

    assert [problem.line for problem in found] == sorted(problem.line or 0 for problem in found)
    assert {problem.line for problem in found} == {1, 2, 4, 5, 6} and len(found) == 15
    assert all(problem.column for problem in found)


def test_at_most_fifty_problems_are_shown() -> None:
    assert len(problems("rules:\n" + "  - {condition: \"a is 'b'\", action: {route_to: x}}\n" * 3000)) == 50


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("{name: [x], condition: is_reply, action: {route_to: a}}", "rules[0].name: a text is meant here"),
        ("{condition: is_reply, action: {route_to: a, notify: [\"a@b.c\\nBcc: d@e.f\"]}}", "a line break"),
        ("{condition: is_reply, action: {route_to: \"a@b.c>\"}}", "one address or team is meant"),
        ("{condition: is_reply, action: {attach: [/etc/passwd]}}", "leads out of the folder"),
        ("{condition: is_reply, action: {attach: ['a\\..\\..\\b']}}", "leads out of the folder"),
        ("{condition: is_reply, action: {acknowledge: ../x}}", "leads out of the folder"),
        ("{condition: is_reply, action: {attach: ['a{b']}}", "a lone brace"),
        ("{condition: is_reply, after: 2 hours, action: {route_to: a}}", "it belongs under action: levels:"),
        ("{condition: is_reply, action: {route_to: a, after: 2 hours}}", "it belongs under levels:"),
        ("{condition: is_reply, action: {route_to: a, unless: is_bounce}}", "it belongs under the rule itself"),
        ("{condition: is_reply, action: {route_to: a, levels: [{after: 1 h, priority: high}]}}", "it belongs under action:, beside levels:"),
        ("{condition: is_reply, hours: 24x7, action: {route_to: a}}", "it belongs under active:"),
        ("{condition: is_reply, active: {from: 2026-13-45}, action: {route_to: a}}", "is no date"),
        ("{condition: is_reply, active: {from: 2026-02-02, until: 2026-02-01}, action: {route_to: a}}", "before it begins"),
        ("{condition: is_reply, active: {hours: always}, action: {route_to: a}}", "write hours like"),
        ("{condition: is_reply, unless: \"age > '2 hours'\", action: {route_to: a}}", "an age can't stand in unless"),
        ("{condition: is_reply, action: {route_to: a}, mode: onn}", "did you mean on?"),
        ("{condition: is_reply, action: {route_to: a}, stop: maybe}", "true or false"),
        ("{condition: is_reply, action: {route_to: a}, tests: [{given: {}, expect: {matches: true}}]}", "did you mean match?"),
        ("{condition: is_reply, action: {route_to: a}, tests: [x]}", "a map with keys is meant"),
        ("{condition: \"age > '4 hours' and status is waiting\", action: {route_to: a}}", "can't wait for this status"),
        ("{condition: \"status is pending\", action: {route_to: a}}", "beside age"),
    ],
)  # fmt: skip
def test_what_is_refused(rule: str, words: str) -> None:
    assert words in "\n".join(map(str, problems(f"rules:\n  - {rule}\n")))


@pytest.mark.parametrize("quote", ["", "'"])
@pytest.mark.parametrize(("yes", "no"), [("yes", "no"), ("on", "off"), ("true", "false"), ("Yes", "NO")])
def test_yes_and_no_are_what_they_say(yes: str, no: str, quote: str) -> None:
    yes, no = f"{quote}{yes}{quote}", f"{quote}{no}{quote}"
    action = f"action: {{route_to: a, anonymize: {no}}}"
    first, second = load(
        f"rules:\n  - {{condition: is_reply is {no.strip(quote)}, {action}, mode: {yes}, stop: {yes}}}\n"
        f"  - {{condition: is_reply, {action}, mode: {no}, stop: {no}}}\n",
        "rules.yaml",
    ).rules

    assert (first.mode, first.stop, first.action.anonymize) == ("on", True, False)
    assert (second.mode, second.stop) == ("off", False)


def test_the_place_in_a_condition_stands_on_lines_of_its_own_without_a_hint_too() -> None:
    (problem,) = problems("rules:\n  - {condition: is_reply is maybe, action: {route_to: a}}\n")

    assert str(problem).endswith("is_reply is true or false\n  is_reply is maybe\n              ^")


def test_a_newer_version_is_refused_before_anything_else() -> None:
    (problem,) = problems("version: 3\nnew_key: x\nrules: 5\n")

    assert "version 3: it is newer than this program" in str(problem)


FLAT = """rules:
condition: "subject contains 'urgent'"
action:
route_to: maintenance@organization.com
escalate_after: "2 hours"
"""


def test_a_file_pasted_flat_is_shown_as_it_was_meant_and_that_can_be_read() -> None:
    (problem,) = problems(FLAT)
    _, _, shown = (problem.hint or "").partition("\n")

    assert load(shown, "r").decide(Facts(subject="urgent")).route_to == "maintenance@organization.com"
    assert "the indentation is lost" in problem.message


@pytest.mark.parametrize(
    "text",
    [
        FLAT.replace("condition", "- condition"),
        FLAT + FLAT.partition("\n")[2].replace("urgent", "fire"),
        "keywords: [a]\n" + FLAT.replace("rules", "workflow_rules"),
        FLAT.replace("condition:", "name: Urgent\ncondition:") + "mode: on\n",
        "workflow_rules:\n- type: a\n"
        + FLAT.partition("\n")[2]
        + "- type: b\ncondition: is_reply\nroute_to: b@b.example\n",
    ],
)
def test_other_flat_files(text: str) -> None:
    (problem,) = problems(text)
    _, _, shown = (problem.hint or "").partition("\n")

    assert load(shown, "r").decide(Facts(subject="urgent")).route_to == "maintenance@organization.com"


def test_what_only_looks_flat_is_read() -> None:
    assert load("rules:\n- condition: is_reply\n  action:\n    route_to: a@b.example\n", "r").rules
    assert load("rules:\n- {condition: is_reply, action: {route_to: a@b.example}}\n", "r").rules
    assert load("rules: []\ndefault: a@b.example\n", "r").default == "a@b.example"


def test_a_pattern_looks_past_case_and_accents_and_gives_the_words_as_they_are_written() -> None:
    ruleset = load(
        'rules:\n  - {condition: "subject matches /fenêtre (?P<place>\\\\w+)/", action: {labels: [x]}}\n', "r"
    )

    assert ruleset.decide(Facts(subject="Fenêtre A12")).fields == {"place": "A12"}
    assert ruleset.decide(Facts(subject="FENETRE Nord")).fields == {"place": "nord"}
    assert ruleset.decide(Facts(subject="Fenster")).fields == {}


def test_ten_thousand_rules_are_read() -> None:
    """bad input 81; the bench measures how long it takes."""
    rules = "".join(
        f"  - {{condition: \"subject contains 'word{n:05}'\", action: {{route_to: t@x.example}}}}\n"
        for n in range(10_000)
    )
    read = load(f"rules:\n{rules}", "rules.yaml")

    assert len(read.rules) == 10_000
    assert read.decide(Facts(subject="word09999")).rule == "rule 10000"
