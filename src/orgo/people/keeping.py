"""People made and changed by hand: users, teams, memberships, absences; every change leaves an event."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.contrib.auth.hashers import make_password
from django.db import transaction

from orgo.audit.models import record
from orgo.conf import kinds
from orgo.people.models import Absence, Membership, Organization, Team, Token, User
from orgo.people.roles import ROLES
from orgo.people.signin import LONGEST_PASSWORD

SHORTEST_PASSWORD = 12
LANGUAGES = ("", "en", "fr")
VISIBILITIES = ("", "team", "private", "organization", "public")


class NoSuch(Exception):
    """There is no user, team, organization or token (`kind`) of this name."""

    def __init__(self, kind: str, name: str) -> None:
        self.kind, self.name = kind, name
        super().__init__(f"there is no {kind} {name}")


class Taken(Exception):
    """There is one of this address already."""


def user_of(address: str) -> User:
    """The user of this address. Raises NoSuch."""
    found = User.objects.filter(address=address.strip().lower()).first()
    if found is None:
        raise NoSuch("user", address)
    return found


def team_of(name: str) -> Team:
    """The team of this address or name. Raises NoSuch."""
    wanted = name.strip().lower()
    found = Team.objects.filter(address=wanted).first() or Team.objects.filter(name__iexact=wanted).first()
    if found is None:
        raise NoSuch("team", name)
    return found


def add_user(address: str, name: str, roles: Sequence[str], language: str, by: str) -> User:
    """A new user without a password. Raises Taken; ValueError for a value that can't be."""
    wanted = _address(address)
    roles = _roles(roles)
    _one_of("a language", language, LANGUAGES)
    with transaction.atomic():
        if User.objects.filter(address=wanted).exists():
            raise Taken(wanted)
        user = User.objects.make(wanted, name.strip(), roles, language=language)
        record("person.added", actor=by, person=user.pk, roles=roles)
    return user


def set_roles(user: User, roles: Sequence[str], by: str) -> None:
    """Give a user these roles instead. Raises ValueError; the last administrator stays one."""
    wanted = _roles(roles)
    if "administrator" not in wanted:
        _not_the_last(user)
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(roles=wanted)
        record("person.roles_changed", actor=by, person=user.pk, before=user.roles, after=wanted)
    user.roles = wanted


def set_password(user: User, password: str, by: str) -> None:
    """Set a password. Raises ValueError for one that is too short or too long."""
    if len(password) < SHORTEST_PASSWORD:
        raise ValueError(f"a password has at least {SHORTEST_PASSWORD} characters")
    if len(password) > LONGEST_PASSWORD:
        raise ValueError(f"a password has at most {LONGEST_PASSWORD} characters")
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(password=make_password(password))
        record("person.password_set", actor=by, person=user.pk)


def set_active(user: User, active: bool, by: str) -> None:
    """Let a user in no more (or again); links that were given out end. The last administrator stays."""
    if not active:
        _not_the_last(user)
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(is_active=active)
        if not active:
            Token.objects.filter(user=user, used_at=None).delete()
        record("person.activated" if active else "person.deactivated", actor=by, person=user.pk)
    user.is_active = active


def set_absent(user: User, start: date, until: date, deputy: str, zone: str, by: str) -> None:
    """A user is away from `start` to `until`, both included, in the time zone `zone`. Raises NoSuch, ValueError."""
    if until < start:
        raise ValueError("the last day is before the first")
    stand_in = user_of(deputy).address if deputy else ""
    if stand_in == user.address:
        raise ValueError("nobody stands in for oneself")
    home = ZoneInfo(zone)
    begin = datetime.combine(start, time.min, home)
    end = datetime.combine(until + timedelta(days=1), time.min, home)
    with transaction.atomic():
        Absence.objects.filter(user=user, start__lt=end, end__gt=begin).delete()
        Absence.objects.create(user=user, start=begin, end=end, deputy=stand_in)
        record("person.absent", actor=by, person=user.pk)


def set_present(user: User, by: str) -> int:
    """A user is not away any more; returns how many absences were ended."""
    with transaction.atomic():
        ended, _ = Absence.objects.filter(user=user).delete()
        record("person.present", actor=by, person=user.pk)
    return ended


def add_team(
    address: str, name: str, *, organization: str, supervisor: str, visibility: str, language: str, by: str
) -> Team:
    """A new team. Raises Taken, NoSuch (organization), ValueError."""
    wanted = _address(address)
    _one_of("a visibility", visibility, VISIBILITIES)
    _one_of("a language", language, LANGUAGES)
    label = Organization.objects.filter(label=organization).first() if organization else None
    if organization and label is None:
        raise NoSuch("organization", organization)
    with transaction.atomic():
        if Team.objects.filter(address=wanted).exists() or Team.objects.filter(name__iexact=name).exists():
            raise Taken(wanted)
        team = Team.objects.create(
            address=wanted,
            name=name.strip() or wanted.partition("@")[0],
            organization=label,
            supervisor=_address(supervisor) if supervisor else "",
            visibility=visibility,
            language=language,
        )
        record("team.added", actor=by, team=team.pk)
    return team


def set_member(team: Team, user: User, on: bool, by: str) -> bool:
    """Have a user in a team, or no more; returns whether anything changed."""
    with transaction.atomic():
        if on:
            changed = Membership.objects.get_or_create(team=team, user=user)[1]
        else:
            changed = bool(Membership.objects.filter(team=team, user=user).delete()[0])
        if changed:
            record(
                "team.member_added" if on else "team.member_removed", actor=by, team=team.pk, person=user.pk
            )
    return changed


def _address(text: str) -> str:
    try:
        return kinds.address(text)
    except ValueError as error:
        raise ValueError(f"{text!r}: {error}") from None


def _roles(roles: Sequence[str]) -> list[str]:
    wanted = list(dict.fromkeys(roles))
    if not wanted:
        raise ValueError("a user has at least one role")
    for role in wanted:
        _one_of("a role", role, ROLES)
    return wanted


def _one_of(what: str, value: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise ValueError(f"{what} is one of {', '.join(filter(None, allowed))}, not {value!r}")


def _not_the_last(user: User) -> None:
    others = User.objects.filter(is_active=True).exclude(pk=user.pk)
    if "administrator" in user.roles and not any("administrator" in other.roles for other in others):
        raise ValueError("this is the last administrator; make another one first")
