"""What others may ask of the people's rows."""

from orgo.people.directory import Directory, Person, TeamCard
from orgo.people.models import Absence, Membership, Organization, Team, User

_OF_TEAM = "address name organization__label supervisor calendar zone language visibility is_triage is_one label".split()


def directory() -> Directory:
    """Everybody as of now, as plain values: five queries whatever the size, asked for each batch of mail."""
    absences: dict[int, list[tuple[object, object, str]]] = {}
    for user, start, end, deputy in Absence.objects.values_list("user_id", "start", "end", "deputy"):
        absences.setdefault(user, []).append((start, end, deputy.lower()))
    active = User.objects.filter(is_active=True).values_list("pk", "address", "name", "language", "roles")
    addresses, people = {}, {}
    for user, address, name, language, roles in active:
        addresses[user] = address
        away = tuple(absences.get(user, ()))
        people[address] = Person(address, name, language, tuple(roles), away)  # type: ignore[arg-type]
    members: dict[int, list[str]] = {}
    for team, user in Membership.objects.order_by("id").values_list("team_id", "user_id"):
        if user in addresses:
            members.setdefault(team, []).append(addresses[user])
    teams = {
        values[0]: _card(values, members.get(team, []))
        for team, *values in Team.objects.values_list("pk", *_OF_TEAM)
    }
    return Directory(teams, people, dict(Organization.objects.values_list("label", "name")))


def _card(values: list[str], members: list[str]) -> TeamCard:
    given = dict(zip(_OF_TEAM, values, strict=True))
    given["organization"] = given.pop("organization__label") or ""
    given["supervisor"] = given["supervisor"].lower()
    alone = (given["address"],) if given["is_one"] else ()
    return TeamCard(**given, members=tuple(members) or alone)  # type: ignore[arg-type]
