"""`orgo database migrate` and `move`."""

import os
from typing import TYPE_CHECKING

import click

from orgo.cli.errors import Code, Stop
from orgo.cli.house import connect, enter
from orgo.cli.lazy import Group
from orgo.cli.output import Live, as_json_option, line, say
from orgo.lib.problems import BadInput, Problem

if TYPE_CHECKING:
    from orgo.conf import Config


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


@database.command(epilog="Example: orgo database move --to postgresql://orgo_user@db.organization.com/orgo")
@click.option(
    "--to",
    "url",
    required=True,
    help="The other database, as in `database:`; the password may be in PGPASSWORD.",
)
@as_json_option
def move(url: str, as_json: bool) -> int:
    """Take every row to another database and compare both; stop Orgo before (exit code 5). A run that was stopped goes on.

    The configuration is left as it is: the last line says what to write there.
    """
    config = enter()
    target = _target(config, url)
    from orgo.conf.kinds import masked
    from orgo.ops.moving import Runs, alone_on
    from orgo.ops.moving import move as work

    try:
        with alone_on(config), Live() as live:
            moved = work(target, lambda table, done, total: live.say(f"{table}: {done:,} of {total:,}"))
    except Runs as error:
        hint = "stop it on all machines: mail that comes meanwhile would stay in the old database"
        raise Stop(Code.CONFLICT, Problem(str(error), hint=hint)) from None
    if as_json:
        line({"rows": moved.rows, "different": moved.different})
    else:
        click.echo(
            f"{sum(moved.rows.values())} rows in {len(moved.rows)} tables, all read again on both sides"
        )
    if moved.different:
        hint = "was Orgo running? stop it, empty the other database and move again"
        raise Stop(Code.FAILED, Problem(f"not equal on both sides: {', '.join(moved.different)}", hint=hint))
    say(f"now write database: {masked(url)} into {config.file or 'config/config.yaml'} and start Orgo")
    return Code.DONE


def _target(config: "Config", url: str) -> "Config":
    """The configuration with the other database. Raises BadInput where that is no database, or the same one."""
    from orgo.conf import load
    from orgo.conf.database import reach
    from orgo.conf.kinds import database_url

    try:
        database_url(url)
    except ValueError as error:
        raise BadInput(Problem(str(error), key="--to")) from None
    target = load(config.home, {**os.environ, "ORGO_DATABASE": url})
    if target.database == config.database:
        raise BadInput(Problem("that is the database that Orgo uses already", key="--to"))
    reach(target)
    return target
