"""The rules as they stand in a file, and all that is wrong with them in this house. No database."""

from dataclasses import replace
from pathlib import Path

from orgo.conf import Config
from orgo.conf.places import shown
from orgo.lib.problems import Problem
from orgo.rules import Known, RuleSet, check, load


def rules_of(config: Config, file: Path | None = None) -> RuleSet:
    """The rule set of `file`, else of the configuration. Raises BadInput; OSError where the file can't be read."""
    file = file or config.rules
    if file is None:
        return load(b"rules: []\n", "no rules file", directory=config.files)
    return load(file.read_bytes(), shown(file.absolute(), config.home), directory=config.files)


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
        calendars=frozenset(config.calendars),
        mailboxes=config.own_addresses,
        webhooks=frozenset(config.webhooks),
        files=config.files,
        supervisors={team.address: team.supervisor for team in teams if team.supervisor},
        last_resort=(triage.supervisor if triage else None) or next(administrators, ""),
    )
