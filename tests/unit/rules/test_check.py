"""What `check` says of rules that can be read: who is not there, what is missing, whose tests do not come out."""

from pathlib import Path

import msgspec
import pytest

from orgo.lib.problems import Problem
from orgo.rules import Known, check, load

KNOWN = Known(
    teams=frozenset({"works@x.example", "works", "desk@x.example"}),
    people=frozenset({"chief@x.example"}),
    calendars=frozenset({"office"}),
    mailboxes=frozenset({"info@x.example"}),
    supervisors={"works@x.example": "chief@x.example"},
    last_resort="admin@x.example",
)


def checked(rule: str, known: Known = KNOWN, top: str = "default: desk@x.example") -> list[Problem]:
    return check(load(f"{top}\nrules:\n  - {rule}\n", "rules.yaml"), known)


def one(rule: str, known: Known = KNOWN) -> Problem:
    (problem,) = checked(rule, known)
    return problem


LEAK = "condition: \"subject contains 'leak'\", action: "


@pytest.mark.parametrize(
    ("action", "severity", "words"),
    [
        ("{route_to: wroks@x.example}", "warning", "becomes a team of one; did you mean works@x.example?"),
        ("{route_to: wroks}", "error", "there is no team wroks; did you mean works?"),
        ("{route_to: info@x.example}", "error", "an address that Orgo reads"),
        ("{route_to: works, notify: [info@x.example]}", "error", "an address that Orgo reads"),
        ("{route_to: works, calendar: ofice}", "error", "there is no calendar ofice; did you mean office?"),
        ("{route_to: works@x.example, escalate_after: 2 hours}", "warning", "does not say whom to tell; chief@x.example will be told"),
        ("{route_to: desk@x.example, escalate_after: 2 hours}", "warning", "does not say whom to tell; admin@x.example will be told"),
        ("{route_to: works, escalate_after: 1 hour, escalate_to: superviser}", "error", "nobody is called superviser; did you mean supervisor?"),
        ("{route_to: works, escalate_after: 1 hour, escalate_to: works}", "warning", "goes back to works: the mail was routed there before"),
        ("{route_to: works, levels: [{after: 1 h, to: a@x.example}, {after: 2 h, to: b@x.example}, {after: 3 h, to: a@x.example}]}", "warning", "after 3 hours goes back to a@x.example: it was told after 1 hour before"),
        ("{route_to: works, attach: [\"maps/{room}.pdf\"]}", "error", "nothing gives {room} in maps/{room}.pdf"),
    ],
)  # fmt: skip
def test_an_action(action: str, severity: str, words: str) -> None:
    """bad input 71: a queue, a user or a calendar that nobody knows is answered with the nearest name."""
    problem = one(f"{{{LEAK}{action}}}")

    assert problem.severity == severity and words in str(problem)
    assert (problem.file, problem.line) == ("rules.yaml", 3)


def test_a_default_whose_letters_come_back_is_an_error() -> None:
    """What no rule wants would be nobody's: Orgo's own mail opens nothing."""
    (problem,) = checked(f"{{{LEAK}{{route_to: works}}}}", top="default: {route_to: info@x.example}")

    assert problem.severity == "error" and "its letters would come back" in problem.message


def test_what_is_right_is_passed_over() -> None:
    assert (
        checked(
            f"{{{LEAK}{{route_to: Works@x.example, calendar: office, escalate_after: 1 day, escalate_to: supervisor}}}}"
        )
        == []
    )


def test_files_are_looked_for_and_links_that_lead_out_are_refused(tmp_path: Path) -> None:
    files = tmp_path / "config"
    files.mkdir()
    (files / "plan.pdf").write_bytes(b"x")
    (tmp_path / "secret").write_bytes(b"x")
    (files / "out.pdf").symlink_to(tmp_path / "secret")
    known = Known(teams=KNOWN.teams, files=files)

    found = checked(
        f"{{{LEAK}{{route_to: works, attach: [plan.pdf, none.pdf, out.pdf], acknowledge: hello.txt}}}}", known
    )

    assert [problem.message for problem in found] == [
        "the file none.pdf is not there",
        "out.pdf leads out of the folder",
        "the file hello.txt is not there",
    ]


def test_a_template_that_is_not_there_is_answered_with_the_one_of_nearly_its_name(tmp_path: Path) -> None:
    """bad input 71."""
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "received.txt").write_text("Thank you.")
    known = Known(teams=KNOWN.teams, files=tmp_path)
    near = one(f"{{{LEAK}{{route_to: works, acknowledge: templates/recieved.txt}}}}", known)
    far = one(f"{{{LEAK}{{route_to: works, acknowledge: letters/hello.txt}}}}", known)

    assert (near.severity, near.message) == ("error", "the file templates/recieved.txt is not there")
    assert near.hint == "did you mean templates/received.txt?"
    assert far.hint == f"it is looked for in {tmp_path.name}/"


def test_no_default_and_two_rules_of_one_name() -> None:
    rule = f"{{name: Leaks, {LEAK}{{labels: [x]}}}}"
    found = checked(f"{rule}\n  - {rule}", top="version: 1")

    assert [problem.message for problem in found] == [
        "there is no default: what no rule wants goes to triage",
        "two rules are called Leaks; the first stands in line 3",
    ]
    assert all(problem.severity == "warning" for problem in found)


def test_escalate_to_alone_is_after_a_day_with_a_word() -> None:
    problem = one(f"{{{LEAK}{{route_to: works, escalate_to: chief@x.example}}}}")

    assert problem.severity == "warning" and "it is after 1 day" in problem.message


PATTERN = (
    'condition: "subject matches /room (?P<room>[0-9]+)/", '
    "unless: \"from is 'a@x.example'\", action: {route_to: works}"
)


@pytest.mark.parametrize(
    ("given", "expect", "words"),
    [
        ("{subject: room 5}", "{match: true, room: '5'}", None),
        ("{subject: room five}", "{match: false}", None),
        ("{subject: room 5, from: a@x.example}", "{match: false}", None),
        ("{subject: room 5}", "{match: false}", "given subject: room 5, the rule must not match, and it does"),
        ("{subject: room five}", "{match: true}", "given subject: room five, the rule must match, and it does not; what is missing"),
        ("{subject: room 5}", "{match: true, room: 6}", "room must be 6, and it is 5"),
    ],
)  # fmt: skip
def test_the_tests_of_a_rule_are_run(given: str, expect: str, words: str | None) -> None:
    found = checked(f"{{{PATTERN}, tests: [{{given: {given}, expect: {expect}}}]}}")

    assert len(found) == (1 if words else 0)
    if words:
        assert words in str(found[0]) and found[0].severity == "error"


def test_a_test_may_give_every_field() -> None:
    found = checked(
        "{condition: \"cc contains 'b@' and size > 5 MB and header['X-Kind'] is 'alarm' and hour is 10 and weekday is monday"
        " and attachments ends with '.pdf' and auth.dmarc is pass and is_auto_reply and spam_score < 2 and keywords is 'leak'\","
        " action: {route_to: works}, tests: [{given: {subject: leak, cc: [b@x.example], size: 6 MB, headers: {X-Kind: Alarm},"
        " received_at: '2026-09-07T08:30:00+00:00', zone: Europe/Paris, attachments: [plan.PDF], auth.dmarc: pass,"
        " is_auto_reply: true, spam_score: 1.5}, expect: {match: true}}]}",
        top="default: desk@x.example\nkeywords: [leak]",
    )

    assert found == []


PRIVATE = msgspec.structs.replace(
    KNOWN,
    people=frozenset({"chief@x.example", "anna@x.example"}),
    members={"works@x.example": frozenset({"anna@x.example"}), "desk@x.example": frozenset()},
    private=frozenset({"desk@x.example"}),
)


@pytest.mark.parametrize(
    ("action", "is_blind"),
    [
        ("route_to: works@x.example, visibility: private, levels: [{after: 1 h, to: chief@x.example}]", True),
        ("route_to: works@x.example, anonymize: true, levels: [{after: 1 h, to: supervisor}]", True),
        ("route_to: desk@x.example, levels: [{after: 1 h, to: chief@x.example}]", True),
        ("route_to: works@x.example, levels: [{after: 1 h, to: chief@x.example}]", False),
        ("route_to: desk@x.example, visibility: team, levels: [{after: 1 h, to: chief@x.example}]", False),
        ("route_to: works@x.example, visibility: private, levels: [{after: 1 h, to: chief@x.example}, {after: 2 h, to: anna@x.example}]", False),
        ("route_to: works@x.example, visibility: private, levels: [{after: 1 h, to: chief@x.example}, {after: 2 h, to: team}]", False),
        ("route_to: works@x.example, visibility: private", False),
    ],
)  # fmt: skip
def test_a_private_task_whose_escalation_calls_nobody_who_may_open_it(action: str, is_blind: bool) -> None:
    found = checked(f"{{name: Leaks, {LEAK}{{{action}}}}}", PRIVATE)
    assert [problem.severity for problem in found if "may open" in problem.message] == ["warning"] * is_blind
