"""Every command of Orgo on a page is one: it is run in a prepared house, or, where that needs more, its words are looked up."""

import json
import re
import shutil
import subprocess
import textwrap
from itertools import chain
from pathlib import Path

import click
import pytest

from orgo.cli.main import root
from orgo.cli.simulate import Simulate
from orgo.demo.catcher import Catcher
from tests.house.checkout import ROOT, python
from tests.house.doc_commands import Command, commands, lines, of_page
from tests.house.typed_by import begins, has_word, typed_by
from tests.servers.ports import free_port

# What is not run here, and the tests that run it, with every option that a page gives it.
NOT_RUN = {
    "audit verify --seal": "tests/integration/test_seal_letter.py",
    "backup release": "tests/integration/test_backup.py",
    "backup restore": "tests/integration/test_backup.py tests/integration/test_backup_blobs.py",
    "clock": "tests/house/test_apart.py",
    "database move": "tests/integration/test_moving.py",
    "demo": "tests/house/test_demo.py",
    "init": "tests/house/test_samples.py",
    "intake": "tests/house/test_apart.py",
    "loadtest": "tests/house/test_loadtest.py",
    "mail suppressed --lift": "tests/integration/cli/test_suppressed.py",
    "mail send-sample": "tests/runbook/test_blueprint.py",
    "mailbox add": "tests/runbook/test_own_mailbox.py tests/integration/cli/test_mailbox.py",
    "mailbox fetch": "tests/integration/cli/test_mailbox.py",
    "mailbox go-live": "tests/runbook/test_own_mailbox.py tests/integration/cli/test_mailbox.py",
    "mailbox preview": "tests/runbook/test_own_mailbox.py",
    "mailbox resume": "tests/integration/cli/test_mailbox.py",
    "mailbox test": "tests/runbook/test_own_mailbox.py tests/integration/cli/test_mailbox_probe.py",
    "selftest": "tests/house/test_selftest.py",
    "simulate autoscale --report": "tests/integration/cli/test_autoscale.py",
    "simulate config/scenarios/maintenance.yaml": "tests/house/test_samples.py tests/integration/cli/test_simulate.py",
    "token revoke": "tests/integration/cli/test_token.py",
    "up": "tests/integration/cli/test_processes.py",
    "web": "tests/house/test_apart.py",
    "worker": "tests/house/test_apart.py",
}
ARCHIVE_OF_OUTLOOK = "archive.pst"  # read by tests/integration/cli/test_import_outlook.py
NO_COMMAND = {("backup", "1")}  # a label that a key is made with
PLACEHOLDER = re.compile(r"[A-Z]+|\.\.")
ALL = [command for command in commands() if command.words not in NO_COMMAND]
CONFIG = """
organization: {{name: Organization, domains: [organization.com], zone: UTC}}
smtp: {{host: 127.0.0.1, port: {port}, from: orgo@organization.com}}
intake: {{smtp: {{port: {free}}}}}
web: {{port: {free2}}}
"""
BACKUP = (ROOT / "docs" / "operator" / "backup.md").read_text("utf-8")
# Runs all in one process: a process for each would take a minute.
DRIVER = """
import contextlib, io, json, shutil, sys
from pathlib import Path
from orgo.cli.main import main

def run(words):
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = main(words)
    return int(code), said.getvalue()

def prepared(*words):
    code, said = run(list(words))
    assert code == 0, (words, said)
    return said

prepared("init", "--yes")
for name in ("anna", "scanner"):
    prepared("user", "add", name + "@organization.com")
reference = json.loads(prepared("task", "open", "--json", "Water leak in Room 102", "--team", "maintenance"))["reference"]
prepared("backup", "create")
from orgo.audit.keys import signing_key
from orgo.audit.seal import seal
from orgo.conf import boot
seal(signing_key(boot.config()), boot.config().var)
Path("auditor").mkdir()
shutil.copy("var/audit.pub", "auditor/orgo.pub")
asked = json.load(sys.stdin)
answers = [run([word.replace("7QK3MD", reference) for word in words]) for words in asked]
json.dump(answers, sys.stdout)
"""


def is_run(command: Command) -> bool:
    """Whether it can be typed as it stands, and needs nothing that the prepared house has not."""
    complete = command.typed or is_complete(command)
    return complete and entry(command) is None and ARCHIVE_OF_OUTLOOK not in command.words


def entry(command: Command) -> str | None:
    """The entry of NOT_RUN that a command falls under."""
    return next((named for named in NOT_RUN if [*command.words[: len(named.split())]] == named.split()), None)


def as_typed(command: Command) -> tuple[str, ...]:
    """Its words without those that may be left out, which a page puts between brackets."""
    words, optional = [], False
    for word in command.words:
        optional = optional or word.startswith("[")
        if not optional:
            words.append(word)
        optional = optional and not word.endswith("]")
    return tuple(words)


def name_of(command: Command) -> tuple[str, ...]:
    return tuple(walked(command.words)[0])


def options(command: Command) -> list[str]:
    left = walked(command.words)[2]
    return [word.strip("[]").partition("=")[0] for word in left if word.strip("[").startswith("-")]


def walked(words: tuple[str, ...]) -> tuple[list[str], click.Command, list[str]]:
    """The names of the commands that lead to the last one, that one, and the words behind it."""
    here: click.Command = root
    names: list[str] = []
    left = list(words)
    while isinstance(here, click.Group) and left and not left[0].startswith(("-", "[")):
        if isinstance(here, Simulate) and left[0] not in here.commands:
            left.insert(0, "play")  # which may be left out
        below = here.get_command(click.Context(here), left[0])
        assert below is not None, f"there is no command orgo {' '.join([*names, left[0]])}"
        here = below
        names.append(left.pop(0))
    return names, here, left


def is_complete(command: Command) -> bool:
    """Whether a command within a sentence has all that it needs, and no word that stands for another."""
    names, found, left = walked(as_typed(command))
    if isinstance(found, click.Group) or any(PLACEHOLDER.fullmatch(word) for word in left):
        return False
    try:
        found.make_context(" ".join(names), list(left), resilient_parsing=False)
    except (click.UsageError, click.exceptions.Exit):
        return False
    return True


@pytest.mark.parametrize("command", ALL, ids=str)
def test_a_command_and_its_options_exist(command: Command) -> None:
    found = walked(command.words)[1]
    known = {name for one in found.params for name in (*one.opts, *one.secondary_opts)} | {
        "--help",
        "-h",
        "--version",
    }
    assert [option for option in options(command) if option not in known] == []


@pytest.mark.parametrize("named", NOT_RUN)
def test_what_is_not_run_here_is_run_by_the_tests_that_are_named(named: str) -> None:
    """The first types the command, and between them they type every option that a page gives it."""
    first, *more = [typed_by(ROOT / file) for file in NOT_RUN[named].split()]
    assert begins(first, re.split(r" (?=-|\S+/)", named)[0])

    of_the_pages = {option for shown in ALL if entry(shown) == named for option in options(shown)}
    typed = [*chain(first, *more)]
    assert sorted(option for option in of_the_pages if not has_word(typed, option)) == []


def test_no_command_of_the_pages_is_looked_up_alone() -> None:
    """Of each at least one form is run: here as it is typed, or by the tests that are named."""
    groups = {(), ("simulate",), ("team",), ("user",)}  # named as such in a sentence
    run = {name_of(shown) for shown in ALL if is_run(shown) or entry(shown)}
    assert {name_of(shown) for shown in ALL} - run - groups == set()


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, ...], tuple[int, str]]:
    """What each command that is run answered, by its words; what is typed goes before what is only mentioned."""
    home = tmp_path_factory.mktemp("prepared")
    catcher = Catcher()
    furnish(home, catcher.start())
    asked = {
        as_typed(command): None
        for command in sorted(ALL, key=lambda command: not command.typed)
        if is_run(command)
    }
    done = python("-c", DRIVER, home=home, stdin=json.dumps([*asked]), PYTHONPATH=str(ROOT / "src"))
    catcher.stop()
    assert done.returncode == 0, done.stderr[-2000:]
    return {words: tuple(answer) for words, answer in zip(asked, json.loads(done.stdout), strict=True)}


def furnish(home: Path, port: int) -> None:
    """What the pages' commands speak of: files of these names, a backup's key and its folder."""
    mail = (ROOT / "config" / "samples" / "water-leak.eml").read_bytes()
    shutil.copytree(ROOT / "config", home / "config", ignore=shutil.ignore_patterns("organizations"))
    for folder in ("backups", "old-mails"):
        (home / folder).mkdir()
    config = CONFIG.format(port=port, free=free_port(), free2=free_port())
    (home / "config" / "config.yaml").write_text(config + set_up_backups(home))
    rules = home / "config" / "rules.yaml"
    after = 'escalate_after: "2 hours"'
    rules.write_text(
        rules.read_text().replace(after, f"{after}\n      escalate_to: supervisor@organization.com")
    )
    for name in ("MAIL.eml", "old-mails/one.eml"):
        (home / name).write_bytes(mail)
    (home / "letters.mbox").write_bytes(b"From a@b Mon Sep  7 10:00:00 2026\n" + mail)


def set_up_backups(home: Path) -> str:
    """Make a key as the page of backups has it typed; returns the page's keys of config.yaml, with a folder of this house."""
    (typed,) = [line for _, line, block in lines(BACKUP) if block and "openssl" in line]
    subprocess.run(["bash", "-ec", typed], cwd=home, check=True)
    assert (home / "secrets" / "backup.key").stat().st_mode & 0o777 == 0o600
    keys = re.search(r"^( +)backup:\n(?:\1 +.*\n)+", BACKUP, re.MULTILINE)
    assert keys is not None
    return textwrap.dedent(keys[0]).replace("/mnt/backup", "backups")


@pytest.mark.parametrize("command", [command for command in ALL if is_run(command)], ids=str)
def test_a_command_of_the_pages_works_as_it_is_typed(
    command: Command, answers: dict[tuple[str, ...], tuple[int, str]]
) -> None:
    code, said = answers[as_typed(command)]
    assert code == 0, f"make it work in the prepared house, or say in NOT_RUN which test runs it:\n{said}"


def test_commands_are_found_wherever_a_page_has_them() -> None:
    text = """Try `orgo doctor`, or:

    sudo orgo status          # as root

```
PGPASSWORD=... orgo database move \\
  --to postgresql://db/orgo && orgo up
docker compose exec orgo orgo user link a@b.example
kubectl -n orgo exec deploy/orgo-web -- orgo task list | less
kubectl create namespace orgo
```
"""
    assert [(" ".join(found.words), found.typed) for found in of_page("a.md", text)] == [
        ("doctor", False),
        ("status", True),
        ("database move --to postgresql://db/orgo", True),
        ("up", True),
        ("user link a@b.example", True),
        ("task list", True),
    ]
