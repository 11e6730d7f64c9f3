"""`orgo import`: archives of mail come in, resumable."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import click

from orgo.cli.errors import Code, Stop
from orgo.cli.house import acting, enter, need
from orgo.cli.output import as_json_option, is_terminal, line, say
from orgo.lib.problems import BadInput, Problem

if TYPE_CHECKING:
    from orgo.intake.importing import As, Count

SHOWN = 50


@click.command("import", epilog="Example: orgo import archive.mbox old-mails/ --since 2024-01-01")
@click.argument("paths", metavar="PATH..", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--as",
    "mode",
    type=click.Choice(["history", "work"]),
    default="history",
    show_default=True,
    help="To be found only, or as new work.",
)
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Leave out mails that are dated before.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json_option
def import_(paths: tuple[Path, ...], mode: "As", since: datetime | None, yes: bool, as_json: bool) -> int:
    """Take in .eml files, mbox files, Maildirs and folders of them.

    It may be stopped and run again: nothing comes twice. History makes no tasks and no letters.
    """
    missing = [path for path in paths if not path.exists() and not path.is_symlink()]
    if missing:
        raise BadInput([Problem("no such file", file=str(path)) for path in missing])
    enter()
    need(acting(None), "manage_mail", "import mail")
    if mode == "work" and not yes:
        _ask()
    from orgo.intake import importing, readers

    with progress(readers.count(paths)) as shown:
        count = importing.run(paths, mode=mode, since=_aware(since), progress=shown)
    _report(count, as_json)
    return Code.PARTLY if count.unread else Code.DONE


def _aware(day: datetime | None) -> datetime | None:
    return day.replace(tzinfo=UTC) if day else None


def _ask() -> None:
    words = "each mail becomes a task, and letters go out for it"
    if not is_terminal():
        raise Stop(Code.WRONG_INPUT, f"--as work: {words}; say --yes if that is meant")
    if not click.confirm(f"{words[0].upper()}{words[1:]}. Go on?"):
        raise click.Abort


def _report(count: "Count", as_json: bool) -> None:
    if as_json:
        unread = [{"where": where, "why": why} for where, why in count.unread]
        line(
            {
                "mails": count.mails,
                "new": count.taken,
                "known": count.known,
                "older": count.older,
                "unread": unread,
            }
        )
    else:
        left = f", {count.older} older ones left out" if count.older else ""
        click.echo(f"{count.mails} mails: {count.taken} new, {count.known} imported already{left}")
        if count.taken:
            click.echo("They are read by the running Orgo (orgo up).")
    for where, why in count.unread[:SHOWN]:
        say(f"{where}: {why}")
    if len(count.unread) > SHOWN:
        say(f"and {len(count.unread) - SHOWN} more that could not be read")


class Shown(Protocol):
    """Is told how far the work is."""

    def __call__(self, count: "Count") -> None: ...


@contextmanager
def progress(total: int) -> Iterator[Shown]:
    """A bar over `total` bytes on a terminal, else a line a second, on standard error."""
    if sys.stderr.isatty():
        with click.progressbar(length=max(total, 1), label="Importing", file=sys.stderr) as bar:
            yield lambda count: bar.update(count.bytes - bar.pos)
    else:
        yield _Lines(total)


class _Lines:
    def __init__(self, total: int) -> None:
        self.total, self._last = total, time.monotonic()

    def __call__(self, count: "Count") -> None:
        if time.monotonic() - self._last >= 1:
            self._last = time.monotonic()
            say(
                f"{min(100, 100 * count.bytes // max(self.total, 1))} %, {count.mails} mails, {count.taken} new"
            )
