"""Scenarios are read as they are meant, and a bad one is told where and why, all of it at once."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orgo.lib.problems import BadInput
from orgo.simulate.read import parse, read
from orgo.simulate.script import Scenario, moment

GOOD = """
start: 2026-09-04T16:50 Europe/Paris
steps:
  - at: "+0 min"
    mail: {from: Clara <clara@people.example>, to: info@city.example, subject: Leak, task: leak}
  - at: 2026-09-04T18:50
    answer: {from: anna@city.example, body: take}
expect:
  - at: "+2 hours"
    task: {name: leak, assignee: null, level: 0}
    letter: {to: chief@city.example}
"""
SHIPPED = Path(__file__).parents[3] / "config" / "scenarios"


def scenario(text: str = GOOD) -> Scenario:
    return parse(text, "a.yaml", Path(__file__).parent)


def words(text: str) -> list[str]:
    with pytest.raises(BadInput) as caught:
        scenario(text)
    return [str(problem) for problem in caught.value.problems]


def test_a_scenario_is_read_with_its_times_in_its_zone() -> None:
    script = scenario().script

    assert script.start == datetime(2026, 9, 4, 16, 50, tzinfo=ZoneInfo("Europe/Paris"))
    assert script.instant(script.steps[1].at) == datetime(2026, 9, 4, 16, 50, tzinfo=UTC)
    assert script.instant(script.expect[0].at) == datetime(2026, 9, 4, 16, 50, tzinfo=UTC)


def test_nobody_is_an_expectation_and_what_is_not_mentioned_is_none() -> None:
    (wanted,) = scenario().script.expect[0].task

    assert wanted.model_fields_set == {"name", "assignee", "level"}
    assert wanted.assignee == ""


def test_an_answer_is_to_the_latest_letter_where_none_is_named() -> None:
    answer = scenario().script.steps[1].answer

    assert answer is not None and answer.to_letter == "latest"


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_shipped_scenarios_can_be_read(path: Path) -> None:
    assert read(path).script.expect


def test_elapsed_time_is_real_time_on_the_night_when_the_clocks_go_back() -> None:
    script = scenario(
        GOOD.replace("2026-09-04T16:50", "2026-10-25T01:30").replace("09-04T18", "10-25T04")
    ).script

    assert script.instant(timedelta(hours=2)) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("+0 min", timedelta()),
        ("+0", timedelta()),
        ("+1 day 1 min", timedelta(days=1, minutes=1)),
        ("+2 hours 30 min", timedelta(hours=2, minutes=30)),
        ("2026-09-04T18:50", datetime(2026, 9, 4, 18, 50)),
        ("2026-09-04 18:50", datetime(2026, 9, 4, 18, 50)),
    ],
)
def test_times_are_read(written: str, meant: object) -> None:
    assert moment(written) == meant


@pytest.mark.parametrize(
    ("from_", "to", "said"),
    [
        ("start: 2026", "strat: 2026", "a.yaml:2:1: strat: unknown key; did you mean start?"),
        (
            "Europe/Paris",
            "Europe/Pari",
            "a.yaml:2:8: start: not a time zone, got '2026-09-04T16:50 Europe/Pari'",
        ),
        (" Europe/Paris", "", "a.yaml:2:8: start: not a time with its zone, got '2026-09-04T16:50'"),
        ("09-04T16:50", "03-29T02:30", "a.yaml:2:8: start: the clocks of Europe/Paris skip this hour"),
        ("2026-09-04T16:50", "2026-09-31T16:50", "a.yaml:2:8: start: no such day or hour"),
        ('"+0 min"', '"+5 minutess"', "a.yaml:4:9: steps[0].at: not a time, got '+5 minutess'"),
        ('"+0 min"', "5", "a.yaml:4:9: steps[0].at: not a time, got 5; write it like"),
        ("2026-09-04T18:50", "2026-09-03T18:50", "a.yaml:6:9: steps[1].at: this is before the start"),
        ("2026-09-04T18:50", "2027-03-28T02:30", "a.yaml:6:9: steps[1].at: the clocks of Europe/Paris skip"),
        ("subject: Leak", "subjct: Leak", "steps[0].mail.subjct: unknown key; did you mean subject?"),
        ("to: info@city.example", "to: info", "a.yaml:5:52: steps[0].mail.to[0]: not a mail address"),
        ("<clara@people.example>", "<clara>", "a.yaml:5:18: steps[0].mail.from: not a sender"),
        (
            "subject: Leak",
            '"subject": "a\\nBcc: b@c.example"',
            "steps[0].mail.subject: no control characters",
        ),
        ("subject: Leak", "headers: {a b: c}", "steps[0].mail.headers"),
        ("subject: Leak", "attach: nix.pdf", "steps[0].mail.attach[0]: no such file: nix.pdf"),
        ("body: take", "bdoy: take", "steps[1].answer.bdoy: unknown key; did you mean body?"),
        ("answer: {", "mail: {", "steps[1].mail.to: is missing; To whom"),
        ("name: leak", "name: lake", "expect[0].task[0].name: no mail step names this task; named are: leak"),
        ("level: 0", "level: high", "expect[0].task[0].level: not a whole number, got 'high'"),
        ("level: 0", "state: pendin", "expect[0].task[0].state: not one of the choices, got 'pendin'"),
        ("letter: {", "leter: {", "expect[0].leter: unknown key; did you mean letter?"),
        ("start:", "config: {rules: nix.yaml}\nstart:", "a.yaml:2:17: config.rules: no such file: nix.yaml"),
    ],
)
def test_a_mistake_is_told_where_it_stands(from_: str, to: str, said: str) -> None:
    assert from_ in GOOD
    assert said in "\n".join(words(GOOD.replace(from_, to, 1)))


def test_a_step_is_one_of_mail_and_answer() -> None:
    assert words('start: 2026-09-04T16:50 UTC\nsteps: [{at: "+1 min"}]') == [
        "a.yaml:2:9: steps[0]: a step has either mail or answer; give one of them"
    ]


def test_all_mistakes_are_told_at_once_in_the_files_order() -> None:
    found = words(GOOD.replace("start:", "strat:").replace("body", "bdoy").replace("letter:", "leter:"))

    lines = [int(line.split(":")[1]) for line in found]
    assert lines == sorted(lines)
    assert all(any(key in line for line in found) for key in ("strat", "bdoy", "leter"))


@pytest.mark.parametrize("text", ["", "a text", "[1, 2]", "start: {a", "\x00", "a: &x 1\nb: *x"])
def test_what_is_no_scenario_at_all_is_told_too(text: str) -> None:
    assert words(text)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"nix\.yaml: can't be read: No such file"):
        read(tmp_path / "nix.yaml")


@given(st.integers(0, len(GOOD) - 1), st.text(max_size=6), st.integers(0, 12))
def test_no_text_ends_in_a_traceback(place: int, put: str, cut: int) -> None:
    try:
        scenario(GOOD[:place] + put + GOOD[place + cut :])
    except BadInput as error:
        assert all(problem.message for problem in error.problems)
