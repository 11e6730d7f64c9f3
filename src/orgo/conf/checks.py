"""What can only be seen when all keys are read together: names that must exist, doubles, doors left open."""

from collections.abc import Callable, Iterable, Iterator
from typing import Literal

from orgo.conf.config import Config, is_loopback
from orgo.conf.kinds import address as mail_address
from orgo.conf.roster import Roster
from orgo.conf.section import Keys
from orgo.conf.sheet import Sheet
from orgo.lib.problems import Problem, did_you_mean

ALWAYS = "always"
RECIPIENT_ROLES = ("supervisor", "administrator")
_SHORTEST_KEY = 32


def consistency(config: Config) -> list[Problem]:
    """What stops the start, and what `load` warns of."""
    return [problem for look in _AT_LOAD for problem in look(config)]


def check(config: Config, strict: bool = False) -> list[Problem]:
    """All that `orgo config check` says of a configuration that could be loaded; `strict` makes warnings errors."""
    found = [*config.warnings, *(problem for look in _AT_CHECK for problem in look(config))]
    if not strict:
        return sorted(found, key=lambda problem: problem.severity == "warning")
    return [Problem(p.message, p.file, p.line, p.column, p.key, p.hint, "error") for p in found]


def _config(config: Config, path: Keys, message: str, hint: str | None = None, warn: bool = False) -> Problem:
    return _say(config._origin.sheet, path, message, hint, warn)


def _people(config: Config, path: Keys, message: str, hint: str | None = None, warn: bool = False) -> Problem:
    return _say(config._origin.people, path, message, hint, warn)


def _say(sheet: Sheet | None, path: Keys, message: str, hint: str | None, warn: bool) -> Problem:
    severity: Literal["error", "warning"] = "warning" if warn else "error"
    assert sheet is not None
    return sheet.problem(path, message, hint, severity)


def _accounts(config: Config) -> Iterator[tuple[Keys, object]]:
    """Each mailbox with its path."""
    for key in ("imap", "mailboxes"):
        yield from (((key, number), account) for number, account in enumerate(getattr(config, key)))


def _two_accounts_on_a_folder(config: Config) -> Iterator[Problem]:
    seen: dict[tuple[str, str, str], str] = {}
    named: dict[str, str] = {}
    sheet = config._origin.sheet
    for key in ("imap", "mailboxes"):
        for number, account in enumerate(getattr(config, key)):
            path: Keys = (key, number)
            where = sheet.source(path) if sheet else None
            for folder in account.folders:
                one = (account.host, account.username.lower(), folder.lower())
                if one in seen:
                    yield _config(
                        config,
                        (*path, "folders"),
                        f"folder {folder!r} is read already by the mailbox at {seen[one]}",
                        "each folder has one reader",
                    )
                seen.setdefault(one, str(where))
            if account.name.lower() in named:
                yield _config(
                    config,
                    (*path, "name"),
                    f"the name {account.name!r} is taken by the mailbox at {named[account.name.lower()]}",
                    "give each a name of its own",
                )
            named.setdefault(account.name.lower(), str(where))


def _mailbox_teams(config: Config) -> Iterator[Problem]:
    for key in ("imap", "mailboxes"):
        for number, account in enumerate(getattr(config, key)):
            if account.team and config.team(account.team) is None:
                yield _config(
                    config,
                    (key, number, "team"),
                    f"no team {account.team!r}",
                    did_you_mean(account.team, _team_names(config)),
                )


def _team_names(config: Config) -> list[str]:
    return [team.name for team in config.roster.teams]


def _triage(config: Config) -> Iterator[Problem]:
    if config.triage and config.team(config.triage) is None:
        yield _config(
            config,
            ("triage",),
            f"no team {config.triage!r}",
            did_you_mean(config.triage, _team_names(config)),
        )
    marked = [number for number, team in enumerate(config.roster.teams) if team.triage]
    for number in marked[1:]:
        yield _people(
            config, ("teams", number, "triage"), "a second triage team", "one team gets what no rule routes"
        )
    if config.triage and marked and config.team(config.triage) not in (None, config.roster.teams[marked[0]]):
        yield _config(
            config,
            ("triage",),
            f"people.yaml says {config.roster.teams[marked[0]].name!r}",
            "say it in one place",
        )


def _calendars(config: Config) -> Iterator[Problem]:
    known = [*config.calendars, ALWAYS]
    if config.teams.calendar and config.teams.calendar not in known:
        yield _config(
            config,
            ("teams", "calendar"),
            f"no calendar {config.teams.calendar!r}",
            did_you_mean(config.teams.calendar, known),
        )
    for number, team in enumerate(config.roster.teams):
        if team.calendar and team.calendar not in known:
            yield _people(
                config,
                ("teams", number, "calendar"),
                f"no calendar {team.calendar!r}",
                did_you_mean(team.calendar, known),
            )
    if ALWAYS in config.calendars:
        yield _config(
            config,
            ("calendars", ALWAYS),
            f"{ALWAYS!r} is day and night and can't be changed",
            "take another name",
        )


def _countries(config: Config) -> Iterator[Problem]:
    home = config.organization.country
    if home and (wrong := _country_problem(home, None)):
        yield _config(config, ("organization", "country"), wrong[0], wrong[1])
    for name, calendar in config.calendars.items():
        country = calendar.country or home
        if calendar.subdivision and not country:
            yield _config(
                config, ("calendars", name, "subdivision"), "a part of no country", "give country: as well"
            )
        elif country and (wrong := _country_problem(country, calendar.subdivision)):
            key = "subdivision" if wrong[2] else "country"
            yield _config(config, ("calendars", name, key), wrong[0], wrong[1])


def _country_problem(country: str, subdivision: str | None) -> tuple[str, str | None, bool] | None:
    """What is wrong with a country and its part, a hint, and whether it is the part."""
    from holidays import country_holidays
    from holidays.registry import COUNTRIES

    codes = {entry[1] for entry in COUNTRIES.values()}
    if country not in codes:
        return (
            f"no country {country!r} with known holidays",
            "write its two letters, such as FR, DE or GB",
            False,
        )
    parts = getattr(country_holidays(country, years=()), "subdivisions", ())
    if subdivision and subdivision not in parts:
        return f"no part {subdivision!r} of {country}", did_you_mean(subdivision, parts), True
    return None


def _default_levels(config: Config) -> Iterator[Problem]:
    known = [*RECIPIENT_ROLES, *_team_names(config)]
    former = None
    for number, level in enumerate(config.default_levels):
        path: Keys = ("default_levels", number)
        for key, words in (("to", (level.to,)), ("notify", level.notify)):
            for word in words:
                if word and word not in known and not _is_address(word):
                    yield _config(
                        config,
                        (*path, key),
                        f"nobody is called {word!r}",
                        did_you_mean(word, known) or "an address is allowed too",
                    )
        if level.to is None and not level.notify:
            yield _config(
                config, path, "a level without a recipient", "give to: supervisor, a team or an address"
            )
        now = (level.after.days, level.after.seconds)
        if former and now <= former:
            yield _config(
                config,
                (*path, "after"),
                "comes no later than the level before it",
                "after counts from the task's opening",
            )
        former = now


def _is_address(word: str) -> bool:
    try:
        mail_address(word)
    except ValueError:
        return False
    return True


def _open_door(config: Config) -> Iterator[Problem]:
    smtp = config.intake.smtp
    if smtp.enabled and not smtp.domains and not is_loopback(smtp.host):
        yield _config(
            config,
            ("intake", "smtp", "domains"),
            f"no domains are given, and {smtp.host} can be reached from outside",
            "list the recipients' domains, or listen on 127.0.0.1",
        )


def _signing_in(config: Config) -> Iterator[Problem]:
    smtp = config.smtp
    if smtp and smtp.password and not smtp.username:
        yield _config(
            config, ("smtp", "username"), "is missing, but there is a password", "give both or none"
        )
    if smtp and smtp.username and not smtp.password:
        yield _config(
            config,
            ("smtp", "password"),
            "is missing, so Orgo sends without signing in",
            "give both or none",
            warn=True,
        )
    key = config.web.secret_key
    if key and len(key.get_secret_value()) < _SHORTEST_KEY:
        yield _config(
            config,
            ("web", "secret_key"),
            f"is too short to be safe; at least {_SHORTEST_KEY} characters",
            "leave it out and Orgo makes one",
        )


def _wires(config: Config) -> Iterator[Problem]:
    """TLS left out over a wire, and certificates that are not there."""
    servers: list[tuple[Keys, str, str, object]] = []
    for key in ("imap", "mailboxes"):
        servers.extend(
            ((key, number), account.host, account.tls, account.ca_file)
            for number, account in enumerate(getattr(config, key))
        )
    if config.smtp:
        servers.append((("smtp",), config.smtp.host, config.smtp.tls, config.smtp.ca_file))
    for path, host, tls, ca_file in servers:
        if tls == "none" and not is_loopback(host):
            yield _config(
                config,
                (*path, "tls"),
                f"mail and password go to {host} in clear",
                "leave tls out, or write starttls or implicit",
                warn=True,
            )
        if ca_file and not ca_file.is_file():
            yield _config(
                config, (*path, "ca_file"), "no such file", "paths count from the folder of config.yaml"
            )


def _doubles(config: Config) -> Iterator[Problem]:
    """The same name or address twice in people.yaml."""
    roster = config.roster
    taken: dict[str, str] = {}
    entries: list[tuple[Keys, str, str]] = [
        *(
            ((("organizations", n, "label")), f"organization {o.label.lower()}", o.label)
            for n, o in enumerate(roster.organizations)
        ),
        *(((("teams", n, "name")), f"team {t.name.lower()}", t.name) for n, t in enumerate(roster.teams)),
        *(((("teams", n, "address")), t.address, t.address) for n, t in enumerate(roster.teams)),
        *(((("users", n, "address")), u.address, u.address) for n, u in enumerate(roster.users)),
    ]
    sheet = config._origin.people
    for path, key, text in entries:
        if key in taken:
            yield _people(
                config,
                path,
                f"{text!r} stands already at {taken[key]}",
                "each name and address is one team's or one user's",
            )
        elif sheet:
            taken[key] = sheet.source(path) or ""


def _unknown_people(config: Config) -> Iterator[Problem]:
    """Names in people.yaml that nobody has."""
    roster = config.roster
    users = [user.address for user in roster.users]
    labels = [organization.label for organization in roster.organizations]
    for path, word, known, what in _references(roster, users, labels):
        if word not in known:
            hint = did_you_mean(word, known) if len(known) <= 20 else did_you_mean(word, known[:20])
            yield _people(config, path, f"no {what} {word!r}", hint or f"add it under {what}s")


def _references(
    roster: Roster, users: list[str], labels: list[str]
) -> Iterator[tuple[Keys, str, list[str], str]]:
    for number, team in enumerate(roster.teams):
        if team.supervisor:
            yield ("teams", number, "supervisor"), team.supervisor, users, "user"
        if team.organization:
            yield ("teams", number, "organization"), team.organization, labels, "organization"
        yield from (
            (("teams", number, "members", n), member, users, "user") for n, member in enumerate(team.members)
        )
    for number, user in enumerate(roster.users):
        for n, absence in enumerate(user.absent):
            if absence.deputy:
                yield ("users", number, "absent", n, "deputy"), absence.deputy, users, "user"


def _letters_that_come_back(config: Config) -> Iterator[Problem]:
    read = {account.receives: account.name for account in config.accounts if account.receives}
    for number, team in enumerate(config.roster.teams):
        if team.address in read:
            message = f"letters to {team.address} would come back: Orgo reads it as the mailbox {read[team.address]!r}"
            yield _people(
                config,
                ("teams", number, "address"),
                message,
                "give the team members, who then get them, and another address",
            )


def _answers(config: Config) -> Iterator[Problem]:
    if config.smtp is None:
        yield _config(
            config,
            ("smtp",),
            "no server is given, so letters wait",
            "give host, port, username and password",
            warn=True,
        )
        return
    address = config.smtp.replies_to
    smtp = config.intake.smtp
    comes_in = smtp.enabled and (not smtp.domains or address.rpartition("@")[2] in smtp.domains)
    if not comes_in and address not in {account.receives for account in config.accounts}:
        key = "reply_address" if config.smtp.reply_address else "from"
        yield _config(
            config,
            ("smtp", key),
            f"answers to {address} don't reach Orgo",
            "fetch that mailbox under imap: or mailboxes:",
            warn=True,
        )


def _nobody(config: Config) -> Iterator[Problem]:
    """Teams and duties without anybody."""
    if config.triage_team is None:
        yield _config(
            config,
            ("triage",),
            "no triage team, so what no rule routes goes to the administrator",
            "name a team",
            warn=True,
        )
    if config.people and not any("administrator" in user.roles for user in config.roster.users):
        yield _people(
            config, ("users",), "nobody is an administrator", "give one user role: administrator", warn=True
        )
    for number, team in enumerate(config.roster.teams):
        if not team.members:
            yield _people(
                config,
                ("teams", number),
                f"team {team.name!r} has no members",
                "its letters go to its address",
                warn=True,
            )


_Look = Callable[[Config], Iterable[Problem]]
_AT_LOAD: tuple[_Look, ...] = (
    _two_accounts_on_a_folder, _mailbox_teams, _triage, _calendars, _countries, _default_levels,
    _open_door, _signing_in, _wires, _doubles, _unknown_people,
)  # fmt: skip
_AT_CHECK: tuple[_Look, ...] = (_letters_that_come_back, _answers, _nobody)
