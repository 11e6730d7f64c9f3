"""people.yaml is checked as strictly as config.yaml."""

from pathlib import Path

import pytest

from orgo.conf import check
from tests.unit.conf.conftest import Write, read, wrong

PEOPLE = """\
organizations:
- {label: city, name: City}
teams:
- name: maintenance
  address: Maintenance@city.example
  organization: city
  supervisor: sam@city.example
  members: nina@city.example
  triage: true
users:
- {address: sam@city.example, role: supervisor}
- address: nina@city.example
  roles: [technician, administrator]
  absent: [{from: 2026-09-01, until: 2026-09-10, deputy: sam@city.example}]
"""


def test_teams_and_users_are_read(home: Path, write: Write) -> None:
    """One role and a list, one member and a list, are the same."""
    write("people.yaml", PEOPLE)
    config = read(home)

    team = config.triage_team
    assert team is not None
    assert (team.address, team.members) == ("maintenance@city.example", ("nina@city.example",))
    assert [user.roles for user in config.roster.users] == [("supervisor",), ("technician", "administrator")]
    assert config.team("MAINTENANCE") is team


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (
            "supervisor: sam@",
            "supervisor: san@",
            "no user 'san@city.example'; did you mean sam@city.example?",
        ),
        ("members: nina@", "members: [nima@", "no user"),
        ("deputy: sam@", "deputy: who@", "no user 'who@city.example'"),
        ("organization: city", "organization: cty", "no organization 'cty'; did you mean city?"),
        ("role: supervisor", "role: supervizor", "did you mean supervisor?"),
        ("role: supervisor", "rolle: supervisor", "did you mean role?"),
        ("until: 2026-09-10", "until: 2026-08-10", "`until` is before `from`"),
        ("address: nina@", "address: sam@", "stands already at people.yaml:11"),
        ("address: nina@", "address: maintenance@", "stands already at people.yaml:5"),
        ("triage: true", "calendar: office", "no calendar 'office'"),
        ("name: maintenance", "nam: maintenance", "teams[0].name: is missing"),
        ("teams:", "team:", "did you mean teams?"),
    ],
)
def test_a_mistake_in_people_is_explained(
    home: Path, write: Write, before: str, after: str, words: str
) -> None:
    """With file, line and key."""
    text = PEOPLE.replace(before, after, 1)
    write("people.yaml", text.replace("[nima@city.example", "[nima@city.example]"))
    found = [line for line in wrong(home) if words in line]

    assert found, wrong(home)
    assert found[0].startswith("people.yaml:")


def test_problems_of_both_files_come_in_one_answer(home: Path, write: Write) -> None:
    """Nobody mends one file only to hear of the next."""
    write("people.yaml", "users: [{address: x}]\n")
    found = wrong(home, "web: {port: 0}\n")

    assert [line.split(":")[0] for line in found] == ["config.yaml", "people.yaml"]


def test_a_second_triage_team_is_refused(home: Path, write: Write) -> None:
    """What no rule routes goes to one team."""
    write(
        "people.yaml",
        "teams:\n- {name: a, address: a@x.example, triage: true}\n- {name: b, address: b@x.example, triage: true}\n",
    )

    assert "people.yaml:3:43: teams[1].triage: a second triage team" in wrong(home)[0]
    assert "no team 'c'" in wrong(home, "triage: c\n")[0]


BOX = "imap: {host: m.example, username: %s, password: '${P}'}\n"


def test_a_mailbox_may_be_its_team_s_address(home: Path, write: Write) -> None:
    """The usual role mailbox: its members are written to, so nothing comes back."""
    write("people.yaml", PEOPLE)
    config = read(home, BOX % "maintenance@city.example", P="x")

    assert [problem for problem in check(config) if problem.severity == "error"] == []


@pytest.mark.parametrize(
    ("config", "key"),
    [
        (BOX % "maintenance@city.example", "teams[0].address"),
        ("smtp: {host: m.example, from: maintenance@city.example}\n", "teams[0].address"),
        (
            "smtp: {host: m.example, from: a@b.example, reply_address: maintenance@city.example}\n",
            "teams[0].address",
        ),
        (BOX % "sam@city.example", "users[0].address"),
        (
            BOX % "x@city.example" + "default_levels: [{after: 1 day, to: x@city.example}]\n",
            "default_levels[0].to",
        ),
    ],
)
def test_letters_that_nobody_but_orgo_would_read_are_an_error_of_check(
    home: Path, write: Write, config: str, key: str
) -> None:
    """They would come back as Orgo's own mail."""
    write("people.yaml", PEOPLE.replace("  members: nina@city.example\n", ""))
    found = [problem for problem in check(read(home, config, P="x")) if problem.severity == "error"]

    assert [problem.key for problem in found] == [key]
    assert "would come back" in found[0].message


def test_check_says_what_is_missing_for_work(home: Path, write: Write) -> None:
    """No server, no administrator, no members, no triage, no way back for answers: warnings."""
    write("people.yaml", "teams:\n- {name: a, address: a@x.example}\n")
    found = {str(problem.message) for problem in check(read(home))}
    assert any("letters wait" in message for message in found)
    assert any("nobody is an administrator" in message for message in found)
    assert any("has no members" in message for message in found)
    assert any("there is no such team" in message for message in found)

    text = "smtp: {host: m.example, from: orgo@y.example}\nintake: {smtp: {domains: [x.example]}}\n"
    assert any(
        "answers to orgo@y.example don't reach Orgo" in problem.message for problem in check(read(home, text))
    )
