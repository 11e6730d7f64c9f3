"""`orgo init`, `up` and the parts of it: web, worker, intake, clock."""

import os
import signal
import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from orgo.ops.up import Part


def end_on_term() -> None:
    """SIGTERM ends this process in good order, with exit code 0, instead of cutting it off."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))


def run_parts(parts: "tuple[Part, ...] | None") -> None:
    """Run these parts of Orgo (all of them for None) until the process is told to stop."""
    from orgo.conf import boot, load, logging

    end_on_term()
    config = load()
    logging.set_up(config.log.format)
    boot.start(config)
    from orgo.ops.schema import form, refuse_newer
    from orgo.ops.up import ALL
    from orgo.ops.up import up as work

    refuse_newer(form())
    for problem in config.warnings:
        click.echo(f"orgo: warning: {problem}", err=True)
    work(config, parts or ALL)


@click.command(epilog="Example: orgo init --yes && orgo up")
@click.option("--yes", is_flag=True, help="Ask nothing, take the defaults.")
def init(yes: bool) -> None:
    """The first set-up here: configuration, database, first administrator, sign-in link. May be repeated."""
    from orgo.conf import places
    from orgo.ops.setup import first_setup

    click.echo(str(first_setup(places.home_of(os.environ), ask=not yes and sys.stdin.isatty())))


@click.command(epilog="Example: orgo up")
def up() -> None:
    """All of Orgo in one process: intake, decisions, letters, clock and page."""
    run_parts(None)


@click.command(epilog="Example: orgo web")
def web() -> None:
    """The page."""
    run_parts(("web",))


@click.command(epilog="Example: orgo worker")
def worker() -> None:
    """Decides the mails that wait, and sends the letters that are due. Any number may run."""
    run_parts(("route", "deliver"))


@click.command(epilog="Example: orgo intake")
def intake() -> None:
    """Takes mail in: the SMTP or LMTP listener and the watched folder."""
    run_parts(("intake",))


@click.command(epilog="Example: orgo clock")
def clock() -> None:
    """Fires the escalations and reminders that are due. Any number may run."""
    run_parts(("clock",))
