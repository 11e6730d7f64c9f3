"""Who is behind an address: team members, deputies, supervisors."""

from datetime import UTC, datetime

from orgo.people.directory import Directory, Person, TeamCard

NOW = datetime(2026, 9, 4, 12, tzinfo=UTC)
AWAY = (datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 9, 30, tzinfo=UTC))


def directory(*people: Person, **teams: TeamCard) -> Directory:
    return Directory(
        {team.address: team for team in teams.values()}, {person.address: person for person in people}
    )


def test_a_team_is_its_members_and_the_absent_are_stood_in_for() -> None:
    found = directory(
        Person("anna@x", absences=((*AWAY, "ben@x"),)),
        Person("carl@x"),
        works=TeamCard("works@x", "Works", members=("anna@x", "carl@x")),
    ).reach(["works@x"], NOW)

    assert found == ("ben@x", "carl@x")


def test_deputies_of_deputies_are_followed_and_a_ring_of_them_ends() -> None:
    house = directory(Person("a@x", absences=((*AWAY, "b@x"),)), Person("b@x", absences=((*AWAY, "a@x"),)))

    assert house.standing_in("a@x", NOW) in ("a@x", "b@x")


def test_somebody_who_is_back_is_told_again() -> None:
    person = Person("a@x", absences=((*AWAY, "b@x"),))

    assert directory(person).standing_in("a@x", AWAY[1]) == "a@x"


def test_an_address_that_is_no_team_is_a_team_of_one() -> None:
    team = directory().team("Sam@X")

    assert (team.address, team.members, team.is_one) == ("sam@x", ("sam@x",), True)


def test_who_hears_when_nobody_is_named() -> None:
    triage = TeamCard("triage@x", "Triage", supervisor="chief@x", is_triage=True)
    boss = Person("boss@x", roles=("administrator",))

    assert (
        directory(boss, t=triage, w=TeamCard("w@x", "W", supervisor="lead@x")).supervisor_of("w@x")
        == "lead@x"
    )
    assert directory(boss, t=triage, w=TeamCard("w@x", "W")).supervisor_of("w@x") == "chief@x"
    assert directory(boss, w=TeamCard("w@x", "W")).supervisor_of("w@x") == "boss@x"
    assert directory(w=TeamCard("w@x", "W")).supervisor_of("w@x") is None
