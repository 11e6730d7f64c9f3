"""people.yaml in the database."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from orgo.conf import boot
from orgo.conf.roster import Roster
from tests.office import start_django

start_django()
from orgo.people.models import Absence, Membership, Organization, Team, User
from orgo.people.roster import apply_roster

CITY: dict[str, Any] = {
    "organizations": [{"label": "city", "name": "City of Alder"}],
    "teams": [
        {
            "name": "works",
            "address": "works@city.example",
            "organization": "city",
            "members": ["anna@city.example"],
        },
        {"name": "desk", "address": "desk@city.example", "triage": True},
    ],
    "users": [
        {"address": "anna@city.example", "name": "Anna", "role": "technician"},
        {
            "address": "ben@city.example",
            "absent": [{"from": "2026-08-03", "until": "2026-08-04", "deputy": "anna@city.example"}],
        },
    ],
}


@pytest.fixture(autouse=True)
def empty() -> None:
    """No people from another test."""
    for model in (Membership, Team, User, Organization):
        model.objects.all().delete()


def given(**changes: object) -> Roster:
    return Roster.model_validate({**CITY, **changes})


def members(team: str) -> set[str]:
    return set(User.objects.filter(teams__name=team).values_list("address", flat=True))


def test_a_roster_becomes_organizations_teams_users_members_and_absences() -> None:
    apply_roster(given())
    assert Team.objects.get(name="works").organization == Organization.objects.get(label="city")
    assert members("works") == {"anna@city.example"}
    assert User.objects.get(address="anna@city.example").roles == ["technician"]
    assert not User.objects.get(address="anna@city.example").has_usable_password()


def test_both_days_of_an_absence_are_days_away() -> None:
    apply_roster(given())
    away = Absence.objects.get()
    zone = ZoneInfo(boot.config().organization.zone)
    assert (away.start, away.end) == (datetime(2026, 8, 3, tzinfo=zone), datetime(2026, 8, 5, tzinfo=zone))
    assert away.deputy == "anna@city.example"


def test_the_same_roster_twice_changes_nothing() -> None:
    apply_roster(given())
    before = [list(model.objects.values_list("pk")) for model in (User, Team, Membership, Organization)]
    apply_roster(given())
    assert [
        list(model.objects.values_list("pk")) for model in (User, Team, Membership, Organization)
    ] == before
    assert Absence.objects.count() == 1


def test_what_the_roster_says_now_replaces_what_it_said_before() -> None:
    apply_roster(given())
    teams = [
        {"name": "works", "address": "works@city.example", "members": ["ben@city.example"], "triage": True}
    ]
    apply_roster(
        given(
            teams=teams,
            users=[{"address": "ben@city.example"}, {"address": "anna@city.example", "role": "hr"}],
        )
    )
    assert members("works") == {"ben@city.example"}
    assert User.objects.get(address="anna@city.example").roles == ["hr"]
    assert list(Team.objects.filter(is_triage=True).values_list("name", flat=True)) == ["works"]
    assert not Absence.objects.exists()


def test_people_made_by_hand_stay_with_their_password_and_their_team() -> None:
    apply_roster(given())
    carl = User.objects.make("carl@city.example", "Carl")
    Membership.objects.create(team=Team.objects.get(name="works"), user=carl)
    anna = User.objects.get(address="anna@city.example")
    anna.set_password("a long password")
    anna.save()
    apply_roster(given())
    assert members("works") == {"anna@city.example", "carl@city.example"}
    assert User.objects.get(address="anna@city.example").check_password("a long password")


def test_a_team_is_called_by_its_label_where_it_has_one() -> None:
    from orgo.people.queries import directory

    teams = [{**CITY["teams"][0], "label": "Buildings and streets"}, CITY["teams"][1]]
    apply_roster(given(teams=teams))
    people = directory()
    assert people.team("works@city.example").title == "Buildings and streets"
    assert people.team("desk@city.example").title == "desk"
    assert people.named("works") == people.team("works@city.example")
