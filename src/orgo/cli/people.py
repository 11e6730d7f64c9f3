"""`orgo user ..` and `orgo team ..`: people by hand, beside those of people.yaml."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from orgo.cli.errors import Code, Stop
from orgo.cli.house import acting, as_option, enter, need
from orgo.cli.lazy import Group
from orgo.cli.numbers import Day
from orgo.cli.output import as_json_option, fact, is_terminal, line, table, when
from orgo.lib.problems import did_you_mean, nearest

if TYPE_CHECKING:
    from orgo.people.keeping import NoSuch
    from orgo.people.models import Team, User

ROLES = ("administrator", "supervisor", "technician", "hr", "auditor", "staff")
address_argument = click.argument("address")
day = Day()


@click.group(cls=Group, epilog="Example: orgo user list")
def user() -> None:
    """Users: who signs in, with which roles."""


@click.group(cls=Group, epilog="Example: orgo team list")
def team() -> None:
    """Teams: who works under a role address."""


@contextmanager
def manager(actor: str | None) -> Iterator[str]:
    """The address of who acts and may manage people; what can't be becomes a clear word."""
    enter()
    who = acting(actor)
    need(who, "manage_people", "manage people")
    from orgo.people import keeping

    try:
        yield who.address
    except keeping.NoSuch as error:
        raise Stop(Code.NOT_FOUND, _no_such(error)) from error
    except keeping.Taken as error:
        raise Stop(Code.CONFLICT, f"{error} is there already") from error
    except ValueError as error:
        raise Stop(Code.WRONG_INPUT, str(error)) from error


def _no_such(error: "NoSuch") -> str:
    """Who or what is not there, and which one may have been meant."""
    from orgo.people.models import Organization, Team, User

    if error.kind == "organization":
        labels = did_you_mean(error.name, Organization.objects.values_list("label", flat=True))
        return f"there is no organization {error.name}; {labels or 'people.yaml names none'}"
    named = User if error.kind == "user" else Team
    shown = named.objects.order_by("pk").values_list("address", "address" if named is User else "name")
    known = {
        word.lower(): name for address, name in shown for word in (address.partition("@")[0], address, name)
    }
    near = nearest(error.name.lower(), known)
    hint = f"did you mean {known[near]}?" if near else f"all of them: orgo {error.kind} list"
    return f"there is no {error.kind} {error.name}; {hint}"


def person(row: "User") -> dict[str, Any]:
    """A user as JSON."""
    absences = [
        {"from": a.start.isoformat(), "until": a.end.isoformat(), "deputy": a.deputy}
        for a in row.absences.all()
    ]
    return {
        "address": row.address,
        "name": row.name,
        "roles": list(row.roles),
        "teams": sorted(row.teams.values_list("address", flat=True)),
        "language": row.language,
        "active": row.is_active,
        "password": row.has_usable_password(),
        "absent": absences,
    }


def _show(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        line(found)
        return
    for name, value in found.items():
        if isinstance(value, list):
            value = ", ".join(each if isinstance(each, str) else _absence(each) for each in value)
        fact(name, value, width=13)


def _absence(away: dict[str, str]) -> str:
    deputy = f" (deputy: {away['deputy']})" if away["deputy"] else ""
    return f"{when(away['from'])} to {when(away['until'])}{deputy}"


def _listed(rows: list[dict[str, Any]], heads: tuple[str, ...], as_json: bool) -> None:
    if as_json:
        for row in rows:
            line(row)
    else:
        table([head.upper() for head in heads], ([row[head] for head in heads] for row in rows))


# ---------------------------------------------------------------- users


@user.command("list", epilog="Example: orgo user list --json")
@as_json_option
def list_users(as_json: bool) -> None:
    """All users."""
    enter()
    from orgo.people.models import User

    rows = [person(row) for row in User.objects.order_by("address").prefetch_related("absences")]
    _listed(rows, ("address", "name", "roles", "teams", "active"), as_json)


@user.command("show", epilog="Example: orgo user show anna@organization.com")
@address_argument
@as_json_option
def show_user(address: str, as_json: bool) -> None:
    """One user."""
    with manager(None):
        from orgo.people.keeping import user_of

        _show(person(user_of(address)), as_json)


@user.command(
    "add", epilog="Example: orgo user add anna@organization.com --name 'Anna Abel' --role technician"
)
@address_argument
@click.option("--name", default="", help="The name as people read it.")
@click.option(
    "--role",
    "roles",
    multiple=True,
    type=click.Choice(ROLES),
    help="May be given several times; staff where not.",
)
@click.option("--language", default="", help="en or fr; the house's where not given.")
@as_option
@as_json_option
def add_user(
    address: str, name: str, roles: tuple[str, ...], language: str, actor: str | None, as_json: bool
) -> None:
    """A new user. `orgo user link` makes the link that lets the person in."""
    with manager(actor) as by:
        from orgo.people import keeping

        _show(person(keeping.add_user(address, name, roles or ("staff",), language, by)), as_json)


@user.command("link", epilog="Example: orgo user link anna@organization.com")
@address_argument
@as_option
@as_json_option
def link(address: str, actor: str | None, as_json: bool) -> None:
    """A link that signs a user in once, within 72 hours; the former one ends."""
    with manager(actor) as by:
        from orgo.audit.models import record
        from orgo.conf import boot
        from orgo.people.keeping import user_of
        from orgo.people.signin import sign_in_link

        row = user_of(address)
        if not row.is_active:
            raise Stop(Code.CONFLICT, f"{row.address} is not active")
        made = sign_in_link(row, boot.config().web.url)
        record("person.link_made", actor=by, person=row.pk)
        if as_json:
            line({"address": row.address, "link": made})
        else:
            click.echo(made)


@user.command("password", epilog="Example: orgo user password anna@organization.com < file")
@address_argument
@as_option
def password(address: str, actor: str | None) -> None:
    """Set a user's password: asked for on a terminal, else the first line of standard input."""
    with manager(actor) as by:
        from orgo.people import keeping

        row = keeping.user_of(address)
        keeping.set_password(row, _secret(), by)
        click.echo(f"the password of {row.address} is set")


def _secret() -> str:
    if is_terminal():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n") if sys.stdin else ""


@user.command("roles", epilog="Example: orgo user roles anna@organization.com supervisor technician")
@address_argument
@click.argument("roles", nargs=-1, required=True, type=click.Choice(ROLES))
@as_option
@as_json_option
def roles(address: str, roles: tuple[str, ...], actor: str | None, as_json: bool) -> None:
    """Give a user these roles instead of the former ones."""
    _change(address, actor, as_json, lambda keeping, row, by: keeping.set_roles(row, roles, by))


@user.command(
    "absent", epilog="Example: orgo user absent anna@organization.com --from 2026-07-01 --until 2026-07-14"
)
@address_argument
@click.option("--from", "start", type=day, metavar="DATE", help="The first day away.")
@click.option("--until", type=day, metavar="DATE", help="The last day away.")
@click.option("--deputy", default="", metavar="ADDRESS", help="Who stands in.")
@click.option("--over", is_flag=True, help="The user is here again: all absences end.")
@as_option
@as_json_option
def absent(
    address: str,
    start: datetime | None,
    until: datetime | None,
    deputy: str,
    over: bool,
    actor: str | None,
    as_json: bool,
) -> None:
    """A user is away, both days included; who stands in gets the letters."""
    if over:
        _change(address, actor, as_json, lambda keeping, row, by: keeping.set_present(row, by))
        return
    if start is None or until is None:
        raise click.UsageError("give --from and --until, or --over")

    def away(keeping: Any, row: "User", by: str) -> None:
        from orgo.conf import boot

        zone = boot.config().organization.zone
        keeping.set_absent(row, start.date(), until.date(), deputy, zone, by)

    _change(address, actor, as_json, away)


@user.command("deactivate", epilog="Example: orgo user deactivate anna@organization.com")
@address_argument
@click.option("--undo", is_flag=True, help="Let the user in again.")
@as_option
@as_json_option
def deactivate(address: str, undo: bool, actor: str | None, as_json: bool) -> None:
    """Let a user in no more; what the user did stays."""
    _change(address, actor, as_json, lambda keeping, row, by: keeping.set_active(row, undo, by))


def _change(
    address: str, actor: str | None, as_json: bool, change: Callable[[Any, "User", str], object]
) -> None:
    with manager(actor) as by:
        from orgo.people import keeping

        row = keeping.user_of(address)
        change(keeping, row, by)
        _show(person(keeping.user_of(address)), as_json)


# ---------------------------------------------------------------- teams


def group(row: "Team") -> dict[str, Any]:
    """A team as JSON."""
    return {
        "address": row.address,
        "name": row.name,
        "organization": row.organization.label if row.organization else "",
        "supervisor": row.supervisor,
        "members": sorted(row.members.values_list("address", flat=True)),
        "calendar": row.calendar,
        "language": row.language,
        "visibility": row.visibility,
        "triage": row.is_triage,
    }


@team.command("list", epilog="Example: orgo team list --json")
@as_json_option
def list_teams(as_json: bool) -> None:
    """All teams."""
    enter()
    from orgo.people.models import Team

    rows = [group(row) for row in Team.objects.order_by("address").select_related("organization")]
    _listed(rows, ("name", "address", "supervisor", "members", "triage"), as_json)


@team.command("show", epilog="Example: orgo team show maintenance")
@click.argument("name")
@as_json_option
def show_team(name: str, as_json: bool) -> None:
    """One team, by name or address."""
    with manager(None):
        from orgo.people.keeping import team_of

        _show(group(team_of(name)), as_json)


@team.command(
    "add", epilog="Example: orgo team add maintenance@organization.com --supervisor chief@organization.com"
)
@address_argument
@click.option("--name", default="", help="A short name; the part before the @ where not given.")
@click.option("--organization", default="", help="The label of an organization.")
@click.option("--supervisor", default="", metavar="ADDRESS", help="Who hears when nobody acts.")
@click.option("--visibility", default="", help="team, private, organization or public.")
@click.option("--language", default="", help="en or fr.")
@as_option
@as_json_option
def add_team(address: str, name: str, actor: str | None, as_json: bool, **values: str) -> None:
    """A new team."""
    with manager(actor) as by:
        from orgo.people import keeping

        name = name or address.partition("@")[0]
        _show(group(keeping.add_team(address, name, by=by, **values)), as_json)


@team.group("member", cls=Group, epilog="Example: orgo team member add maintenance anna@organization.com")
def member() -> None:
    """Who is in a team."""


@member.command("add", epilog="Example: orgo team member add maintenance anna@organization.com")
@click.argument("name")
@address_argument
@as_option
@as_json_option
def add_member(name: str, address: str, actor: str | None, as_json: bool) -> None:
    """Have a user in a team."""
    _set_member(name, address, True, actor, as_json)


@member.command("remove", epilog="Example: orgo team member remove maintenance anna@organization.com")
@click.argument("name")
@address_argument
@as_option
@as_json_option
def remove_member(name: str, address: str, actor: str | None, as_json: bool) -> None:
    """Have a user no longer in a team; the user's tasks stay the user's."""
    _set_member(name, address, False, actor, as_json)


def _set_member(name: str, address: str, is_in: bool, actor: str | None, as_json: bool) -> None:
    with manager(actor) as by:
        from orgo.people import keeping

        row = keeping.team_of(name)
        keeping.set_member(row, keeping.user_of(address), is_in, by)
        _show(group(row), as_json)
