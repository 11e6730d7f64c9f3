"""`orgo token ..`: what programs show to be let in by HTTP."""

from typing import TYPE_CHECKING, Any

import click

from orgo.cli.errors import Code, Stop
from orgo.cli.house import as_option, enter
from orgo.cli.lazy import Group
from orgo.cli.numbers import Whole
from orgo.cli.output import as_json_option, line, say, table, when
from orgo.cli.people import manager
from orgo.lib import clock

if TYPE_CHECKING:
    from orgo.people.models import Token


@click.group(cls=Group, epilog="Example: orgo token list")
def token() -> None:
    """Tokens for programs that hand mail in by HTTP."""


@token.command("create", epilog="Example: orgo token create --scope mail --name scanner")
@click.option("--scope", type=click.Choice(["mail"]), required=True, help="mail: hand mail in.")
@click.option("--user", metavar="ADDRESS", help="Whose token it is; of who acts where not given.")
@click.option("--name", default="", help="What it is for.")
@click.option("--days", type=Whole(1, 3650), default=365, help="How long it is good (365).")
@as_option
@as_json_option
def create(scope: str, user: str | None, name: str, days: int, actor: str | None, as_json: bool) -> None:
    """A new token. It is printed this once; only its hash is kept."""
    with manager(actor) as by:
        from orgo.people import tokens
        from orgo.people.keeping import user_of

        row = user_of(user or by)
        if not row.is_active:
            raise Stop(Code.CONFLICT, f"{row.address} is not active")
        made, secret = tokens.create(row, scope, name, days, by)
    if as_json:
        line({**as_object(made), "token": secret})
        return
    click.echo(secret)
    say(f"token {made.pk} of {row.address} is good until {when(made.expires_at)[:10]}; it is not shown again")


def as_object(row: "Token") -> dict[str, Any]:
    """A token as JSON, without its secret, which nobody has."""
    return {
        "number": row.pk,
        "scope": row.scope,
        "name": row.name,
        "user": row.user.address if row.user else "",
        "created_at": row.created_at.isoformat(),
        "expires_at": row.expires_at.isoformat(),
        "state": _state(row),
    }


def _state(row: "Token") -> str:
    if row.expires_at <= clock.now():
        return "expired"
    return "good" if row.user and row.user.is_active else "its user is not active"


@token.command("list", epilog="Example: orgo token list --json")
@as_json_option
def list_(as_json: bool) -> None:
    """All tokens, without their secrets."""
    enter()
    from orgo.people.tokens import given

    rows = [as_object(row) for row in given()]
    if as_json:
        for row in rows:
            line(row)
        return
    heads = ("number", "scope", "name", "user", "state")
    table(
        [*(head.upper() for head in heads), "UNTIL"],
        ([*(row[head] for head in heads), when(row["expires_at"])[:10]] for row in rows),
    )


@token.command("revoke", epilog="Example: orgo token revoke 7")
@click.argument("number", type=int)
@as_option
def revoke(number: int, actor: str | None) -> None:
    """End a token at once; its number is the one that `list` shows."""
    with manager(actor) as by:
        from orgo.people import tokens
        from orgo.people.keeping import NoSuch

        try:
            tokens.revoke(number, by)
        except NoSuch:
            raise Stop(Code.NOT_FOUND, f"there is no token {number}; see orgo token list") from None
    click.echo(f"token {number} ended")
