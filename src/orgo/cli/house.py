"""What commands that work on the database begin with: the configuration, Django, the database's form, who acts."""

from typing import TYPE_CHECKING

import click

from orgo.cli.errors import Code, Stop
from orgo.lib.problems import BadInput, Problem, nearest

if TYPE_CHECKING:
    from orgo.conf import Config
    from orgo.people.models import User

as_option = click.option(
    "--as", "actor", metavar="ADDRESS", help="Who acts; the first administrator where not given."
)


def connect() -> "Config":
    """Django on the configured database, whatever its form."""
    from orgo.conf import boot, load

    return boot.start(load())


def enter() -> "Config":
    """The database in this program's form. Raises BadInput where it has another."""
    from orgo.conf import boot, load

    config = load()
    if config.sqlite_file is not None and not config.sqlite_file.exists():
        raise BadInput(
            Problem("there is no database yet", file=str(config.sqlite_file), hint="run: orgo init")
        )
    boot.start(config)
    from orgo.ops.checking import use_limits
    from orgo.ops.schema import need_current

    use_limits(config)
    need_current()
    if config.log.folder is not None:
        from orgo.conf import logging

        logging.keep_files(config)
    return config


def acting(address: str | None) -> "User":
    """The user who acts: the one of this address, else the first active administrator."""
    from orgo.people.models import User

    active = User.objects.filter(is_active=True).order_by("pk")
    if address is None:
        first = next((user for user in active if "administrator" in user.roles), None)
        if first is None:
            raise Stop(
                Code.NOT_FOUND, "there is no administrator; run: orgo init, or say who acts by --as ADDRESS"
            )
        return first
    found = active.filter(address=address.strip().lower()).first()
    if found is None:
        near = nearest(address.lower(), active.values_list("address", flat=True))
        raise Stop(Code.NOT_FOUND, f"no active user {address}" + (f"; did you mean {near}?" if near else ""))
    return found


def need(user: "User", permission: str, what: str) -> None:
    """Raises Stop (not allowed) where `user`'s roles do not have this permission."""
    if not user.may(permission):  # type: ignore[arg-type]
        raise Stop(Code.NOT_ALLOWED, f"{user.address} may not {what}")
