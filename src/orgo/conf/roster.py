"""people.yaml as typed values: organizations, teams and users."""

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field, model_validator

from orgo.conf.kinds import Address, Addresses, Day, Text, Zone, listed
from orgo.conf.section import Section

Language = Literal["en", "fr"]
Visibility = Literal["team", "private", "organization", "public"]
Role = Literal["administrator", "supervisor", "technician", "hr", "auditor", "staff"]
Roles = Annotated[tuple[Role, ...], BeforeValidator(listed)]


class Organization(Section):
    """A label of teams and mailboxes."""

    name: Text = Field(description="The full name, as letters show it")
    label: Text = Field(description="The short name that rules and teams use")


class Team(Section):
    """Who works under a role address."""

    name: Text = Field(description="A short name, such as maintenance")
    address: Address = Field(description="The role address that rules route to")
    organization: Text | None = Field(None, description="The label of an organization above")
    label: Text | None = Field(None, description="The name as people read it")
    supervisor: Address | None = Field(None, description="The user who hears when nobody acts")
    members: Addresses = Field((), description="The addresses of the users who do the work")
    calendar: Text | None = Field(
        None, description="A calendar of config.yaml; none is `teams.calendar`, else day and night"
    )
    language: Language | None = Field(None, description="The language of letters to the team")
    zone: Zone | None = Field(None, description="The time zone; none is the organization's")
    visibility: Visibility | None = Field(
        None, description="Who sees the team's tasks, where no rule says it"
    )
    webhook: Text | None = Field(
        None, description="A webhook of config.yaml that gets the team's letters as well"
    )
    triage: bool = Field(False, description="Whether this team gets what no rule routes (one team)")


class Absence(Section):
    """When a user is away, both days included, and who stands in."""

    start: Day = Field(alias="from", description="The first day away")
    until: Day = Field(description="The last day away")
    deputy: Address | None = Field(None, description="The user who stands in")

    @model_validator(mode="after")
    def _in_order(self) -> "Absence":
        if self.until < self.start:
            raise ValueError("`until` is before `from`")
        return self

    def covers(self, day: date) -> bool:
        """Whether `day` (in the organization's zone) is one of the days away."""
        return self.start <= day <= self.until


class User(Section):
    """A person who signs in."""

    synonyms: ClassVar[dict[str, str]] = {"role": "roles"}

    address: Address = Field(description="The mail address, which is the account's name")
    name: Text = Field("", description="The name as people read it")
    roles: Roles = Field(("staff",), min_length=1, description="One role or a list (`role` is the same key)")
    language: Language | None = Field(None, description="The language of letters and pages")
    absent: tuple[Absence, ...] = Field((), description="Days away")


class Roster(Section):
    """Everybody whom people.yaml names."""

    organizations: tuple[Organization, ...] = Field(
        (), description="Organizations that share this installation"
    )
    teams: tuple[Team, ...] = Field((), description="Teams, each with its role address")
    users: tuple[User, ...] = Field((), description="Users, each with roles")

    @property
    def triage(self) -> Team | None:
        """The team that gets what no rule routes."""
        return next((team for team in self.teams if team.triage), None)
