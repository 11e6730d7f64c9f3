"""The command `orgo`: which commands there are, and the one door by which all of them are called."""

import io
import logging
import os
import sys
from pathlib import Path
from typing import ClassVar, TextIO

import click

import orgo
from orgo.cli.errors import guarded
from orgo.cli.lazy import Lazy


class Root(Lazy):
    """All commands."""

    commands_at: ClassVar = {
        "demo": ("orgo.cli.demo:demo", "A sample city at work, or the check of the main job"),
        "init": ("orgo.cli.running:init", "The first set-up: configuration, database, administrator"),
        "up": ("orgo.cli.running:up", "All of Orgo in one process"),
        "web": ("orgo.cli.running:web", "The page"),
        "worker": ("orgo.cli.running:worker", "Decides mails and sends letters"),
        "intake": ("orgo.cli.running:intake", "Takes mail in"),
        "clock": ("orgo.cli.running:clock", "Fires escalations and reminders"),
        "mail": ("orgo.cli.mail:mail", "Mails in files: parse, route, send-sample"),
        "simulate": (
            "orgo.cli.simulate:command",
            "A workflow on a virtual clock, with what is expected of it",
        ),
        "task": ("orgo.cli.task:task", "Tasks: list, show, told, take, answer, done .."),
        "user": ("orgo.cli.people:user", "Users: add, list, link, password, roles, absent .."),
        "team": ("orgo.cli.people:team", "Teams: add, list, show, member"),
        "token": ("orgo.cli.token:token", "Tokens for programs: create, list, revoke"),
        "import": (
            "orgo.cli.importing:import_",
            "Archives of mail: .pst, .msg, .eml, mbox, Maildir, folders",
        ),
        "mailbox": ("orgo.cli.mailbox:mailbox", "Mailboxes: add, test, list, preview, go-live, fetch .."),
        "quarantine": ("orgo.cli.quarantine:quarantine", "Mail that could not be read: list, show, retry .."),
        "status": ("orgo.cli.status:status", "How Orgo is at this moment"),
        "doctor": ("orgo.cli.status:doctor", "All that Orgo needs, looked at one by one"),
        "selftest": ("orgo.cli.selftest:selftest", "Tries this installation: parsing, offline work, queue"),
        "loadtest": ("orgo.cli.loadtest:loadtest", "How much this installation carries, counted"),
        "audit": ("orgo.cli.audit:audit", "The sealed trail: verify, export"),
        "database": ("orgo.cli.database:database", "The database: migrate, move"),
        "backup": ("orgo.cli.backup:backup", "Backups: create, list, verify, restore, prune, drill"),
        "config": ("orgo.cli.config:config", "The configuration: check, show"),
        "rules": ("orgo.cli.rules:rules", "The rules: check, explain"),
    }


@click.group(
    cls=Root,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example: orgo demo",
)
@click.version_option(orgo.__version__, prog_name="orgo", message="%(prog)s %(version)s")
def root() -> None:
    """Turns an organization's mail into accountable work.

    Orgo's home is the current folder, or the one that ORGO_HOME names.
    """


def main(argv: list[str] | None = None) -> int:
    """Run `orgo ARGV` (what was typed where none is given); returns the exit code."""
    words = sys.argv[1:] if argv is None else argv
    sys.stdout = sys.stdout or _nowhere()  # closed by whoever called
    sys.stderr = sys.stderr or _nowhere()
    if not logging.getLogger().handlers:  # a command says its result; what runs for long sets its own log up
        logging.getLogger().addHandler(logging.NullHandler())
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    return guarded(lambda: _run(words), words)


def _nowhere() -> TextIO:
    return Path(os.devnull).open("w")


def _run(words: list[str]) -> int | None:
    with root.make_context("orgo", list(words)) as context:
        code = root.invoke(context)
    return code if isinstance(code, int) else None
