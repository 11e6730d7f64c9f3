"""A snapshot of who is who, as plain values: whom a team consists of, who supervises it, who stands in (pure)."""

from collections.abc import Iterable
from datetime import datetime
from functools import cached_property

import msgspec


class Person(msgspec.Struct, frozen=True):
    """A user as the pipeline sees one."""

    address: str
    name: str = ""
    language: str = ""
    roles: tuple[str, ...] = ()
    absences: tuple[tuple[datetime, datetime, str], ...] = ()

    def absent(self, now: datetime) -> bool:
        """Whether the person is away at `now`."""
        return any(start <= now < end for start, end, _ in self.absences)

    def deputy(self, now: datetime) -> str | None:
        """The address of who stands in at `now`, if somebody was named."""
        return next((who for start, end, who in self.absences if start <= now < end and who), None)


class TeamCard(msgspec.Struct, frozen=True):
    """A team as the pipeline sees it; `members` are addresses."""

    address: str
    name: str
    organization: str = ""
    supervisor: str = ""
    calendar: str = ""
    zone: str = ""
    language: str = ""
    visibility: str = ""
    members: tuple[str, ...] = ()
    is_triage: bool = False
    is_one: bool = False
    label: str = ""

    @property
    def title(self) -> str:
        """Its name as people read it."""
        return self.label or self.name


class Directory(msgspec.Struct, frozen=True, dict=True):
    """Everybody, by address; made once for a batch of mail, which asks for the same few again and again."""

    teams: dict[str, TeamCard]
    people: dict[str, Person]
    organizations: dict[str, str] = {}
    _reached: dict[tuple[tuple[str, ...], datetime], tuple[str, ...]] = {}
    _supervisors: dict[str, tuple[str, ...]] = {}

    def team(self, address: str) -> TeamCard:
        """The team at `address`; one of one person where no team has it."""
        known = self.teams.get(address)  # as it is nearly always written; a letter asks for it six times
        if known is not None:
            return known
        key = address.strip().lower()
        return self.teams.get(key) or TeamCard(key, key, members=(key,), is_one=True)

    def named(self, name: str) -> TeamCard | None:
        """The team with this address, name or first part of the address, if there is exactly one."""
        wanted = name.strip().lower()
        if wanted in self.teams:
            return self.teams[wanted]
        found = self._named.get(wanted, ())
        return found[0] if len(found) == 1 else None

    @cached_property
    def _named(self) -> dict[str, list[TeamCard]]:
        """The teams by their names and by the first parts of their addresses."""
        found: dict[str, list[TeamCard]] = {}
        for team in self.teams.values():
            for name in {team.name.lower(), team.address.split("@")[0]}:
                found.setdefault(name, []).append(team)
        return found

    @cached_property
    def triage(self) -> TeamCard | None:
        """The team that gets what no rule routes."""
        return next((team for team in self.teams.values() if team.is_triage), None)

    def administrators(self) -> tuple[str, ...]:
        """The addresses of the administrators, for what nobody else can mend."""
        return self.with_role("administrator")

    def with_role(self, role: str) -> tuple[str, ...]:
        """The addresses of those who have this role."""
        return tuple(person.address for person in self.people.values() if role in person.roles)

    def supervisor_of(self, team: str) -> str | None:
        """Who hears when nobody is named: the team's supervisor, else triage's, else an administrator."""
        return next(iter(self.supervisors_of(team)), None)

    def supervisors_of(self, team: str) -> tuple[str, ...]:
        """All who could hear when nobody is named, in the order in which they are asked."""
        known = self._supervisors.get(team)
        if known is None:
            of_triage = self.triage.supervisor if self.triage else ""
            choices = (self.team(team).supervisor, of_triage, *self.administrators())
            known = self._supervisors[team] = tuple(dict.fromkeys(choice for choice in choices if choice))
        return known

    def standing_in(self, address: str, now: datetime) -> str:
        """`address`, or that of the deputy (or the deputy's) while the person is away."""
        seen: set[str] = set()
        while address not in seen:
            seen.add(address)
            person = self.people.get(address)
            deputy = person.deputy(now) if person else None
            if not deputy:
                return address
            address = deputy.lower()
        return address

    def reach(self, addresses: Iterable[str], now: datetime) -> tuple[str, ...]:
        """The persons behind `addresses`: a team becomes its members, somebody absent becomes the deputy; each once."""
        asked = (tuple(addresses), now)
        known = self._reached.get(asked)
        if known is None:
            known = self._reached[asked] = self._reach(*asked)
        return known

    def _reach(self, addresses: tuple[str, ...], now: datetime) -> tuple[str, ...]:
        found: dict[str, None] = {}
        for address in addresses:
            key = address.strip().lower()
            team = self.teams.get(key)
            for member in (team.members or (key,)) if team else (key,):
                found.setdefault(self.standing_in(member, now))
        return tuple(found)

    def language_of(self, address: str, default: str) -> str:
        """The language to write to `address` in."""
        person = self.people.get(address)
        team = self.teams.get(address)
        return (person and person.language) or (team and team.language) or default
