"""`orgo simulate`: plays scenarios on a virtual clock, and a day of mail against a cluster's autoscaler."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orgo.cli.errors import Code
from orgo.cli.lazy import Group, unknown
from orgo.cli.numbers import Rate, Whole
from orgo.cli.output import as_json_option, line, table
from orgo.lib.problems import BadInput, Problem, nearest

if TYPE_CHECKING:
    from orgo.simulate.autoscale import Hour
    from orgo.simulate.script import Scenario


class Simulate(Group):
    """`play` is what is meant where no other command is named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """The words with the command in front."""
        named = not args or args[0] in self.commands or args[0] in ctx.help_option_names
        if not named and nearest(args[0], self.commands) and not Path(args[0]).exists():
            raise click.UsageError(unknown(args[0], self.commands), ctx)
        return super().parse_args(ctx, args if named else ["play", *args])


@click.group("simulate", cls=Simulate, epilog="Example: orgo simulate config/scenarios/maintenance.yaml")
def command() -> None:
    """Play workflows on a virtual clock (SCENARIO.yaml ..), or a day of mail against a cluster's autoscaler."""


@command.command(epilog="Example: orgo simulate play config/scenarios/maintenance.yaml")
@click.argument("scenarios", nargs=-1, required=True, metavar="SCENARIO..", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object a scenario, one a line.")
@click.option("--junit", type=click.Path(dir_okay=False, path_type=Path), help="Also write JUnit XML here.")
def play(scenarios: tuple[Path, ...], as_json: bool, junit: Path | None) -> int:
    """Play workflows on a virtual clock: who would hear what, when. (The word play may be left out.)

    Nothing is sent, and no database of yours is touched. Exit code 1 when an expectation does not hold, 2 when a
    scenario can't be read. The form of a scenario is told in config/scenarios/README.md.
    """
    read = _read(scenarios)
    from orgo.message.pool import ParserPool
    from orgo.simulate import report
    from orgo.simulate.play import play as played
    from orgo.simulate.stage import own_database

    parser, outcomes = ParserPool(), []
    try:
        with own_database():
            for scenario in read:
                outcomes.append(played(scenario, parser))
                found = outcomes[-1]
                words = (
                    json.dumps(report.as_json(found), ensure_ascii=False) if as_json else report.table(found)
                )
                click.echo(words)
    finally:
        parser.close()
    if junit is not None:
        junit.write_text(report.junit(outcomes), "utf-8")
    return Code.FAILED if any(outcome.failed for outcome in outcomes) else Code.DONE


def _read(paths: tuple[Path, ...]) -> "list[Scenario]":
    """All scenarios, or the problems of all of them at once."""
    from orgo.simulate.read import read

    found, problems = [], list[Problem]()
    for path in paths:
        try:
            found.append(read(path))
        except BadInput as error:
            problems.extend(error.problems)
    if problems:
        raise BadInput(problems)
    return found


@command.command(epilog="Example: orgo simulate autoscale --rate 25")
@click.option(
    "--rate",
    type=Rate(0.001, 1_000_000),
    help="Mails a second that one replica decides with all of the CPU that it requests.",
)
@click.option(
    "--report",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Take the rate from what orgo loadtest --json printed into this file: that of one worker.",
)
@click.option(
    "--mails", type=Whole(1, 10_000_000), default=50_000, show_default=True, help="Mails of the day."
)
@click.option("--least", type=Whole(1, 1000), default=2, show_default=True, help="minReplicas.")
@click.option("--most", type=Whole(1, 1000), default=10, show_default=True, help="maxReplicas.")
@click.option(
    "--target",
    type=Whole(1, 100),
    default=70,
    show_default=True,
    help="averageUtilization, in percent.",
)
@click.option(
    "--ready",
    type=Whole(0, 3600),
    default=30,
    show_default=True,
    help="Seconds until a new replica works.",
)
@as_json_option
def autoscale(rate: float | None, report: Path | None, target: int, as_json: bool, **given: Any) -> None:
    """A day of mail against Kubernetes' autoscaler: replicas, backlog and lateness by hour.

    It keeps to the documented algorithm with its defaults: a look every 15 s, a tolerance of 10 %, down only after
    300 s. The day's curve has a fifth of the mail in the hour from nine, and five times that hour's mean in its first minute.
    """
    if (rate is None) == (report is None):
        raise click.UsageError("give one of --rate and --report")
    if given["least"] > given["most"]:
        raise click.UsageError("--least is more than --most")
    from orgo.simulate import autoscale as day

    speed = rate if rate is not None else _rate_of(report)
    found = day.play(day.Plan(rate=speed, target=target / 100, **given))
    if as_json:
        line(found)
        return
    table(
        ["HOUR", "MAILS", "REPLICAS", "BACKLOG", "LATE, MEAN", "LATE, MOST"],
        (
            [f"{hour.hour:02}:00", f"{hour.mails:,}", _span(hour), f"{hour.backlog:,}", f"{hour.late_mean:.1f} s",
             f"{hour.late_most:.0f} s"]
            for hour in found.hours
        ),
    )  # fmt: skip
    left = f", {found.left:,} are left at its end" if found.left else ""
    click.echo(
        f"{found.decided:,} mails decided by replicas of {speed:g} a second{left}; {found.replica_hours:,.1f} replica hours"
    )


def _span(hour: "Hour") -> str:
    least, most = hour.replicas_least, hour.replicas_most
    return f"{least}" if least == most else f"{least} to {most}"


def _rate_of(report: Path | None) -> float:
    """What one worker decided a second in a load test. Raises BadInput."""
    assert report is not None
    from orgo.simulate.autoscale import worker_rate

    try:
        return worker_rate(report.read_bytes())
    except (OSError, ValueError) as error:
        hint = "make it by: orgo loadtest --json > report.json"
        raise BadInput(
            Problem(f"this is no report of a load test: {error}", file=str(report), hint=hint)
        ) from error
