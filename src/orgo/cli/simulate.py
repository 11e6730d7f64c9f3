"""`orgo simulate`: plays scenarios on a virtual clock, and says what happened and whether it was as expected."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orgo.cli.errors import Code
from orgo.lib.problems import BadInput, Problem

if TYPE_CHECKING:
    from orgo.simulate.script import Scenario


@click.command("simulate", epilog="Example: orgo simulate config/scenarios/maintenance.yaml")
@click.argument("scenarios", nargs=-1, required=True, metavar="SCENARIO..", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object a scenario, one a line.")
@click.option("--junit", type=click.Path(dir_okay=False, path_type=Path), help="Also write JUnit XML here.")
def command(scenarios: tuple[Path, ...], as_json: bool, junit: Path | None) -> int:
    """Play workflows on a virtual clock: who would hear what, when.

    Nothing is sent, and no database of yours is touched. Exit code 1 when an expectation does not hold, 2 when a
    scenario can't be read. The form of a scenario is told in config/scenarios/README.md.
    """
    read = _read(scenarios)
    from orgo.message.pool import ParserPool
    from orgo.simulate import report
    from orgo.simulate.play import play
    from orgo.simulate.stage import own_database

    parser, outcomes = ParserPool(), []
    try:
        with own_database():
            for scenario in read:
                outcomes.append(play(scenario, parser))
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
