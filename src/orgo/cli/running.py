"""`orgo init`, `up` and the parts of it: web, worker, intake, clock."""

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from orgo.conf import Config
    from orgo.ops.up import Part


def end_on_term() -> None:
    """SIGTERM ends this process in good order, with exit code 0, instead of cutting it off."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))


def begun() -> "Config":
    """The configuration of a process that runs for long, which is set up by it. Raises BadInput where Orgo can't run."""
    from orgo.conf import boot, load, logging

    config = load()
    logging.begin(config)
    boot.start(config)
    from orgo.ops.checking import need_rules
    from orgo.ops.schema import form, refuse_newer

    need_rules(config)
    refuse_newer(form())
    for problem in config.warnings:
        click.echo(f"orgo: warning: {problem}", err=True)
    return config


def run_parts(parts: "tuple[Part, ...] | None") -> None:
    """Run these parts of Orgo (all of them for None) until the process is told to stop."""
    end_on_term()
    config = begun()
    from orgo.ops.up import ALL
    from orgo.ops.up import up as work

    work(config, parts or ALL)


@click.command(epilog="Example: orgo init --sample hospital st-anne")
@click.argument(
    "folder", required=False, metavar="[FOLDER]", type=click.Path(file_okay=False, path_type=Path)
)
@click.option("--sample", metavar="NAME", help="A ready-made organization: school, city-hall, hospital ..")
@click.option("--offline", is_flag=True, help="The laptop kit: no broker, no servers, letters are held.")
@click.option("--yes", is_flag=True, help="Ask nothing, take the defaults.")
@click.option("--no-link", is_flag=True, help="Make no sign-in link: where the output goes to a log.")
def init(folder: Path | None, sample: str | None, offline: bool, yes: bool, no_link: bool) -> None:
    """The first set-up: configuration, database, first administrator, sign-in link. May be repeated.

    It is made in FOLDER, else in Orgo's home. A sample is copied into a new home only and overwrites nothing. The
    laptop kit keeps all in files: SQLite, mail by `orgo import` or from the watched folder var/drop.
    """
    from orgo.conf import places
    from orgo.ops.samples import need_sample
    from orgo.ops.setup import set_up

    if sample is not None:
        need_sample(sample)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    home = folder.resolve() if folder is not None else places.home_of(os.environ)
    click.echo(str(set_up(home, yes=yes, sample=sample, offline=offline, with_link=not no_link)))


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
