"""The house that the pipeline works for: configuration, people, rules, calendars and keys, read once for a batch."""

import logging
import time
from collections.abc import Sequence
from datetime import datetime
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus
from zoneinfo import ZoneInfo

import msgspec

from orgo.conf import boot
from orgo.conf.config import Config
from orgo.escalation.calendar import ALWAYS, Calendar
from orgo.escalation.policy import Level, Policy
from orgo.flow.timing import calendar_of, default_policy
from orgo.lib import clock
from orgo.lib.keys import derive
from orgo.outbox.token import Signer
from orgo.people.directory import Directory
from orgo.people.queries import directory
from orgo.rules import RuleSet
from orgo.task.values import TaskState

log = logging.getLogger("orgo.house")
LARGEST_DOCUMENT = 20_000_000
READINGS = 10  # of a rules file that changed, until two in succession find the same bytes
BETWEEN_READINGS = 0.1  # seconds


class House:
    """What is true of this installation while one batch is worked on."""

    def __init__(
        self, config: Config, directory: Directory, rules: RuleSet, calendars: dict[str, Calendar]
    ) -> None:
        self.config = config
        self.directory = directory
        self.rules = rules
        self.calendars = calendars

    # -- letters

    @cached_property
    def signer(self) -> Signer:
        """Makes and checks the tokens in letters."""
        secrets = (boot.secret_key(self.config), *boot.former_keys(self.config))
        return Signer(*(derive(secret, "letters") for secret in secrets))

    @cached_property
    def loop_mark(self) -> str:
        """The signed header by which our own letters are known when they come back."""
        return self.signer.sign("mid", "loop", self.domain)

    @cached_property
    def loop_marks(self) -> frozenset[str]:
        """The marks of all our letters, those of former keys too."""
        return frozenset(self.signer.signatures("mid", "loop", self.domain))

    @cached_property
    def can_send(self) -> bool:
        """Whether a way out is configured; letters are held where none is."""
        return self.config.smtp is not None

    @cached_property
    def reply_base(self) -> str:
        """The address that answers come back to, before its plus tag."""
        if self.config.smtp is not None:
            return self.config.smtp.replies_to
        domains = self.config.intake.smtp.domains
        return f"orgo@{domains[0] if domains else 'localhost'}"

    @cached_property
    def domain(self) -> str:
        """The domain in our Message-IDs."""
        return self.reply_base.rpartition("@")[2]

    def reply_to(self, reference: str, recipient: str) -> str:
        """The signed address to which this recipient answers about this task."""
        return self.signer.reply_address(self.reply_base, reference, recipient)

    def return_path(self, letter: int) -> str:
        """The signed address that this letter comes back to when it can't be delivered."""
        return self.signer.return_path(self.reply_base, letter)

    def take_link(self, reference: str, recipient: str) -> str:
        """The signed link by which this recipient takes this task."""
        signature = self.signer.sign("take", reference, recipient)
        return f"{self.public_url}/tasks/{reference}/take?for={_quoted(recipient)}&sig={signature}"

    @cached_property
    def public_url(self) -> str:
        """The address that links begin with."""
        return self.config.web.url

    def hooks_of(self, team: str) -> tuple[str, ...]:
        """The webhook that the team names, as a recipient of letters; none where it names none."""
        return self._hooks.get(team.lower(), ())

    @cached_property
    def _hooks(self) -> dict[str, tuple[str, ...]]:
        """The webhooks of teams by their names and addresses, in lower case; of two with one name the first has it."""
        found: dict[str, tuple[str, ...]] = {}
        for team in self.config.roster.teams:
            for name in (team.name.lower(), team.address):
                found.setdefault(name, (f"webhook:{team.webhook}",) if team.webhook else ())
        return found

    def alarm_hooks(self) -> tuple[str, ...]:
        """The webhooks that hear what is urgent when mail can't leave."""
        return tuple(f"webhook:{name}" for name, hook in self.config.webhooks.items() if hook.alarms)

    # -- people and their ways

    def name_of(self, address: str) -> str:
        """How a person or team is called in a letter; the address where no name is known."""
        person = self.directory.people.get(address)
        if person and person.name:
            return person.name
        return self.directory.team(address).title if address in self.directory.teams else address

    def language_for(self, recipient: str, state: TaskState) -> str:
        """The language to write in: the person's own, the mail's for its sender, the team's, the house's."""
        home = self.config.organization.language
        if recipient == state.requester and recipient not in self.directory.people:
            return state.language if state.language in ("en", "fr") else home
        team = self.directory.team(state.team).language or home
        return self.directory.language_of(recipient, team)

    def zone_of(self, team: str) -> ZoneInfo:
        """The time zone that a team lives in."""
        return ZoneInfo(self.directory.team(team).zone or self.config.organization.zone)

    def organization_name(self, state: TaskState) -> str:
        """Who signs a letter to the requester."""
        return self.directory.organizations.get(state.organization) or self.config.organization.name

    @cached_property
    def triage(self) -> str:
        """The team that gets what no rule routes; the first administrator where there is none."""
        team = self.directory.named(self.config.triage) if self.config.triage else None
        team = team or self.directory.triage
        if team:
            return team.address
        administrators = self.directory.administrators()
        return administrators[0] if administrators else f"triage@{self.domain}"

    def is_own(self, address: str) -> bool:
        """Whether an address is Orgo's or a team's: such a sender is no person."""
        return self.reads(address) or address in self.directory.teams

    def reads(self, address: str) -> bool:
        """Whether a letter to this address comes back to Orgo as mail: a mailbox it reads, its own sender."""
        return address.lower() in self._read

    @cached_property
    def _read(self) -> frozenset[str]:
        return self.config.own_addresses | {self.reply_base}

    # -- time

    def calendar(self, name: str | None) -> Calendar:
        """The calendar of this name; day and night where it has none (or no more)."""
        if name and name not in self.calendars:
            log.warning("no calendar is called %s: counting day and night", name)
        return self.calendars.get(name or "", ALWAYS)

    def calendar_for(self, wanted: str | None, team: str) -> str:
        """The name of the calendar that a task counts by: the rule's, else the team's, else the house's."""
        return wanted or self.directory.team(team).calendar or self.config.teams.calendar or ""

    @cached_property
    def default_policy(self) -> Policy:
        """The escalation of a task that no rule gave one, so that none is without a next step."""
        return default_policy(self.config)

    def policy(self, state: TaskState) -> Policy:
        """The policy that was frozen into the task when it opened."""
        return _thawed(msgspec.json.encode(state.policy)) if state.policy else Policy(levels=())

    def level(self, state: TaskState, number: int) -> Level:
        """The level of this number (from 1) in the task's policy."""
        levels = self.policy(state).levels
        return levels[min(max(number, 1), len(levels)) - 1]

    def who_hears(self, state: TaskState, level: Level) -> str:
        """The address a level speaks to, as of now: roles become persons."""
        roles = {"assignee": state.assignee, "team": state.team}
        if not level.to or level.to in ("supervisor", *roles):
            return roles.get(level.to or "") or self.directory.supervisor_of(state.team) or self.triage
        if level.to in ("administrator", "director"):
            return (
                next(iter(self.directory.with_role(level.to)), "")
                or self.directory.supervisor_of(state.team)
                or self.triage
            )
        team = self.directory.named(level.to)
        return team.address if team else level.to

    # -- documents and templates

    def document(self, name: str) -> bytes | None:
        """The bytes of a document that a rule attaches, or None when there is none (or it is no file of ours)."""
        path = (self.config.files / name).resolve()
        if not path.is_relative_to(self.config.files.resolve()) or not path.is_file():
            log.warning("a rule attaches %s, which is not there", name)
            return None
        if path.stat().st_size > LARGEST_DOCUMENT:
            log.warning("a rule attaches %s, which is larger than %s bytes", name, LARGEST_DOCUMENT)
            return None
        return path.read_bytes()

    def own_template(self, name: str) -> str | None:
        """An organization's own text for a letter, or None when it has none by this name."""
        data = self.document(name) if name else None
        return data.decode("utf-8", "replace") if data is not None else None


_quoted = lru_cache(1024)(quote_plus)


@lru_cache(256)
def _thawed(frozen: bytes) -> Policy:
    """Tasks have few policies, and while one opens its own is asked for thrice: each is made once, and its hash with it."""
    return msgspec.json.decode(frozen, type=Policy)


def open_house(config: Config | None = None) -> House:
    """The house as it is now: people from the database, rules from their file."""
    config = config or boot.config()
    return House(config, directory(), RULES.current(config), _calendars(config))


_made: tuple[Config, dict[str, Calendar]] | None = None


def _calendars(config: Config) -> dict[str, Calendar]:
    """The calendars of the configuration, made once (finding holidays takes time)."""
    global _made
    made = _made
    if made is None or made[0] is not config:
        made = _made = config, {name: calendar_of(config, name) for name in config.calendars}
    return made[1]


_Stamp = tuple[Path | None, int, int, int]


class RuleFile:
    """The rules in force: read again when their file changes; a bad file changes nothing and is said once.

    `problem` says what is wrong with the file while it is refused, and `since` the instant at which that was seen.
    """

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Know no rules: the next who asks reads them anew."""
        self._rules: RuleSet | None = None
        self._stamp: _Stamp | None = None
        self._refused: _Stamp | None = None
        self.problem = ""
        self.since: datetime | None = None

    @property
    def sentence(self) -> str:
        """What an administrator should know of the file now; empty where nothing is wrong with it."""
        return self.problem and f"the old rules stay in force, the new ones can't be read: {self.problem}"

    def current(self, config: Config) -> RuleSet:
        """The rule set of the configuration's rules file. Raises BadInput only when there is no earlier good one."""
        from orgo.lib.problems import BadInput

        stamp = _stamp(config.rules)
        if self._rules is not None and stamp == (self._refused or self._stamp):
            return self._rules
        try:
            self._rules, self._stamp = read_rules(config, settled=self._rules is not None), stamp
            self._refused, self.problem, self.since = None, "", None
        except (BadInput, OSError) as error:
            if self._rules is None:
                raise
            self._refused, self.problem, self.since = stamp, str(error), clock.now()
            log.error("the new rules are refused, the old ones stay in force: %s", error)
        return self._rules


def _stamp(path: Path | None) -> _Stamp:
    """What changes with the file: one of the same size and time may stand in its place, or behind the same link."""
    try:
        found = path.stat() if path else None
    except OSError:
        found = None
    return (path, found.st_ino, found.st_mtime_ns, found.st_size) if found else (path, 0, 0, 0)


def read_rules(config: Config, settled: bool = False) -> RuleSet:
    """The rule set that the configuration names; an empty one where it names none.

    `settled` waits until the file keeps still: who has rules in force does not take half of the next.
    Raises BadInput, and OSError where the file can't be read.
    """
    from orgo.rules import load

    if config.rules is None:
        return load(b"rules: []\n", "no rules file", directory=config.files)
    name = _shown(config.rules, config.home)
    data = _settled(config.rules, name) if settled else config.rules.read_bytes()
    return load(data, name, directory=config.files)


def _settled(path: Path, name: str) -> bytes:
    """The file's bytes when two readings agree, for an editor may be in the middle of writing. Raises BadInput when none do."""
    from orgo.lib.problems import BadInput, Problem

    data = path.read_bytes()
    for _ in range(READINGS):
        time.sleep(BETWEEN_READINGS)
        before, data = data, path.read_bytes()
        if data == before:
            return data
    raise BadInput(Problem("the file is being written", file=name, hint="it is read again when it changes"))


def _shown(path: Path, home: Path) -> str:
    return str(path.relative_to(home)) if path.is_relative_to(home) else str(path)


def plain(value: Any) -> Any:
    """A value as JSON-able builtins."""
    return msgspec.to_builtins(value)


def addresses(values: Sequence[str]) -> tuple[str, ...]:
    """Addresses in lower case, each once, in order."""
    return tuple(dict.fromkeys(value.strip().lower() for value in values if value.strip()))


RULES = RuleFile()
