"""`orgo config check|show`."""

import click

from orgo.cli.errors import Code
from orgo.cli.lazy import Group
from orgo.cli.output import as_json_option, line, problems, table
from orgo.lib.text import counted


@click.group(cls=Group, epilog="Example: orgo config check")
def config() -> None:
    """The configuration: is it right, and where does each value come from."""


@config.command(epilog="Example: orgo config check --strict")
@click.option("--strict", is_flag=True, help="Warnings are errors.")
@as_json_option
def check(strict: bool, as_json: bool) -> int:
    """Say all that is wrong with config.yaml, people.yaml and rules.yaml."""
    from orgo.conf import check as check_config
    from orgo.conf import load
    from orgo.conf.places import shown
    from orgo.ops.checking import check_rules

    config = load()
    found = [*check_config(config, strict), *check_rules(config, None, strict)]
    problems(found, as_json)
    errors = sum(problem.severity == "error" for problem in found)
    if not as_json:
        file = shown(config.file, config.home) if config.file else "no config.yaml, all is default"
        click.echo(f"{file}: {counted(errors, 'error')}, {counted(len(found) - errors, 'warning')}")
    return Code.WRONG_INPUT if errors else Code.DONE


@config.command(epilog="Example: orgo config show --json")
@as_json_option
def show(as_json: bool) -> None:
    """Every value in force and where it comes from; secrets are hidden."""
    from orgo.conf import load
    from orgo.conf import show as rows_of

    rows = rows_of(load())
    if as_json:
        for row in rows:
            line(row._asdict())
    else:
        table(("KEY", "VALUE", "FROM"), rows)
