"""What others may ask of the people's rows."""

from datetime import datetime
from typing import Any

from orgo.conf import sql
from orgo.people.directory import Directory, Person, TeamCard
from orgo.people.models import Absence, Membership, Organization, Team, User

_OF_TEAM = "address name supervisor calendar zone language visibility is_triage is_one label".split()


def directory() -> Directory:
    """Everybody as of now, as plain values: five queries whatever the size, asked for each batch of mail."""
    absences: dict[int, list[tuple[datetime, datetime, str]]] = {}
    for user, start, end, deputy in sql.found(Absence, ("user", "start", "end", "deputy"), "ORDER BY id"):
        absences.setdefault(user, []).append((start, end, deputy.lower()))
    addresses, people = {}, {}
    columns = ("id", "address", "name", "language", "roles")
    for user, address, name, language, roles in sql.found(User, columns, "WHERE is_active ORDER BY id"):
        addresses[user] = address
        people[address] = Person(address, name, language, tuple(roles), tuple(absences.get(user, ())))
    members: dict[int, list[str]] = {}
    for team, user in sql.found(Membership, ("team", "user"), "ORDER BY id"):
        if user in addresses:
            members.setdefault(team, []).append(addresses[user])
    cards = sql.found(Team, ("id", "organization", *_OF_TEAM), "ORDER BY id")
    # After the teams: one that was made with its team just now is among them.
    labels = sql.found(Organization, ("id", "label", "name"), "ORDER BY id")
    organizations = {id: (label, name) for id, label, name in labels}
    teams = {}
    for team, organization, *values in cards:
        label, _ = organizations.get(organization, ("", ""))
        teams[values[0]] = _card(values, label, members.get(team, []))
    return Directory(teams, people, dict(organizations.values()))


def _card(values: list[Any], organization: str, members: list[str]) -> TeamCard:
    given = dict(zip(_OF_TEAM, values, strict=True))
    given["supervisor"] = given["supervisor"].lower()
    alone = (given["address"],) if given["is_one"] else ()
    return TeamCard(**given, organization=organization, members=tuple(members) or alone)
