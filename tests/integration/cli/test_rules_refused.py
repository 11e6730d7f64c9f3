"""A rules file that goes bad while Orgo runs: the old rules stay, one alarm, and it shows (design/bad-input.md 78)."""

from collections.abc import Callable
from typing import Any

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


def test_a_file_that_is_bad_in_another_way_is_told_again(office: Office) -> None:
    office.mail()
    for text in (BAD, BAD.replace("condtion", "condishun"), BAD):
        _write(office, text)
        _look(office)
        office.clock.advance(seconds=11)
        _look(office)

    assert office.told().count(ADMIN) == 2
