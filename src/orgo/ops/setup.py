"""The first set-up: configuration, database, first administrator, sign-in link. It may be done again and again."""

import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from orgo.conf import Config, boot, load, places
from orgo.conf.kinds import address
from orgo.lib.problems import BadInput, Problem
from orgo.ops.brokers import find_broker

if TYPE_CHECKING:
    from orgo.people.models import User

Ask = Callable[[str, str], str]
_PACKAGE = Path(__file__).resolve().parents[1]
_BUILD_WORDS = (
    "--version --name build bdist bdist_egg bdist_rpm bdist_wheel check clean develop dist_info editable_wheel egg_info"
    " install install_lib install_scripts register rotate saveopts sdist test upload"
).split()
USAGE = """usage: python setup.py [--yes]

The first set-up of Orgo in this folder: configuration, database, first administrator, sign-in link.
It asks on a terminal; with --yes, or without a terminal, it takes the defaults. It may be repeated.

example:  python setup.py --yes && python main.py
"""


@dataclass
class FirstSetup:
    """What a set-up did: `done` in sentences, the administrator and the link that signs in once."""

    config: Config
    administrator: str
    link: str
    done: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [*self.done, *(f"warning: {problem}" for problem in self.config.warnings)]
        lines += [
            "",
            f"Administrator: {self.administrator}",
            f"Sign in (works once, for 72 hours): {self.link}",
        ]
        return "\n".join([*lines, "", "Start all of Orgo: python main.py (or: orgo up)"])


def main(arguments: Sequence[str]) -> int:
    """`python setup.py`: returns the exit code."""
    wrong = refusal(arguments)
    if wrong is not None:
        print(wrong, file=sys.stdout if wrong is USAGE else sys.stderr)
        return 0 if wrong is USAGE else 2
    try:
        print(first_setup(places.home_of(os.environ), ask="--yes" not in arguments and sys.stdin.isatty()))
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


def first_setup(home: Path, ask: bool, question: Ask | None = None) -> FirstSetup:
    """Have all that Orgo needs to start in `home`.

    `ask` says whether a person answers (by `question`, the terminal where it is not given). What is there already is
    kept. Raises BadInput for a configuration that can't be taken, OSError where a file can't be written.
    """
    question = (question or _on_terminal) if ask else _take_default
    done = _copy_samples(home)
    config = load(home)
    config, amended = _amend(config, question)
    config.var.mkdir(parents=True, exist_ok=True)
    boot.start(config)
    done += [*amended, *_database(config)]
    administrator = _administrator(config, question)
    from orgo.people.signin import sign_in_link

    return FirstSetup(config, administrator.address, sign_in_link(administrator, config.web.url), done)


def _take_default(_: str, default: str) -> str:
    return default


def _on_terminal(words: str, default: str) -> str:
    return input(f"{words} [{default}]: ").strip() or default


# ---------------------------------------------------------------- the configuration


def samples_folder() -> Path:
    """The sample configuration: beside the package where it is installed, at the root of a checkout."""
    installed = _PACKAGE / "samples"
    return installed if installed.is_dir() else _PACKAGE.parents[1] / "config"


def _copy_samples(home: Path) -> list[str]:
    """Without any configuration: a copy of the sample configuration, people, rules and templates in `config/`."""
    if places.find_config(home, os.environ) is not None:
        return []
    folder = home / "config"
    written = []
    for source in sorted(samples_folder().rglob("*")):
        target = folder / source.relative_to(samples_folder())
        if source.is_file() and not target.exists() and not (home / source.name).exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
            written.append(places.shown(target, home))
    return [f"written: {', '.join(written)}"] if written else []


def _amend(config: Config, question: Ask) -> tuple[Config, list[str]]:
    """Ask for the organization's name, look for a broker, and write both where the file says nothing of them."""
    if config.file is None:
        return config, []
    before = config.file.read_bytes()
    text = before.decode("utf-8-sig")
    wanted = _wanted(config, text, question)
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


def _wanted(config: Config, text: str, question: Ask) -> dict[str, str]:
    """What to add to the file, by key."""
    wanted = {}
    if not re.search(r"^organization:", text, re.MULTILINE):
        name = question("Name of your organization", config.organization.name)
        if name != config.organization.name:
            wanted["organization"] = f"organization:\n  name: {json.dumps(name, ensure_ascii=False)}\n"
    broker = find_broker() if config.queue is None else None
    if broker:
        wanted["queue"] = f"queue: {broker}\n"
    return wanted


def _with(text: str, key: str, lines: str) -> str:
    """The file's text with `lines` below the commented default of their key, else at the end."""
    commented = re.search(rf"^#{key}:.*\n", text, re.MULTILINE)
    if commented is None:
        return f"{text.rstrip()}\n\n{lines}"
    return text[: commented.end()] + lines + text[commented.end() :]


# ---------------------------------------------------------------- the database and the administrator


def _database(config: Config) -> list[str]:
    from orgo.ops.up import prepare_database
    from orgo.people.roster import apply_roster

    prepare_database()
    apply_roster(config.roster)
    place = places.shown(config.sqlite_file, config.home) if config.sqlite_file else "the configured server"
    people = f"people: {len(config.roster.teams)} teams, {len(config.roster.users)} users"
    return [f"database: {place} is ready", people]


def _administrator(config: Config, question: Ask) -> "User":
    """The first administrator; a new one where there is none or another address is given."""
    from orgo.audit.models import record
    from orgo.people.models import User

    active = User.objects.filter(is_active=True).order_by("pk")
    administrators = [user for user in active if "administrator" in user.roles]
    default = administrators[0].address if administrators else f"admin@{_domain(config)}"
    wanted = _address(question("Mail address of the administrator", default))
    user = User.objects.filter(address=wanted).first() or User.objects.make(wanted)
    if "administrator" not in user.roles or not user.is_active:
        user.roles, user.is_active = [*user.roles, "administrator"], True
        user.save()
        record("person.made_administrator", actor="", actor_kind="system", person=user.pk)
    return user


def _domain(config: Config) -> str:
    team = next((team.address.partition("@")[2] for team in config.roster.teams), "organization.com")
    return config.organization.domains[0] if config.organization.domains else team


def _address(text: str) -> str:
    try:
        return address(text)
    except ValueError as error:
        raise BadInput(Problem(f"{text!r}: {error}", key="administrator")) from None
