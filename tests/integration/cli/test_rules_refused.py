"""A rules file that goes bad while Orgo runs: the old rules stay, one alarm, and it shows (bad input 78); nor is half a file taken (79)."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from orgo.ops import trouble
from tests.office import RULES, Office, text_of

ADMIN = "admin@city.example"
BAD = "version: 1\nrules:\n  - name: Leaks\n    condtion: \"subject contains 'leak'\"\n"


def _write(office: Office, text: str) -> None:
    (office.home / "config" / "rules.yaml").write_text(text)


def _look(office: Office) -> int:
    """What the clock's part does every twenty seconds; returns how many alarms it raised."""
    from orgo.ops.up import _watch_rules

    raised = _watch_rules()
    office.settle()
    return raised


OTHERS = RULES.replace("works@city.example", "hr@city.example")


def test_the_trail_says_since_when_which_rules_are_in_force(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orgo.audit.models import Event
    from orgo.flow import rule_alarms

    office.mail()
    for text in (RULES, RULES, OTHERS):
        _write(office, text)
        monkeypatch.setattr(rule_alarms, "_noted", "")  # as another process, or this one begun anew
        for _ in range(2):
            _look(office)
    office.mail(subject="Another leak")

    noted = Event.objects.filter(type="rules.changed").order_by("id")
    assert [event.data["file"] for event in noted] == ["config/rules.yaml"] * 2
    assert noted[1].data["revision"] == office.task().revision != noted[0].data["revision"]


def test_half_a_file_is_not_taken(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """bad input 79: the beginning of a rules file is often a rules file too, with other rules."""
    half = OTHERS[: OTHERS.index("  - name: Leaks")]

    def goes_on_writing(seconds: float) -> None:
        _write(office, OTHERS)

    office.mail()
    _write(office, half)
    monkeypatch.setattr("orgo.flow.house.time", SimpleNamespace(sleep=goes_on_writing))
    _look(office)
    office.mail(subject="Another leak")

    assert "rules" not in trouble.sentences()
    assert office.task().team == "hr@city.example"


def test_a_file_that_never_keeps_still_changes_nothing(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """bad input 79: whatever it holds, until it does."""
    written = []

    def goes_on_writing(seconds: float) -> None:
        written.append(seconds)
        _write(office, OTHERS + "#" * len(written))

    office.mail()
    _write(office, OTHERS)
    with monkeypatch.context() as busy:
        busy.setattr("orgo.flow.house.time", SimpleNamespace(sleep=goes_on_writing))
        _look(office)
        assert "config/rules.yaml: the file is being written" in trouble.sentences()["rules"]
    _look(office)

    assert "rules" not in trouble.sentences()
    office.mail(subject="Another leak")
    assert office.task().team == "hr@city.example"


def test_the_check_of_a_file_that_went_bad_ends_with_2(office: Office, run: Callable[..., Any]) -> None:
    """bad input 78."""
    office.mail()
    _write(office, BAD)
    code, _, err = run("rules", "check")

    assert code == 2
    assert "config/rules.yaml:4:5: rules[0]: there is no key condtion here; did you mean condition?" in err


def test_the_old_rules_stay_and_the_administrators_hear_of_it_once(office: Office) -> None:
    office.mail()
    office.forget()
    _write(office, BAD)
    assert _look(office) == 0, "an editor may be in the middle of writing"
    office.clock.advance(seconds=11)
    assert [_look(office) for _ in range(3)] == [1, 0, 0]

    (letter,) = office.letters(ADMIN)
    assert "config/rules.yaml" in str(letter["Subject"])
    assert "rules.yaml:4" in text_of(letter) and "condition" in text_of(letter)
    office.mail(subject="Another leak")
    assert office.task().team == "works@city.example"


def test_the_page_and_the_status_show_it_until_it_is_mended(office: Office, run: Callable[..., Any]) -> None:
    office.mail()
    assert "can be read" in run("status")[1]
    _write(office, BAD)
    _look(office)
    assert "the old rules stay in force" in trouble.sentences()["rules"]
    assert "rules       config/rules.yaml:3:5" in run("status")[1]

    _write(office, RULES.replace("works@city.example", "desk@city.example"))
    _look(office)
    assert "rules" not in trouble.sentences() and "can be read" in run("status")[1]
    office.clock.advance(seconds=11)
    assert _look(office) == 0
    office.mail(subject="Another leak")
    assert office.task().team == "desk@city.example"


def test_a_page_says_it_where_no_clock_runs_beside_it(office: Office) -> None:
    """bad input 78: of several processes each looks for itself."""
    from django.test import Client

    from orgo.people.models import User

    office.mail()
    client = Client()
    client.force_login(User.objects.get(address=ADMIN))
    for text, said in ((BAD, True), (RULES, False)):
        _write(office, text)
        page = client.get("/", headers={"Accept-Language": "fr"}).content.decode()
        assert ("Les anciennes règles restent en vigueur" in page) is said
    assert "rules" not in trouble.sentences()


def test_a_file_that_is_bad_in_another_way_is_told_again(office: Office) -> None:
    office.mail()
    for text in (BAD, BAD.replace("condtion", "condishun"), BAD):
        _write(office, text)
        _look(office)
        office.clock.advance(seconds=11)
        _look(office)

    assert office.told().count(ADMIN) == 2
