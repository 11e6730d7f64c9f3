"""What a simulation found is told to people, programs and build servers; what failed stands out."""

from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

from orgo.delivery.ports import Parcel
from orgo.simulate import report
from orgo.simulate.judge import judge
from orgo.simulate.letterbox import Caught
from orgo.simulate.play import Line, Outcome
from orgo.simulate.script import Expectation, Scenario, Script

AT = datetime(2026, 9, 7, 8, 0, tzinfo=UTC)
SCRIPT = Script.model_validate(
    {
        "name": "Tom & <Jerry>",
        "start": "2026-09-07T10:00 Europe/Paris",
        "steps": [{"at": "+0", "mail": {"from": "a@b.example", "to": "c@d.example"}}],
    }
)


def outcome(*, ok: bool) -> Outcome:
    lines = [
        Line(AT, "mail", "a@b.example to c@d.example: Leak \x01"),
        Line(AT, "check", "tasks: 1"),
        Line(AT, "check", 'letter about "<x>"', ok),
    ]
    return Outcome(Scenario(SCRIPT, "a.yaml", Path()), lines)


def letter(to: str, subject: str, text: str = "") -> Caught:
    return Caught(AT, Parcel(to, "", "<1@x>", AT, subject, text, "", {}))


def found(wanted: dict[str, object], *letters: Caught) -> list[tuple[str, bool]]:
    return list(judge(Expectation.model_validate({"at": "+0", **wanted}), letters, {}, None))


def test_the_table_tells_local_times_and_marks_what_failed() -> None:
    told = report.table(outcome(ok=False))

    assert "Mon 07 Sep 2026" in told and "10:00  ok      tasks: 1" in told
    assert '10:00  FAILED  letter about "<x>"' in told and "1 failed, 2 looked at" in told
    assert "all 2 expectations hold" in report.table(outcome(ok=True))


def test_json_says_what_failed() -> None:
    told = report.as_json(outcome(ok=False))

    assert (told["file"], told["ok"], told["failed"]) == ("a.yaml", False, ['letter about "<x>"'])
    assert told["lines"][0]["at"] == "2026-09-07T10:00:00+02:00"
    assert report.as_json(outcome(ok=True))["ok"] is True


def test_junit_is_xml_with_a_case_for_each_expectation() -> None:
    root = ElementTree.fromstring(report.junit([outcome(ok=False), outcome(ok=True)]))
    suites = root.findall("testsuite")

    assert [(suite.get("tests"), suite.get("failures")) for suite in suites] == [("2", "1"), ("2", "0")]
    assert suites[0].get("name") == "Tom & <Jerry>"
    (failure,) = root.iter("failure")
    assert failure.get("message") == 'letter about "<x>"' and "Leak" in (failure.text or "")


def test_a_letter_is_found_by_recipient_subject_and_text_without_case() -> None:
    sent = letter("Anna@city.example", "[#A] Leak", "It\ndrips  on you.")

    assert found({"letter": {"to": "anna@city.example", "subject": "leak", "text": "it drips on"}}, sent)[0][
        1
    ]
    for other in (
        {"to": "ben@city.example"},
        {"subject": "fire"},
        {"text": "burns"},
        {"text_lacks": "drips"},
    ):
        ((words, ok),) = found({"letter": other}, sent)
        assert not ok and "Anna@city.example ([#A] Leak)" in words
        assert found({"no_letter": other}, sent)[0][1]


def test_times_counts_and_an_empty_map_fits_every_letter() -> None:
    two = letter("a@x.example", "one"), letter("b@x.example", "two")

    assert [
        ok
        for _, ok in found({"letter": [{"times": 2}, {"times": 1}, {"to": "a@x.example", "times": 1}]}, *two)
    ] == [
        True,
        False,
        True,
    ]
    assert found({"no_letter": {}}, *two)[0][1] is False
    assert found({"no_letter": {}})[0][1] is True
