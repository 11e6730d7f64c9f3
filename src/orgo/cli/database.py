"""`orgo database migrate`."""

import click

from orgo.cli.house import connect
from orgo.cli.lazy import Group
from orgo.cli.output import as_json_option, line


@click.group(cls=Group, epilog="Example: orgo database migrate")
def database() -> None:
    """The database."""


@database.command(epilog="Example: orgo database migrate")
@as_json_option
def migrate(as_json: bool) -> None:
    """Bring the database to this program's form; may be done again and again, a second one at once waits."""
    config = connect()
    from orgo.ops import schema

    steps = schema.migrate(config)
    if as_json:
        line({"steps": steps})
        return
    for step in steps:
        click.echo(f"done: {step}")
    click.echo(
        "the database has this program's form" if steps else "nothing to do: the database is up to date"
    )
