"""A letter is for a person: one that would only come back to Orgo goes to who looks after the task (DESIGN.md section 6)."""

from pathlib import Path

import pytest

from tests.office import PEOPLE, RULES, Office

EMPTY = PEOPLE.replace(
    "teams:\n",
    "teams:\n  - {name: orgo, address: orgo@city.example, organization: city, supervisor: chief@city.example}\n",
)


@pytest.mark.parametrize(
    ("people", "rules", "who"),
    [
        (EMPTY, RULES.replace("works@", "orgo@"), "chief@city.example"),
        (EMPTY.replace(", supervisor: chief@city.example", ""), RULES.replace("works@", "orgo@"), "admin@city.example"),
        (PEOPLE, RULES.replace("works@", "orgo@"), "chief@city.example"),
    ],
)  # fmt: skip
def test_work_of_a_team_whose_address_is_orgos_reaches_a_person(
    tmp_path: Path, people: str, rules: str, who: str
) -> None:
    """A team without members, or of one, at the address that letters come from: its supervisor hears, else triage's."""
    office = Office(tmp_path, people=people, rules=rules)
    office.mail()
    assert (office.task().team, office.told()) == ("orgo@city.example", [who])
    office.close()


def test_a_level_that_speaks_to_orgo_itself_reaches_a_person(tmp_path: Path) -> None:
    office = Office(tmp_path, rules=RULES.replace("to: chief@city.example", "to: ORGO@city.example"))
    office.mail()
    office.forget()
    office.later(hours=2)
    assert office.told() == ["chief@city.example"]
    office.close()


def test_who_is_told_as_well_is_told_still(tmp_path: Path) -> None:
    """Orgo's own address beside a person's is left out, and nobody stands in for it."""
    people = PEOPLE.replace("members: [anna@city.example,", "members: [orgo@city.example,").replace(
        "users:\n", "users:\n  - {address: orgo@city.example}\n"
    )
    office = Office(tmp_path, people=people)
    office.mail()
    assert office.told() == ["ben@city.example"]
    office.close()
