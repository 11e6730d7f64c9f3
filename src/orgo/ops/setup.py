"""The first set-up: configuration, database, first administrator, sign-in link. It may be done again and again."""

import json
import os
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from orgo.conf import Config, boot, load, places
from orgo.conf.kinds import address
from orgo.lib.problems import BadInput, Problem
from orgo.lib.text import counted
from orgo.ops import samples
from orgo.ops.brokers import find_broker
from orgo.ops.checking import rules_of

if TYPE_CHECKING:
    from orgo.people.models import User

Ask = Callable[[str, str], str]
_BUILD_WORDS = (
    "--version --name build bdist bdist_egg bdist_rpm bdist_wheel check clean develop dist_info editable_wheel egg_info"
    " install install_lib install_scripts register rotate saveopts sdist test upload"
).split()
WATCHED = "intake:\n  folder: {path: var/drop, after: move}\n"
USAGE = """usage: python setup.py [--yes]

The first set-up of Orgo in this folder: configuration, database, first administrator, sign-in link.
It asks on a terminal; with --yes it takes the defaults, without a terminal too and says which. It may be repeated.
A ready-made school, city hall, hospital, company or association, and the laptop kit: ./orgo init --help

example:  python setup.py --yes && python main.py
"""


@dataclass
class FirstSetup:
    """What a set-up did: `done` in sentences, the administrator and the link that signs in once (empty: none was made)."""

    config: Config
    administrator: str
    link: str
    done: list[str] = field(default_factory=list)
    next_steps: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [*self.done, *(f"warning: {problem}" for problem in self.config.warnings)]
        lines += ["", f"Administrator: {self.administrator}"]
        if not self.link:
            return "\n".join(lines)
        lines.append(f"Sign in (works once, for 72 hours): {self.link}")
        up = f"{samples.command(self.config.home)} up"
        plain = f"Start all of Orgo: {f'python main.py (or: {up})' if samples.in_checkout() else up}"
        steps = ["Next:", *(f"  {step}" for step in self.next_steps)] if self.next_steps else [plain]
        return "\n".join([*lines, "", *steps])


def main(arguments: Sequence[str]) -> int:
    """`python setup.py`: returns the exit code."""
    wrong = refusal(arguments)
    if wrong is not None:
        print(wrong, file=sys.stdout if wrong is USAGE else sys.stderr)
        return 0 if wrong is USAGE else 2
    try:
        print(set_up(places.home_of(os.environ), yes="--yes" in arguments))
    except BadInput as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"{error.filename or 'a file'}: {error.strerror}", file=sys.stderr)
        return 74
    except (KeyboardInterrupt, EOFError):
        print("\nstopped; start again whenever you like", file=sys.stderr)
        return 130
    return 0


def refusal(arguments: Sequence[str]) -> str | None:
    """What to answer instead of setting up: the usage, or why a word can't be taken; None when all is well."""
    if any(word in ("-h", "--help") for word in arguments):
        return USAGE
    build = next((word for word in arguments if word in _BUILD_WORDS), None)
    if build:
        return f"setup.py {build}: this is Orgo's first set-up and no build file; the build backend is hatchling: pip install ."
    wrong = next((word for word in arguments if word != "--yes"), None)
    return f"setup.py: {wrong!r} is not known here; allowed: --yes, --help" if wrong else None


def set_up(
    home: Path, *, yes: bool, sample: str | None = None, offline: bool = False, with_link: bool = True
) -> FirstSetup:
    """`first_setup` for whoever typed the command: asked on a terminal unless `yes` says that the defaults are meant."""
    ask = not yes and sys.stdin.isatty()
    found = first_setup(home, ask, sample=sample, offline=offline, with_link=with_link)
    if not yes and not ask:
        found.done.append(_not_asked(found))
    return found


def _not_asked(found: FirstSetup) -> str:
    config = found.config
    file = places.shown(config.file, config.home) if config.file else "config/config.yaml"
    return (
        "nothing was asked, for there is no terminal (--yes says that this is meant). Taken were:\n"
        f"  organization   {config.organization.name}; another: organization.name in {file}\n"
        f"  administrator  {found.administrator}; another: {samples.command(config.home)} user add ADDRESS --role administrator"
    )


def first_setup(
    home: Path,
    ask: bool,
    question: Ask | None = None,
    *,
    sample: str | None = None,
    offline: bool = False,
    with_link: bool = True,
) -> FirstSetup:
    """Have all that Orgo needs to start in `home`.

    `ask` says whether a person answers (by `question`, the terminal where it is not given). What is there already is
    kept; a `sample` organization is for a new home only. `offline` is a laptop's: nothing in it needs a network.
    `with_link` says whether a sign-in link is made.
    Raises BadInput for a configuration or rules that can't be taken, OSError where a file can't be written.
    """
    question = (question or _on_terminal) if ask else _take_default
    written = samples.copy_sample(home, sample) if sample else samples.copy_plain(home)
    done = [f"written: {', '.join(written)}"] if written else []
    config = load(home)
    rules_of(config)
    if offline:
        _need_offline(config)
    usual = _usual_administrator(config)
    wanted = _ask_address(question, usual)
    # In a checkout the sample lies in config/ already; where there are administrators it is somebody's own by now.
    fresh = written if written or _administrators(config) else samples.untouched(home)
    if fresh and wanted != usual:
        samples.put_instead(home, fresh, usual, wanted)
        config = load(home)
    config, amended = _amend(config, question, offline)
    config.var.mkdir(mode=0o700, parents=True, exist_ok=True)  # all mail will lie in it
    if config.intake.folder.path is not None:
        config.intake.folder.path.mkdir(parents=True, exist_ok=True)
    boot.start(config)
    boot.use(config)
    done += [*amended, *_database(config)]
    administrator = _administrator(wanted)
    done += _beside_the_file(config, administrator)
    from orgo.people.signin import sign_in_link

    link = sign_in_link(administrator, config.web.url) if with_link else ""
    return FirstSetup(config, administrator.address, link, done, samples.next_steps(home, sample, offline))


def _take_default(_: str, default: str) -> str:
    return default


def _on_terminal(words: str, default: str) -> str:
    return input(f"{words} [{default}]: ").strip() or default


# ---------------------------------------------------------------- the configuration


def _need_offline(config: Config) -> None:
    """Raises BadInput where the configuration wants a network: what is configured is not taken away."""
    wants = {
        "queue": config.queue,
        "smtp": config.smtp,
        "imap": config.imap,
        "mailboxes": config.mailboxes,
        "database": config.sqlite_file is None,
    }
    hint = "the laptop kit is a home of its own: orgo init --offline FOLDER"
    shown = places.shown(config.file, config.home) if config.file else None
    problems = [
        Problem("this needs a network, and --offline takes nothing away", shown, key=key, hint=hint)
        for key, value in wants.items()
        if value
    ]
    if problems:
        raise BadInput(problems)


def _amend(config: Config, question: Ask, offline: bool) -> tuple[Config, list[str]]:
    """Ask for the organization's name, look for a broker (`offline`: none, but a watched folder), and write it down.

    Only what the file says nothing of is written.
    """
    if config.file is None:
        return config, []
    before = config.file.read_bytes()
    text = before.decode("utf-8-sig")
    wanted = _wanted(config, text, question, offline)
    for key, lines in wanted.items():
        text = _with(text, key, lines)
    if not wanted:
        return config, []
    config.file.write_text(text, "utf-8")
    try:
        amended = load(config.home)
    except BadInput:
        config.file.write_bytes(before)
        raise
    shown = places.shown(config.file, config.home)
    return amended, [f"written to {shown}: {' '.join(lines.split())}" for lines in wanted.values()]


def _wanted(config: Config, text: str, question: Ask, offline: bool) -> dict[str, str]:
    """What to add to the file, by key."""
    wanted = {}
    if not re.search(r"^organization:", text, re.MULTILINE):
        name = question("Name of your organization", config.organization.name)
        if name != config.organization.name:
            wanted["organization"] = f"organization:\n  name: {json.dumps(name, ensure_ascii=False)}\n"
    if offline and config.intake.folder.path is None:
        wanted["intake"] = WATCHED
    broker = find_broker() if config.queue is None and not offline else None
    if broker:
        wanted["queue"] = f"queue: {broker}\n"
    return wanted


def _with(text: str, key: str, lines: str) -> str:
    """The file's text with `lines` below the commented default of their key, else at the end.

    A commented key that only opens its section gives way: what stands commented below belongs to it then.
    """
    commented = re.search(rf"^#{key}:(.*)\n", text, re.MULTILINE)
    if commented is None:
        return f"{text.rstrip()}\n\n{lines}"
    begin = commented.end() if commented[1].strip() else commented.start()
    return text[:begin] + lines + text[commented.end() :]


# ---------------------------------------------------------------- the database and the administrator


def _database(config: Config) -> list[str]:
    from orgo.ops.up import prepare_database
    from orgo.people.roster import apply_roster

    prepare_database()
    apply_roster(config.roster)
    place = places.shown(config.sqlite_file, config.home) if config.sqlite_file else "the configured server"
    roster = config.roster
    people = f"people: {counted(len(roster.teams), 'team')}, {counted(len(roster.users), 'user')}"
    return [f"database: {place} is ready", people]


def _beside_the_file(config: Config, administrator: "User") -> list[str]:
    """Who is in the database, and not in people.yaml: made by hand, or left from what the file said before."""
    from orgo.people.models import Team, User

    named = {*(user.address for user in config.roster.users), administrator.address}
    users = list(
        User.objects.filter(is_active=True).exclude(address__in=named).values_list("address", flat=True)
    )
    teams = Team.objects.exclude(address__in=[team.address for team in config.roster.teams]).filter(
        is_one=False
    )
    if not users and not teams.exists():
        return []
    found = f"{counted(teams.count(), 'team')}, {counted(len(users), 'user')}"
    shown = ", ".join(users[:3]) + (", .." if len(users) > 3 else "")
    how = f" ({shown}): orgo user deactivate ADDRESS, where they are to go" if users else ""
    return [f"beside people.yaml the database keeps {found}{how}"]


def _usual_administrator(config: Config) -> str:
    """Who is administrator where nobody says another: the first in the database, else in people.yaml, else a usual name."""
    of_people = (user.address for user in config.roster.users if "administrator" in user.roles)
    return next(iter(_administrators(config)), "") or next(of_people, f"admin@{_domain(config)}")


def _administrators(config: Config) -> list[str]:
    """The addresses of the administrators in the database, none where it was not made yet."""
    if config.sqlite_file is not None and not config.sqlite_file.exists():
        return []
    boot.start(config)
    from django.db import DatabaseError

    from orgo.people.models import User

    active = User.objects.filter(is_active=True).order_by("pk").values_list("address", "roles")
    try:
        return [address for address, roles in active if "administrator" in roles]
    except DatabaseError:
        return []


def _ask_address(question: Ask, default: str) -> str:
    """The administrator's address; asked again while it is none, before anything is written."""
    words = "Mail address of the administrator"
    while True:
        try:
            return address(question(words, default))
        except ValueError as error:
            words = f"{error}\nMail address of the administrator"


def _administrator(wanted: str) -> "User":
    """The administrator with this address, made where there is none."""
    from orgo.audit.models import record
    from orgo.people.models import User

    user = User.objects.filter(address=wanted).first() or User.objects.make(wanted)
    if "administrator" not in user.roles or not user.is_active:
        user.roles, user.is_active = [*user.roles, "administrator"], True
        user.save()
        record("person.made_administrator", actor="", actor_kind="system", person=user.pk)
    return user


def _domain(config: Config) -> str:
    team = next((team.address.partition("@")[2] for team in config.roster.teams), "organization.com")
    return config.organization.domains[0] if config.organization.domains else team
