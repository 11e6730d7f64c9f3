"""`orgo loadtest`: how much an installation carries, counted."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orgo.cli.errors import Code
from orgo.cli.numbers import Rate, Share, Whole
from orgo.cli.output import Live, as_json_option, line
from orgo.lib.files import may_write

if TYPE_CHECKING:
    from orgo.loadtest.count import Sample

_COUNT = Whole(1, 10_000_000)


def _to_be_written(file: Path | None) -> Path | None:
    """Known before the test, not after it: where the file can't be written its result would be lost."""
    if file is not None and not file.parent.is_dir():
        raise click.BadParameter(f"there is no folder {file.parent}")
    if file is not None and not file.exists() and not may_write(file.parent):
        raise click.BadParameter(f"nothing may be written into {file.parent}")
    return file


@click.command(epilog="Example: orgo loadtest --mails 2000 --via smtp --floor")
@click.option("--mails", type=_COUNT, default=1000, show_default=True, help="How many mails.")
@click.option(
    "--rate",
    type=Rate(0.1, 100_000),
    help="Mails a second; as fast as they are taken if not given.",
)
@click.option(
    "--via",
    type=click.Choice(["smtp", "api", "db"]),
    default="smtp",
    show_default=True,
    help="The way in; db: all stored before the first is decided.",
)
@click.option(
    "--hostile",
    type=Share(),
    default=0.05,
    show_default="5%",
    help="The share of mails that are made to harm.",
)
@click.option(
    "--storm", type=Whole(0, 10_000_000), default=0, help="So many mails more, all from one sender."
)
@click.option("--senders", type=_COUNT, default=500, show_default=True, help="How many people write them.")
@click.option(
    "--rules", type=Whole(1, 100_000), default=1000, show_default=True, help="How many rules decide."
)
@click.option(
    "--tasks",
    type=_COUNT,
    help="The queue test instead: so many pieces of work through the configured broker.",
)
@click.option(
    "--batch",
    type=Whole(1, 10_000),
    default=1,
    show_default=True,
    help="With --tasks: pieces for each ring.",
)
@click.option(
    "--claim",
    type=Whole(1, 10_000),
    help="With --tasks: how many pieces the job of a ring takes at most; what waits if not given.",
)
@click.option(
    "--workers",
    type=Whole(1, 64),
    default=2,
    show_default=True,
    help="Processes that decide (one on SQLite); with a queue the worker's watchman is one more.",
)
@click.option("--floor", is_flag=True, help="Measure in the same run what the parts cost alone.")
@click.option(
    "--patience",
    type=Whole(1, 86_400),
    default=1800,
    show_default=True,
    help="Seconds that the rest may take once all is in.",
)
@click.option(
    "--html",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    callback=lambda context, option, file: _to_be_written(file),
    help="Also write the report with its curves here.",
)
@as_json_option
def loadtest(
    tasks: int | None, batch: int, claim: int | None, html: Path | None, as_json: bool, **given: Any
) -> int:
    """Load an Orgo made for the test, and count what came of every mail.

    It runs beside yours on the same database server and broker, with a database, people and rules of its own, which are
    removed at the end; letters go nowhere. Exit code 1 when a mail was lost, doubled, left undecided or could not be handed
    in, or was refused without being made to harm.
    """
    if tasks is not None:
        if html is not None:
            raise click.UsageError("--html goes with --mails")
        if claim is not None and claim < batch:
            raise click.UsageError("--claim is at least --batch: what no ring is for would be left")
        return _queue_test(as_json, tasks=tasks, batch=batch, claim=claim, **_of_both(given))
    if batch != 1 or claim is not None:
        raise click.UsageError("--batch and --claim go with --tasks")
    if given["via"] == "db" and given["rate"] is not None:
        raise click.UsageError(
            "--rate goes with --via smtp or api: db stores all before the first is decided"
        )
    return _mail_test(html, as_json, given)


def _mail_test(html: Path | None, as_json: bool, given: dict[str, Any]) -> int:
    from orgo.conf import load
    from orgo.loadtest import page, report, run
    from orgo.loadtest.plan import Plan

    plan = Plan(**given)
    with Live() as live:
        found = run.run(load(), plan, lambda sample, unsent: live.say(_shown(sample, plan.total, unsent)))
    if html is not None:
        html.write_text(page.page(found), "utf-8")
    line(found.as_json()) if as_json else click.echo(report.words(found))
    return Code.DONE if found.is_well else Code.FAILED


def _of_both(given: dict[str, Any]) -> dict[str, Any]:
    return {name: given[name] for name in ("workers", "floor", "patience")}


def _queue_test(as_json: bool, **plan: Any) -> int:
    from orgo.conf import load
    from orgo.loadtest import queue
    from orgo.loadtest.plan import QueuePlan

    with Live() as live:
        found = queue.run(
            load(), QueuePlan(**plan), lambda step, done, total: live.say(f"{step}: {done:,} of {total:,}")
        )
    line(found) if as_json else click.echo(queue.words(found))
    return Code.DONE if found.is_well else Code.FAILED


def _shown(sample: "Sample", mails: int, unsent: int) -> str:
    return (
        f"{sample.at:6.0f} s  {sample.taken:,} of {mails:,} in  {sample.decided:,} decided  "
        f"{sample.letters:,} letters sent, {unsent:,} wait  {sample.memory // 1_000_000} MB"
    )
