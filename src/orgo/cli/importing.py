"""`orgo import`: archives of mail come in, resumable."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from zoneinfo import ZoneInfo

import click

from orgo.cli.errors import Code, Stop
from orgo.cli.house import acting, enter, need
from orgo.cli.numbers import Day
from orgo.cli.output import as_json_option, is_terminal, line, say
from orgo.lib import clock
from orgo.lib.problems import BadInput, Problem
from orgo.lib.text import counted

if TYPE_CHECKING:
    from orgo.conf import Config
    from orgo.intake.importing import As, Count, Plan

SHOWN = 50
_NUMBERS = ("mails", "work", "history", "known", "older", "passed")


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
@click.option(
    "--since",
    type=Day(),
    metavar="DATE",
    help="Leave out older mails; with --as work they are history (7 days ago where not given).",
)
@click.option(
    "--folder", default="", metavar="TEXT", help="Of a .pst only the folders whose path has this in it."
)
@click.option("--yes", is_flag=True, help="Do not ask before more than 100 tasks.")
@as_json_option
def import_(
    paths: tuple[Path, ...], mode: "As", since: datetime | None, folder: str, yes: bool, as_json: bool
) -> int:
    """Take in .eml, .msg, mbox, .pst and .ost files, Maildirs and folders of them.

    It may be stopped and run again: it goes on where it was, and nothing comes twice. History makes no tasks and no
    letters; work makes tasks whose time begins now, and its senders get no receipt.
    """
    missing = [path for path in paths if not path.exists() and not path.is_symlink()]
    if missing:
        raise BadInput([Problem("no such file", file=str(path)) for path in missing])
    config = enter()
    need(acting(None), "manage_mail", "import mail")
    from orgo.intake import importing, readers, space

    space.need()
    plan, size = importing.Plan(mode, _since(mode, since, config), folder), readers.count(paths)
    if mode == "work" and not yes:
        _look_first(paths, plan, size)
    with progress("Importing", size) as shown:
        count = importing.run(paths, plan, shown)
    _report(count, config, as_json)
    if not count.unread:
        return Code.DONE
    return Code.PARTLY if count.mails or count.others else Code.WRONG_INPUT


def _since(mode: "As", day: datetime | None, config: "Config") -> datetime | None:
    """The beginning of that day where the organization is."""
    if day is not None:
        return day.replace(tzinfo=ZoneInfo(config.organization.zone))
    from orgo.intake.importing import WORK_SINCE

    return clock.now() - WORK_SINCE if mode == "work" else None


def _look_first(paths: tuple[Path, ...], plan: "Plan", size: int) -> None:
    """Count what would come of it; many tasks have to be meant."""
    from orgo.intake.importing import MOST_UNASKED, survey

    with progress("Counting", size) as shown:
        found = survey(paths, plan, shown)
    if found.work <= MOST_UNASKED:
        return
    words = (
        f"of {found.mails} mails {found.work} (since {plan.since:%Y-%m-%d}) would become tasks, for which letters go out; "
        f"{found.history} would be history, {found.known} were imported already"
    )
    if not is_terminal():
        raise Stop(Code.WRONG_INPUT, Problem(words, hint="say --yes if that is meant, or give --since"))
    if not click.confirm(f"{words}. Go on?"):
        raise click.Abort


def _report(count: "Count", config: "Config", as_json: bool) -> None:
    numbers = {name: getattr(count, name) for name in _NUMBERS}
    if as_json:
        unread = [{"where": where, "why": why} for where, why in count.unread]
        line({"new": count.taken, **numbers, "others": _others(count), "unread": unread})
    else:
        click.echo(_sum(count))
    for where, why in count.unread[:SHOWN]:
        say(f"{where}: {why}")
    if len(count.unread) > SHOWN:
        say(f"all {len(count.unread)} that could not be read are listed in {_written(count, config)}")


def _sum(count: "Count") -> str:
    left_out = [counted(number, kind) for kind, number in _others(count).items()]
    others = f", {', '.join(left_out)} left out" if left_out else ""
    if count.known and not count.taken and not count.unread:
        return f"already imported: {counted(count.known, 'mail')}, 0 new{others}"
    parts = [f"{count.taken} new", f"{count.known} imported already"]
    parts += [f"{count.older} older ones left out"] if count.older else []
    parts += [f"{len(count.unread)} could not be read"] if count.unread else []
    told = f"{counted(count.mails, 'mail')}: {', '.join(parts)}{others}"
    if count.passed:
        told += f"\n{counted(count.passed, 'mail')} of them by an earlier run, where this one went on"
    if count.work:
        told += f"\n{count.work} {'becomes a task' if count.work == 1 else 'become tasks'}, "
        told += f"{count.history} {'is' if count.history == 1 else 'are'} history"
    them = "It is" if count.taken == 1 else "They are"
    return f"{told}\n{them} read by the running Orgo (orgo up)." if count.taken else told


_KINDS = {
    "IPM.CONTACT": "contact",
    "IPM.APPOINTMENT": "appointment",
    "IPM.TASK": "task",
    "IPM.STICKYNOTE": "note",
    "IPM.DISTLIST": "distribution list",
}


def _others(count: "Count") -> dict[str, int]:
    """How many of Outlook's items are no mail, by what people call them."""
    found: dict[str, int] = {}
    for kind, number in sorted(count.others.items()):
        name = next((name for begin, name in _KINDS.items() if kind.upper().startswith(begin)), "other item")
        found[name] = found.get(name, 0) + number
    return found


def _written(count: "Count", config: "Config") -> Path:
    """The list of all that could not be read, as a file."""
    file = config.var / "reports" / f"import-{clock.now():%Y%m%d-%H%M%S}.txt"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(f"{where}: {why}\n" for where, why in count.unread), "utf-8")
    return file


class Shown(Protocol):
    """Is told how far the work is."""

    def __call__(self, count: "Count") -> None: ...


@contextmanager
def progress(label: str, total: int) -> Iterator[Shown]:
    """A bar over `total` bytes on a terminal, else a line a second, on standard error."""
    if sys.stderr.isatty():
        rate, length = Rate(), max(total, 1)
        with click.progressbar(length=length, label=label, file=sys.stderr, item_show_func=rate.shown) as bar:
            yield lambda count: bar.update(count.bytes - bar.pos, count)
    else:
        yield _Lines(label, total)


class Rate:
    """How many mails a second, since now."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def shown(self, count: "Count | None") -> str | None:
        """The mails so far and their rate, in words."""
        if count is None:
            return None
        seconds = time.monotonic() - self._began
        return f"{count.mails} mails ({(count.mails - count.passed) / max(seconds, 0.001):.0f} a second)"


class _Lines:
    def __init__(self, label: str, total: int) -> None:
        self.label, self.total, self._last = label, total, time.monotonic()
        self._began = self._last

    def __call__(self, count: "Count") -> None:
        if time.monotonic() - self._last < 1:
            return
        self._last = time.monotonic()
        share = min(100, 100 * count.bytes // max(self.total, 1))
        rate = (count.mails - count.passed) / max(self._last - self._began, 0.001)
        left = f", {self._left(count)} left" if 0 < share < 100 else ""
        say(f"{self.label}: {share} %, {count.mails} mails ({rate:.0f} a second{left}), {count.taken} new")

    def _left(self, count: "Count") -> str:
        done = count.bytes - count.passed_bytes
        seconds = (self._last - self._began) * (self.total - count.bytes) / max(done, 1)
        return f"{seconds / 60:.0f} min" if seconds >= 100 else f"{seconds:.0f} s"
