"""What others may ask of the people's rows."""

from orgo.people.directory import Directory, Person, TeamCard
from orgo.people.models import Absence, Membership, Organization, Team, User


def directory() -> Directory:
    """Everybody as of now, as plain values: four queries whatever the size."""
    absences: dict[int, list[tuple[object, object, str]]] = {}
    for row in Absence.objects.all():
        absences.setdefault(row.user_id, []).append((row.start, row.end, row.deputy.lower()))
    users = {user.pk: user for user in User.objects.filter(is_active=True)}
    members: dict[int, list[str]] = {}
    for team_id, user_id in Membership.objects.order_by("id").values_list("team_id", "user_id"):
        if user_id in users:
            members.setdefault(team_id, []).append(users[user_id].address)
    people = {user.address: _person(user, absences.get(user.pk, [])) for user in users.values()}
    teams = {
        team.address: _card(team, members.get(team.pk, []))
        for team in Team.objects.select_related("organization")
    }
    return Directory(teams, people, dict(Organization.objects.values_list("label", "name")))


def _person(user: User, absences: list[tuple[object, object, str]]) -> Person:
    return Person(user.address, user.name, user.language, tuple(user.roles), tuple(absences))  # type: ignore[arg-type]


def _card(team: Team, members: list[str]) -> TeamCard:
    return TeamCard(
        address=team.address,
        name=team.name,
        organization=team.organization.label if team.organization else "",
        supervisor=team.supervisor.lower(),
        calendar=team.calendar,
        zone=team.zone,
        language=team.language,
        visibility=team.visibility,
        members=tuple(members) or ((team.address,) if team.is_one else ()),
        is_triage=team.is_triage,
        is_one=team.is_one,
        label=team.label,
    )
