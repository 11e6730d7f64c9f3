"""What the rules say of mails in files: no database, nothing is written."""

from datetime import datetime
from typing import Any

import msgspec

from orgo.conf import Config
from orgo.lib import clock
from orgo.message import Message, body_text
from orgo.message.dates import instant
from orgo.rules import Decision, Facts, Level, facts_of

_DELIVERED = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to")


def facts_for(message: Message, size: int, config: Config) -> Facts:
    """The facts of a mail whose envelope is not known: what its headers say of it and of when it came."""
    from orgo.flow.border import border_of_file, findings, trust

    recipients = recipients_of(message)
    border = border_of_file(recipients, config)
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
        dmarc=trust(message, border),
        spam_score=message.spam_score,
        **findings(message, border),
    )


def _time_of(message: Message) -> datetime:
    """When the last server got it, which writes its line above the others (RFC 5321 section 4.4); else what its Date says."""
    came = next((value for name, value in message.headers if name.lower() == "received"), "")
    return instant(came.rpartition(";")[2]) or message.date or clock.now()


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


def who_hears_when(decision: Decision, facts: Facts, config: Config) -> list[dict[str, Any]]:
    """Each level's number, whom it speaks to and when (local time with its distance from UTC), if nobody acts."""
    from orgo.flow.timing import foreseen

    found = foreseen(decision, config, facts.received_at or clock.now())
    return [
        {
            "number": step.number,
            "to": step.level.to or "supervisor",
            "at": local.isoformat(timespec="seconds"),
        }
        for step, local in found
    ]


def _level(level: Level) -> dict[str, Any]:
    return {"after": str(level.after), "to": level.to, "notify": list(level.notify), "until": level.until}
