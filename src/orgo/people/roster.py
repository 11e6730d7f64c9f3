"""Brings the people of people.yaml into the database; whom people made by hand (on the page, by command) stays."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction

from orgo.conf import boot
from orgo.conf import roster as given
from orgo.people.models import Absence, Membership, Organization, Team, User


def apply_roster(roster: given.Roster) -> None:
    """Have every organization, team, user, membership and absence of `roster`, as it says; may be done again and again.

    The roster decides the fields, the teams and the absences of those whom it names. Those it does not name (any more)
    are left alone, in their teams too: they may have been made by hand, and work hangs on them.
    """
    with transaction.atomic():
        organizations = {each.label: _organization(each) for each in roster.organizations}
        users = {each.address: _user(each) for each in roster.users}
        for team in roster.teams:
            _team(team, organizations, users)


def _organization(each: given.Organization) -> Organization:
    return Organization.objects.update_or_create(label=each.label, defaults={"name": each.name})[0]


def _user(each: given.User) -> User:
    user = User.objects.filter(address=each.address).first() or User.objects.make(each.address)
    said = {"name": each.name, "roles": list(each.roles), "language": each.language or ""}
    if any(getattr(user, field) != value for field, value in said.items()):
        User.objects.filter(pk=user.pk).update(**said)
    Absence.objects.filter(user=user).delete()
    Absence.objects.bulk_create(_absence(user, absence) for absence in each.absent)
    return user


def _absence(user: User, absence: given.Absence) -> Absence:
    """Both days are days away: from the first's midnight to that after the last, in the organization's zone."""
    zone = ZoneInfo(boot.config().organization.zone)
    start = datetime.combine(absence.start, time.min, zone)
    end = datetime.combine(absence.until + timedelta(days=1), time.min, zone)
    return Absence(user=user, start=start, end=end, deputy=absence.deputy or "")


def _team(each: given.Team, organizations: dict[str, Organization], users: dict[str, User]) -> None:
    if each.triage:
        Team.objects.exclude(address=each.address).filter(is_triage=True).update(is_triage=False)
    said = {
        "name": each.name,
        "label": each.label or "",
        "organization": organizations.get(each.organization or ""),
        "supervisor": each.supervisor or "",
        "calendar": each.calendar or "",
        "zone": each.zone or "",
        "language": each.language or "",
        "visibility": each.visibility or "",
        "is_triage": each.triage,
        "is_one": False,
    }
    team, _ = Team.objects.update_or_create(address=each.address, defaults=said)
    members = [users[address] for address in each.members]
    Membership.objects.filter(team=team, user__in=users.values()).exclude(user__in=members).delete()
    for user in members:
        Membership.objects.get_or_create(team=team, user=user)
