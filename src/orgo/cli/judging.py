"""What the rules say of mails in files: no database, nothing is written."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from orgo.conf import Config
from orgo.conf.places import shown
from orgo.lib import clock
from orgo.lib.problems import Problem
from orgo.message import Message, body_text
from orgo.rules import Decision, Facts, Known, Level, RuleSet, check, facts_of
from orgo.rules import load as load_rules

_DELIVERED = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to")


def rules_of(config: Config, file: Path | None = None) -> RuleSet:
    """The rule set of `file`, else of the configuration. Raises BadInput; OSError where the file can't be read."""
    file = file or config.rules
    if file is None:
        return load_rules(b"rules: []\n", "no rules file", directory=config.files)
    return load_rules(file.read_bytes(), shown(file.absolute(), config.home), directory=config.files)


def facts_for(message: Message, size: int, config: Config) -> Facts:
    """The facts of a mail whose envelope is not known: what its headers say of it, and its date as the time it came."""
    recipients = recipients_of(message)
    team = next((team for team in config.roster.teams if team.address in recipients), config.triage_team)
    return facts_of(
        message,
        received_at=_time_of(message),
        zone=(team.zone if team else None) or config.organization.zone,
        organization=(team.organization if team else None) or "",
        body=body_text(message),
        mailbox=next(iter(recipients), ""),
        recipients=recipients,
        size=size,
    )


def _time_of(message: Message) -> datetime:
    return message.date if message.date and message.date.tzinfo else clock.now()


def recipients_of(message: Message) -> tuple[str, ...]:
    """Whom a mail was delivered to, as its headers tell; else whom it was written to."""
    delivered = [value.strip(" <>").lower() for name, value in message.headers if name.lower() in _DELIVERED]
    written = [address.address.lower() for address in (*message.to, *message.cc)]
    return tuple(dict.fromkeys(delivered or written))


def routed_to(decision: Decision, config: Config) -> str:
    """The address that a decision leads to: a team's where one is named, triage's where no rule routes."""
    name = (decision.route_to or "").strip()
    if not name:
        return _triage(config)
    team = config.team(name)
    return team.address if team else name.lower()


def _triage(config: Config) -> str:
    if config.triage_team:
        return config.triage_team.address
    administrators = (user.address for user in config.roster.users if "administrator" in user.roles)
    return next(administrators, "triage")


def decision_json(decision: Decision, config: Config) -> dict[str, Any]:
    """The decision as `orgo mail route --json` prints it (DESIGN.md section 9)."""
    return {
        "route_to": routed_to(decision, config),
        "rule": decision.rule,
        "revision": decision.revision,
        "priority": decision.priority or "normal",
        "labels": list(decision.labels),
        "attach": list(decision.attach),
        "levels": [_level(level) for level in decision.levels],
        "reasons": [msgspec.to_builtins(reason) for reason in decision.reasons],
    }


def _level(level: Level) -> dict[str, Any]:
    return {"after": str(level.after), "to": level.to, "notify": list(level.notify), "until": level.until}


def check_rules(config: Config, file: Path | None = None, strict: bool = False) -> list[Problem]:
    """All that is wrong or odd in a rules file. Raises BadInput where it can't be read as rules at all."""
    teams = config.roster.teams
    administrators = [user.address for user in config.roster.users if "administrator" in user.roles]
    triage = config.triage_team
    known = Known(
        teams=frozenset(word.lower() for team in teams for word in (team.address, team.name)),
        people=frozenset(user.address for user in config.roster.users),
        calendars=frozenset(config.calendars),
        mailboxes=frozenset(account.receives for account in config.accounts if account.receives),
        files=config.files,
        supervisors={team.address: team.supervisor for team in teams if team.supervisor},
        last_resort=(triage.supervisor if triage else None) or next(iter(administrators), ""),
    )
    found = check(rules_of(config, file), known)
    return [replace(problem, severity="error") for problem in found] if strict else found
