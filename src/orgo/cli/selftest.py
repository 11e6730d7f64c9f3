"""`orgo selftest`: the blueprint's tests after an installation."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orgo.cli.errors import Code, plain
from orgo.cli.numbers import Whole
from orgo.cli.output import Live, as_json_option, line
from orgo.ops.selftest import TASKS

if TYPE_CHECKING:
    from orgo.conf import Config
    from orgo.ops.selftest import Outcome


@click.command(epilog="Example: orgo selftest --tasks 10000")
@click.option(
    "--tasks",
    type=Whole(1, 10_000_000),
    default=TASKS,
    show_default=True,
    help="How many tasks travel through the configured broker and back.",
)
@click.option(
    "--pst",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="An archive of Outlook that the offline test reads; nothing of it is kept.",
)
@as_json_option
def selftest(tasks: int, pst: Path | None, as_json: bool) -> int:
    """Try this installation: a mail is read, work is done without a network, the broker carries tasks.

    Each test says pass or what to do. Nothing of yours is touched: the tests have a home, a database and a queue of
    their own. 100,000 tasks take some minutes; beside them stands what redis-benchmark says of the same Redis. What
    Orgo itself makes of them, with workers and a database, says orgo loadtest --tasks.
    Exit code 0 when all pass, 1 when one does not.
    """
    failed = 0
    for outcome in _outcomes(tasks, pst):
        failed += not outcome.passed
        if as_json:
            line(outcome)
        else:
            click.echo(shown(outcome))
    return Code.FAILED if failed else Code.DONE


def shown(outcome: "Outcome") -> str:
    """An outcome for people to read; words of several lines stand below."""
    words = plain(outcome.words, keep="\n")  # folders of an archive have names of their own
    words = f"\n{words}" if "\n" in words else f" {words}"
    todo = f"\n      {outcome.todo}" if outcome.todo else ""
    return f"{'pass' if outcome.passed else 'FAIL'}  {outcome.name}:{words}{todo}"


def _outcomes(tasks: int, pst: Path | None) -> Iterator["Outcome"]:
    from orgo.conf import load
    from orgo.ops.selftest import need_archive, offline, parsing, queue, safely

    config = load()
    if pst is not None:
        need_archive(pst)
    yield safely("email parsing", "install Orgo again", lambda: parsing(_block))
    yield safely("offline", "run: orgo doctor; then report this", lambda: offline(pst))
    with Live() as live:
        outcome = queue(config, tasks, lambda back: live.say(f"queue: {back:,} of {tasks:,} tasks are back"))
    yield outcome


def _block(file: Path, house: "Config") -> str:
    from orgo.cli.judging import facts_for, routed_to
    from orgo.flow.report import block
    from orgo.message import parse
    from orgo.ops.checking import rules_of

    data = file.read_bytes()
    message = parse(data)
    decision = rules_of(house).decide(facts_for(message, len(data), house))
    sender = message.sender.address if message.sender else ""
    return block(sender, message.subject, decision.keywords, routed_to(decision, house))
