"""Cross checks of people.yaml: nobody twice, and everybody who is named is there."""

from collections.abc import Iterator

from orgo.conf.config import Config
from orgo.conf.finding import Finding
from orgo.conf.roster import Roster
from orgo.conf.section import Keys
from orgo.lib.problems import did_you_mean

_SHOWN = 20


def doubles(config: Config) -> Iterator[Finding]:
    """The same name or address twice."""
    taken: dict[str, str] = {}
    sheet = config._origin.people
    for path, key, text in _names(config.roster):
        if key in taken:
            yield Finding(
                path,
                f"{text!r} stands already at {taken[key]}",
                "a name and an address are one's only",
                people=True,
            )
        elif sheet:
            taken[key] = sheet.source(path) or ""


def _names(roster: Roster) -> Iterator[tuple[Keys, str, str]]:
    """Each name with its path; what must differ has the same kind of key (a team and a user can't share an address)."""
    for number, organization in enumerate(roster.organizations):
        yield (
            ("organizations", number, "label"),
            f"organization {organization.label.lower()}",
            organization.label,
        )
    for number, team in enumerate(roster.teams):
        yield ("teams", number, "name"), f"team {team.name.lower()}", team.name
        yield ("teams", number, "address"), team.address, team.address
    for number, user in enumerate(roster.users):
        yield ("users", number, "address"), user.address, user.address


def strangers(config: Config) -> Iterator[Finding]:
    """Users and organizations that are named but not there."""
    roster = config.roster
    users = [user.address for user in roster.users]
    labels = [organization.label for organization in roster.organizations]
    for path, word in _users_named(roster):
        if word not in users:
            hint = did_you_mean(word, users[:_SHOWN]) or "add it under users"
            yield Finding(path, f"no user {word!r}", hint, people=True)
    for number, team in enumerate(roster.teams):
        if team.organization and team.organization not in labels:
            hint = did_you_mean(team.organization, labels) or "add it under organizations"
            yield Finding(
                ("teams", number, "organization"), f"no organization {team.organization!r}", hint, people=True
            )


def _users_named(roster: Roster) -> Iterator[tuple[Keys, str]]:
    for number, team in enumerate(roster.teams):
        if team.supervisor:
            yield ("teams", number, "supervisor"), team.supervisor
        yield from ((("teams", number, "members", n), member) for n, member in enumerate(team.members))
    for number, user in enumerate(roster.users):
        deputies = ((n, absence.deputy) for n, absence in enumerate(user.absent))
        yield from ((("users", number, "absent", n, "deputy"), deputy) for n, deputy in deputies if deputy)


def calendars(config: Config) -> Iterator[Finding]:
    """Calendars of teams that config.yaml does not have."""
    known = list(config.calendars)
    hint = "add it under calendars in config.yaml"
    for number, team in enumerate(config.roster.teams):
        if team.calendar and team.calendar not in known:
            why = did_you_mean(team.calendar, known) or hint
            yield Finding(("teams", number, "calendar"), f"no calendar {team.calendar!r}", why, people=True)


def two_triages(config: Config) -> Iterator[Finding]:
    """A second triage team."""
    marked = [number for number, team in enumerate(config.roster.teams) if team.triage]
    for number in marked[1:]:
        yield Finding(
            ("teams", number, "triage"),
            "a second triage team",
            "one team gets what no rule routes",
            people=True,
        )


def nobody(config: Config) -> Iterator[Finding]:
    """Duties that nobody has."""
    if config.people is None:
        return
    if not any("administrator" in user.roles for user in config.roster.users):
        yield Finding(
            ("users",), "nobody is an administrator", "give one user role: administrator", "warning", True
        )
    for number, team in enumerate(config.roster.teams):
        if not team.members:
            message = f"the team {team.name!r} has no members"
            yield Finding(("teams", number), message, "its letters go to its address", "warning", True)


def letters_that_come_back(config: Config) -> Iterator[Finding]:
    """Whose letters would be Orgo's own mail: its address is a mailbox that Orgo reads, its From or reply address.

    A team that has members may have such an address: they are written to.
    """
    own = config.own_addresses
    for number, team in enumerate(config.roster.teams):
        if team.address in own and not team.members:
            hint = "give the team members, or another address"
            yield Finding(("teams", number, "address"), _comes_back(team.address), hint, people=True)
    for number, user in enumerate(config.roster.users):
        if user.address in own:
            hint = "give the person's own address"
            yield Finding(("users", number, "address"), _comes_back(user.address), hint, people=True)
    for number, level in enumerate(config.default_levels):
        told = (("to", level.to), *(("notify", word) for word in level.notify))
        for key, word in told:
            if word and word.lower() in own and config.team(word) is None:
                yield Finding(("default_levels", number, key), _comes_back(word), "tell a team or a person")


def _comes_back(address: str) -> str:
    return f"letters to {address} would come back: Orgo reads what is sent there"
