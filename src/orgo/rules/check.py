"""What `orgo rules check` finds in a rule set that can be read: missing files, unknown teams, rules that never decide."""

from pathlib import Path

import msgspec

from orgo.lib.problems import Problem, did_you_mean, nearest
from orgo.rules.examples import failures, groups_of
from orgo.rules.overlap import overlapping
from orgo.rules.reach import unreachable
from orgo.rules.rule import Level, Rule
from orgo.rules.ruleset import RuleSet

ROLES = frozenset({"supervisor", "administrator", "director", "assignee", "team"})


class Known(msgspec.Struct, frozen=True):
    """What the house has, all in lower case: teams (addresses and names), people, calendars, webhooks, where files are.

    `members` are the people of each team, by its name and its address, and `private` the teams whose tasks are private.
    `mailboxes` are the addresses that Orgo reads, its own From among them; `supervisors` (team -> address) and
    `last_resort` say who hears of an escalation that names nobody. What is left empty is not checked where nothing
    could be said about it.
    """

    teams: frozenset[str] = frozenset()
    people: frozenset[str] = frozenset()
    calendars: frozenset[str] = frozenset()
    mailboxes: frozenset[str] = frozenset()
    webhooks: frozenset[str] = frozenset()
    files: Path | None = None
    members: dict[str, frozenset[str]] = {}
    private: frozenset[str] = frozenset()
    supervisors: dict[str, str] = {}
    last_resort: str = ""

    def has(self, name: str) -> bool:
        """Whether this is a team or a person of the house."""
        return name.lower() in self.teams or name.lower() in self.people

    def can_be_told(self, name: str) -> bool:
        """Whether letters can go by this name: an address, a role, a team, a person, webhook:NAME."""
        hook = name.lower().startswith("webhook:") and name.lower().partition(":")[2] in self.webhooks
        return "@" in name or name in ROLES or hook or self.has(name)

    def may_not_open(self, route: str, name: str) -> bool:
        """Whether this is a person of the house who may not open the private tasks of the team that they are routed to."""
        members = self.members.get(route.lower())
        return members is not None and name.lower() in self.people and name.lower() not in members

    def comes_back(self, name: str) -> bool:
        """Whether letters to this address come back to Orgo as mail."""
        return name.lower() in self.mailboxes and name.lower() not in self.teams


def check(rules: RuleSet, known: Known) -> list[Problem]:
    """All problems and warnings, in the order of the file. Runs the tests that stand in the rules."""
    checker = _Checker(rules, known)
    checker.whole()
    for rule in rules.rules:
        checker.one(rule)
    never = list(unreachable(rules))
    for rule, message, hint in never:
        checker.warn(rule, "condition", message, hint)
    silent = {rule.line for rule, _, _ in never}
    for rule, message, hint in overlapping(rules):
        if rule.line not in silent:
            checker.warn(rule, "condition", message, hint)
    found = [*rules.warnings, *checker.found]
    return sorted(found, key=lambda problem: problem.line or 0)


class _Checker:
    def __init__(self, rules: RuleSet, known: Known) -> None:
        self.rules, self.known = rules, known
        self.found: list[Problem] = []
        self.groups = groups_of(leaf for rule in rules.rules for leaf in rule.condition.leaves())

    def warn(self, rule: Rule | None, key: str, message: str, hint: str | None = None) -> None:
        self._note(rule, key, message, hint, "warning")

    def _wrong(self, rule: Rule, key: str, message: str, hint: str | None = None, line: int = 0) -> None:
        self._note(rule, key, message, hint, "error", line)

    def _note(
        self, rule: Rule | None, key: str, message: str, hint: str | None, severity: str, line: int = 0
    ) -> None:
        place = rule.places.get(key, (rule.line, None)) if rule else (None, None)
        where = (line or place[0], None if line else place[1], rule.name if rule else None)
        self.found.append(Problem(message, self.rules.file, *where, hint, severity))  # type: ignore[arg-type]

    def whole(self) -> None:
        """What concerns the file as a whole: its default, and names that stand twice."""
        default, known = self.rules.default, self.known
        if default is None:
            message = "there is no default: what no rule wants goes to triage"
            self.warn(None, "", message, "default: {route_to: reception@organization.com}")
        elif known.comes_back(default):
            message = f"{default} is an address that Orgo reads: its letters would come back"
            self._note(None, "", message, "route to a team", "error")
        elif not known.has(default):
            self.warn(
                None, "", f"the default {default} is no team: it becomes a team of one", self._near(default)
            )
        first: dict[str, Rule] = {}
        for rule in self.rules.rules:
            known_one = first.setdefault(rule.name, rule)
            if known_one is not rule:
                message = f"two rules are called {rule.name}; the first stands in line {known_one.line}"
                self.warn(rule, "name", message, "give each a name of its own")

    def one(self, rule: Rule) -> None:
        """What concerns one rule."""
        self._route(rule)
        self._levels(rule)
        self._blind(rule)
        self._people(rule)
        self._files(rule)
        calendar = rule.action.calendar
        if calendar and calendar not in self.known.calendars:
            hint = did_you_mean(calendar, self.known.calendars)
            self._wrong(rule, "action", f"there is no calendar {calendar}", hint)
        for line, message, hint in failures(self.rules, rule):
            self._wrong(rule, "tests", message, hint, line)

    def _route(self, rule: Rule) -> None:
        route, known = rule.action.route_to, self.known
        if not route:
            return
        if known.comes_back(route):
            message = f"{route} is an address that Orgo reads: its letters would come back"
            self._wrong(rule, "action", message, "route to a team")
        elif "@" not in route and not known.has(route):
            self._wrong(rule, "action", f"there is no team {route}", did_you_mean(route.lower(), known.teams))
        elif not known.has(route):
            message = f"{route} is no team: it becomes a team of one"
            self.warn(rule, "action", message, self._near(route))

    def _near(self, name: str) -> str | None:
        near = nearest(name.lower(), self.known.teams)
        return f"did you mean {near}?" if near else None

    def _levels(self, rule: Rule) -> None:
        told: dict[str, str] = {}
        if rule.action.route_to:
            told[rule.action.route_to.lower()] = "the mail was routed there"
        for level in rule.action.levels:
            if level.to is None:
                self._nobody(rule, level)
                continue
            to = level.to.lower()
            if to in told:
                message = f"the escalation after {level.after} goes back to {level.to}: {told[to]} before"
                self.warn(rule, "action", message, "escalate to somebody who has not heard of it yet")
            told.setdefault(to, f"it was told after {level.after}")

    def _blind(self, rule: Rule) -> None:
        """Who is called to a private task of another team can't open it. That may be meant, but not of all whom it calls."""
        action, known = rule.action, self.known
        team = (action.route_to or "").lower()
        usual = "private" if team in known.private else None
        if not action.levels or not (action.anonymize or (action.visibility or usual) == "private"):
            return
        supervisor = known.supervisors.get(team) or known.last_resort
        called = [
            supervisor if level.to in (None, "supervisor") else str(level.to) for level in action.levels
        ]
        if all(known.may_not_open(team, who) for who in called):
            message = f"its tasks are private to {action.route_to}, and nobody whom the escalation calls may open them"
            hint = "call somebody of the team first; others only hear that there is a task"
            self.warn(rule, "action", message, hint)

    def _nobody(self, rule: Rule, level: Level) -> None:
        known = self.known
        who = known.supervisors.get((rule.action.route_to or "").lower()) or known.last_resort
        message = f"the escalation after {level.after} does not say whom to tell; {who or 'an administrator'} will be told"
        self.warn(rule, "action", message, "add to: or escalate_to:")

    def _people(self, rule: Rule) -> None:
        """Everybody who is told something must be somebody, and no mailbox of our own."""
        levels = rule.action.levels
        names = [level.to for level in levels if level.to]
        names += [name for level in levels for name in level.notify] + list(rule.action.notify)
        for name in dict.fromkeys(names):
            if self.known.comes_back(name):
                message = f"{name} is an address that Orgo reads: its letters would come back"
                self._wrong(rule, "action", message, "tell a team or a person")
            elif not self.known.can_be_told(name):
                hooks = {f"webhook:{hook}" for hook in self.known.webhooks}
                hint = did_you_mean(name.lower(), self.known.teams | ROLES | hooks)
                self._wrong(rule, "action", f"nobody is called {name}", hint)

    def _files(self, rule: Rule) -> None:
        action = rule.action
        own = [action.acknowledge] if action.acknowledge not in (None, "received") else []
        for name in (*action.attach, *own):
            missing = [group for group in _placeholders(name) if group not in self.groups]
            if missing:
                message = f"nothing gives {{{missing[0]}}} in {name}"
                hint = did_you_mean(missing[0], self.groups)
                hint = hint or "a pattern's named group does: matches /room (?P<room>[0-9]+)/"
                self._wrong(rule, "action", message, hint)
            elif "{" not in name and self.known.files is not None:
                self._file(rule, name, self.known.files)

    def _file(self, rule: Rule, name: str, folder: Path) -> None:
        path = folder / name
        if not path.is_file():
            near = nearest(name, (file.relative_to(folder).as_posix() for file in path.parent.glob("*")))
            hint = f"did you mean {near}?" if near else f"it is looked for in {folder.name}/"
            self._wrong(rule, "action", f"the file {name} is not there", hint)
        elif not path.resolve().is_relative_to(folder.resolve()):
            self._wrong(rule, "action", f"{name} leads out of the folder", "copy the file into it")


def _placeholders(path: str) -> list[str]:
    return [part.partition("}")[0] for part in path.split("{")[1:]]
