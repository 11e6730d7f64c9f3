"""May this user see this task? The one answer that every door asks for, as a function and as a filter."""

from typing import Any, Protocol

from django.db.models import Q

from orgo.people.models import User

PRIVATE, TEAM, ORGANIZATION, PUBLIC = "private", "team", "organization", "public"
STRICTEST = (PRIVATE, TEAM, ORGANIZATION, PUBLIC)


class Viewed(Protocol):
    """What visibility is decided by."""

    team: str
    assignee: str
    organization: str
    visibility: str
    watchers: Any


class Viewer:
    """A user with the teams already looked up, to ask about many tasks."""

    def __init__(self, user: User) -> None:
        self.address = user.address
        self.see_all = user.may("see_all")
        self.active = user.is_active
        rows = list(user.teams.values_list("address", "organization__label"))
        self.teams = {address for address, _ in rows} | {user.address}
        self.organizations = {label for _, label in rows if label}

    def may_see(self, task: Viewed) -> bool:
        """Whether the task's visibility, team and people let this user see it."""
        if not self.active:
            return False
        own = task.team in self.teams or (bool(task.assignee) and task.assignee == self.address)
        if own or task.visibility == PUBLIC:
            return True
        if task.visibility == PRIVATE:
            return False
        if self.see_all or self.address in task.watchers:
            return True
        return task.visibility == ORGANIZATION and task.organization in self.organizations

    def filter(self) -> Q:
        """The same answer as a filter over task rows (watchers are kept as text: |a@b|c@d|)."""
        if not self.active:
            return Q(pk__in=[])
        own = Q(team__in=self.teams) | Q(assignee=self.address) | Q(visibility=PUBLIC)
        if self.see_all:
            return own | ~Q(visibility=PRIVATE)
        others = Q(watchers__contains=f"|{self.address}|")
        if self.organizations:
            others |= Q(visibility=ORGANIZATION, organization__in=self.organizations)
        return own | (others & ~Q(visibility=PRIVATE))


def may_see(user: User, task: Viewed) -> bool:
    """Whether `user` may see `task` (one task; for many make a Viewer)."""
    return Viewer(user).may_see(task)


def visible_to(user: User) -> Q:
    """The filter of the tasks that `user` may see."""
    return Viewer(user).filter()
