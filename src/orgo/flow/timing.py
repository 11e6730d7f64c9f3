"""What a decision means in time: whose calendar counts, which levels there are, when each would speak (no database)."""

from datetime import datetime
from zoneinfo import ZoneInfo

from orgo.conf.config import Config
from orgo.escalation.calendar import ALWAYS, Calendar
from orgo.escalation.plan import Step, foresee
from orgo.escalation.policy import Level, Policy
from orgo.rules import Decision


def calendar_of(config: Config, name: str) -> Calendar:
    """One calendar of the configuration."""
    given = config.calendars[name]
    country = (given.country or config.organization.country) if given.holidays else None
    return Calendar(
        name=name,
        zone=given.zone or config.organization.zone,
        hours=given.hours,
        country=country,
        subdivision=given.subdivision,
        closed=frozenset(given.closed),
        open=frozenset(given.open),
    )


def default_policy(config: Config) -> Policy:
    """The house's own levels, for a task that no rule gave any."""
    levels = tuple(
        Level(after=level.after, to=level.to, notify=tuple(level.notify), until=level.until)
        for level in config.default_levels
    )
    return Policy(levels=levels)


def policy_of(decision: Decision, config: Config) -> Policy:
    """The rule's levels; its `escalate_after` alone speaks to the supervisor; else the house's own."""
    if not decision.levels:
        return default_policy(config)
    levels = tuple(
        Level(after=level.after, to=level.to, notify=tuple(level.notify), until=level.until or "completed")
        for level in decision.levels
    )
    return Policy(levels=levels)


def foreseen(decision: Decision, config: Config, at: datetime) -> list[tuple[Step, datetime]]:
    """When each level would speak if nobody acted on a mail that came `at` this instant, and that in its team's local time.

    Teams are those of people.yaml. Where clocks are put forward a time that does not exist is the moment of the change;
    where they are put back a time that comes twice is the first of the two.
    """
    team = config.team(decision.route_to) if decision.route_to else config.triage_team
    name = decision.calendar or (team.calendar if team else None) or config.teams.calendar
    calendar = calendar_of(config, name) if name in config.calendars else ALWAYS
    zone = ZoneInfo((team.zone if team else None) or config.organization.zone)
    return [(step, step.due.astimezone(zone)) for step in foresee(policy_of(decision, config), calendar, at)]
