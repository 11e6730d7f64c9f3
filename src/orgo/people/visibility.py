"""May this user see this task? The one answer that every door asks for, as a function and as a filter."""

from typing import Any, Protocol

from django.db.models import Lookup, Q, TextField

from orgo.lib import clock
from orgo.people.models import Absence, Team, User

PRIVATE, TEAM, ORGANIZATION, PUBLIC = "private", "team", "organization", "public"
STRICTEST = (PRIVATE, TEAM, ORGANIZATION, PUBLIC)


class Viewed(Protocol):
    """What visibility is decided by. `watchers` and `called` are kept as text: |a@b|c@d|."""

    team: str
    assignee: str
    organization: str
    visibility: str
    watchers: Any
    called: Any


@TextField.register_lookup
class Names(Lookup):
    """`watchers__names=[..]`: one of these addresses stands in a column |a@b|c@d|.

    PostgreSQL looks them up in an index (task/migrations/0006_named.py); of those who may see little it would otherwise
    read all that anybody watches.
    """

    lookup_name = "names"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """The condition and its values, for SQLite."""
        column, params = self.process_lhs(compiler, connection)
        each = " OR ".join(f"instr({column}, %s) > 0" for _ in self.rhs)
        return f"({each})", tuple(value for one in self.rhs for value in (*params, f"|{one}|"))

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """The condition and its values, in the words of the index."""
        column, params = self.process_lhs(compiler, connection)
        return f"string_to_array(btrim({column}, '|'), '|') && %s", (*params, self.rhs)


class Viewer:
    """A user with the teams already looked up, to ask about many tasks.

    `away` are those whom this user stands in for now, and `lent` their teams: what is theirs to see is this user's,
    and what a level has called them, this user or a team of either to (`callers`) as well; private tasks never.
    """

    def __init__(self, user: User) -> None:
        self.address = user.address
        self.see_all = user.may("see_all")
        self.active = user.is_active
        rows = list(user.teams.values_list("address", "organization__label"))
        self.teams = {address for address, _ in rows} | {user.address}
        self.organizations = {label for _, label in rows if label}
        self.away = _stands_in_for(user.address) if user.is_active else set()
        theirs = Team.objects.filter(members__address__in=self.away) if self.away else Team.objects.none()
        self.lent = set(theirs.values_list("address", flat=True)) | self.away
        self.callers = self.teams | self.lent

    def may_see(self, task: Viewed) -> bool:
        """Whether the task's visibility, team and people let this user see it."""
        if not self.active:
            return False
        own = task.team in self.teams or (bool(task.assignee) and task.assignee == self.address)
        if own or task.visibility == PUBLIC:
            return True
        if task.visibility == PRIVATE:
            return False
        if self.see_all or task.team in self.lent or task.assignee in self.away:
            return True
        if self.address in _listed(task.watchers) or self.callers & _listed(task.called):
            return True
        return task.visibility == ORGANIZATION and task.organization in self.organizations

    def filter(self) -> Q:
        """The same answer as a filter over task rows."""
        if not self.active:
            return Q(pk__in=[])
        own = Q(team__in=self.teams) | Q(assignee=self.address) | Q(visibility=PUBLIC)
        if self.see_all:
            return own | ~Q(visibility=PRIVATE)
        # That the columns are not empty is what their indexes are asked by.
        others = ~Q(watchers="") & Q(watchers__names=[self.address])
        others |= ~Q(called="") & Q(called__names=sorted(self.callers))
        if self.away:
            others |= Q(team__in=self.lent) | Q(assignee__in=self.away)
        if self.organizations:
            others |= Q(visibility=ORGANIZATION, organization__in=self.organizations)
        return own | (others & ~Q(visibility=PRIVATE))


def _listed(text: Any) -> set[str]:
    """The addresses of a column |a@b|c@d|, or of a tuple."""
    return set(text.strip("|").split("|") if isinstance(text, str) else text) - {""}


def _stands_in_for(address: str) -> set[str]:
    """Those who are away now and whose deputy (or the deputy's, where that one is away too) is `address`."""
    now = clock.now()
    rows = Absence.objects.filter(start__lte=now, end__gt=now, user__is_active=True).exclude(deputy="")
    deputies = {away: deputy.lower() for away, deputy in rows.values_list("user__address", "deputy")}
    return {away for away in deputies if _last(away, deputies) == address} - {address}


def _last(address: str, deputies: dict[str, str]) -> str:
    """Who stands in at the end of the row of deputies; in a ring, the one it began with (people/directory.py)."""
    seen: set[str] = set()
    while address in deputies and address not in seen:
        seen.add(address)
        address = deputies[address]
    return address


def may_see(user: User, task: Viewed) -> bool:
    """Whether `user` may see `task` (one task; for many make a Viewer)."""
    return Viewer(user).may_see(task)


def visible_to(user: User) -> Q:
    """The filter of the tasks that `user` may see."""
    return Viewer(user).filter()
