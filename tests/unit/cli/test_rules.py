"""`orgo rules explain`: why a mail goes where it goes, and who would hear of it when."""

import json
import os
from pathlib import Path

import pytest

from orgo.cli.main import main

CONFIG = """
organization: {name: City of Alder, zone: Europe/Paris}
calendars: {always: {hours: "24x7"}, office: {hours: "Mon-Fri 08:00-17:00"}}
teams: {calendar: always}
default_levels: [{after: 3 days, to: administrator}]
"""
PEOPLE = """
teams:
  - {name: works, address: works@city.example}
  - {name: desk, address: desk@city.example, triage: true, calendar: office, zone: Europe/London}
"""
RULES = """
version: 1
rules:
  - name: Leaks
    condition: "subject contains 'leak'"
    action:
      route_to: works
      levels: [{after: 1 day, to: chief@city.example}, {after: 2 days}]
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with a rule of two levels."""
    for name, text in (("config", CONFIG), ("people", PEOPLE), ("rules", RULES)):
        (tmp_path / f"{name}.yaml").write_text(text)
    monkeypatch.setenv("ORGO_HOME", str(tmp_path))
    return tmp_path


def mail(home: Path, subject: str, date: str) -> str:
    """The path of a mail that came then."""
    file = home / "a.eml"
    file.write_text(f"From: clara@people.example\nDate: {date}\nSubject: {subject}\n\nx\n")
    return str(file)


@pytest.mark.parametrize(
    ("date", "first", "second"),
    [
        ("Mon, 7 Sep 2026 09:00:00 +0200", "2026-09-08T09:00:00+02:00", "2026-09-09T09:00:00+02:00"),
        ("Sat, 28 Mar 2026 02:30:00 +0100", "2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"),
        ("Sat, 24 Oct 2026 02:30:00 +0200", "2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"),
    ],
    ids=["usual", "forward", "back"],
)
def test_it_is_told_who_would_hear_when(
    home: Path, capsys: pytest.CaptureFixture[str], date: str, first: str, second: str
) -> None:
    """bad input 76: 02:30 is the moment of the change where there is none, and the first of two."""
    assert main(["rules", "explain", mail(home, "leak", date), "--json"]) == 0

    assert json.loads(capsys.readouterr().out)["escalation"] == [
        {"number": 1, "to": "chief@city.example", "at": first},
        {"number": 2, "to": "supervisor", "at": second},
    ]


def test_what_no_rule_wants_goes_by_triages_calendar_and_the_houses_levels(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From Friday evening three days of work are over on Thursday morning, as clocks in London show it."""
    asked = mail(home, "a question", "Fri, 4 Sep 2026 18:00:00 +0200")
    assert main(["rules", "explain", asked, "--language", "fr"]) == 0

    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "Si personne n'agit, administrator l'apprend à 2026-09-10 07:00:00+01:00 (niveau 1)."


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_rules_that_this_user_may_not_read_are_said_as_such(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """bad input 60."""
    (home / "rules.yaml").chmod(0o600)
    for folder in (home, *home.parents[:-1]):
        folder.chmod(folder.stat().st_mode | 0o055)
    os.seteuid(65534)
    try:
        code = main(["rules", "check"])
    finally:
        os.seteuid(0)

    words = "orgo: rules.yaml: rules: can't be read: Permission denied; it must be a file that this user may read\n"
    assert (code, capsys.readouterr().err) == (2, words)


def test_a_folder_is_called_a_folder(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "check", str(home)]) == 2
    assert capsys.readouterr().err == f"orgo: {home}: is a folder; name the file in it\n"
