"""The rules as they stand in a file, and all that is wrong with them in this house. No database."""

from dataclasses import replace
from pathlib import Path

from orgo.conf import Config
from orgo.conf.places import shown
from orgo.lib.problems import BadInput, Problem
from orgo.message import limits
from orgo.rules import Known, RuleSet, check, load


def use_limits(config: Config) -> None:
    """Have mail read by the configured limits in this process, and in the parsers that it starts."""
    limits.use(limits.Limits(**config.limits.model_dump()))


def rules_of(config: Config, file: Path | None = None) -> RuleSet:
    """The rule set of `file`, else of the configuration. Raises BadInput, also where the file can't be read."""
    file = file or config.rules
    if file is None:
        return load(b"rules: []\n", "no rules file", directory=config.files)
    try:
        data = file.read_bytes()
    except OSError as error:
        raise BadInput(_unreadable(config, file, error)) from error
    return load(data, shown(file.absolute(), config.home), directory=config.files)


def need_rules(config: Config) -> None:
    """Put the rules in force before anything starts: a file that goes bad later changes nothing. Raises BadInput.

    Needs Django.
    """
    from orgo.flow.house import RULES

    try:
        RULES.current(config)
    except OSError as error:
        raise BadInput(_unreadable(config, config.rules, error)) from error


def problem_of_rules(config: Config) -> str:
    """What is wrong with the rules file so that it can't be taken, in a sentence; empty where nothing is."""
    try:
        rules_of(config)
    except BadInput as error:
        more = len(error.problems) - 1
        return f"{error.problems[0]}" + (f" (and {more} more: orgo rules check)" if more else "")
    return ""


def _unreadable(config: Config, file: Path | None, error: OSError) -> Problem:
    name = shown(file.absolute(), config.home) if file else None
    hint = "it must be a file that this user may read"
    return Problem(f"can't be read: {error.strerror}", name, key="rules", hint=hint)


def check_rules(config: Config, file: Path | None = None, strict: bool = False) -> list[Problem]:
    """All that is wrong or odd in a rules file. Raises BadInput where it can't be read as rules at all."""
    found = check(rules_of(config, file), known_of(config))
    return [replace(problem, severity="error") for problem in found] if strict else found


def known_of(config: Config) -> Known:
    """What the house has, as far as its files say."""
    teams, triage = config.roster.teams, config.triage_team
    administrators = (user.address for user in config.roster.users if "administrator" in user.roles)
    return Known(
        teams=frozenset(word.lower() for team in teams for word in (team.address, team.name)),
        people=frozenset(user.address for user in config.roster.users),
        members={
            word.lower(): frozenset(team.members) for team in teams for word in (team.address, team.name)
        },
        private=frozenset(
            word.lower()
            for team in teams
            if (team.visibility or config.teams.visibility) == "private"
            for word in (team.address, team.name)
        ),
        calendars=frozenset(config.calendars),
        mailboxes=config.own_addresses,
        webhooks=frozenset(config.webhooks),
        files=config.files,
        supervisors={team.address: team.supervisor for team in teams if team.supervisor},
        last_resort=(triage.supervisor if triage else None) or next(administrators, ""),
    )
