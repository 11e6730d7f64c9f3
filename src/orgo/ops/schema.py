"""Whether the database has the form that this program knows, and how it gets it.

A release's migrations only add, so the former release works on beside it; what it no longer needs is taken away a release
later, by a migration whose name begins with `contract_` behind its number (docs/adr/0009-upgrades.md).
"""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from orgo.conf.config import Config
from orgo.lib.locks import locked
from orgo.lib.problems import BadInput, Problem
from orgo.ops import server

if TYPE_CHECKING:
    from django.db.migrations.loader import MigrationLoader

log = logging.getLogger("orgo")
Form = Literal["none", "older", "current", "expanded", "newer"]
CONTRACT = "contract_"


def form() -> Form:
    """The form of the connected database.

    `expanded`: a later Orgo has added to it, and this one works on. `newer`: it has also taken away what this one needs.
    """
    from django.db import connection
    from django.db.migrations.loader import MigrationLoader

    loader = MigrationLoader(connection)
    applied, known = set(loader.applied_migrations), set(loader.disk_migrations)
    if not applied:
        return "none"
    later = _unknown(loader, applied)
    if any(narrows(name) for _, name in later):
        return "newer"
    if not known <= applied:
        return "older"
    return "expanded" if later else "current"


def unknown(steps: Iterable[str]) -> list[str]:
    """Those of these steps ("app.name") that only a later Orgo knows."""
    from django.db.migrations.loader import MigrationLoader

    applied = {(app, name) for app, _, name in (step.partition(".") for step in steps)}
    return sorted(".".join(step) for step in _unknown(MigrationLoader(None), applied))


def _unknown(loader: "MigrationLoader", applied: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those of Orgo's own; other applications' are not looked at."""
    known = set(loader.disk_migrations)
    ours = {app for app, _ in known}
    return {step for step in set(applied) - _replaced(loader) - known if step[0] in ours}


def narrows(migration: str) -> bool:
    """Whether a migration of this name takes something away that the release before still needs."""
    return migration.partition("_")[2].startswith(CONTRACT)


def _replaced(loader: object) -> set[tuple[str, str]]:
    replacements: dict[tuple[str, str], object] = getattr(loader, "replacements", {})
    return {old for migration in replacements.values() for old in getattr(migration, "replaces", ())}


def need_current() -> None:
    """Raises BadInput where the database's form is not this program's, with what to do."""
    found = form()
    if found == "none":
        raise BadInput(Problem("there is no database yet", hint="run: orgo init"))
    if found == "older":
        raise BadInput(Problem("the database has an older form", hint="run: orgo database migrate"))
    refuse_newer(found)


def refuse_newer(found: Form) -> None:
    """Raises BadInput for a database that a later Orgo made unfit for this one; one that it only added to is told of."""
    if found == "newer":
        raise BadInput(Problem("the database was changed by a newer Orgo", hint="upgrade Orgo"))
    if found == "expanded":
        log.warning("the database was prepared by a newer Orgo; this one works on beside it")


def migrate(config: Config) -> list[str]:
    """Bring the database to this program's form; returns the steps that were taken. A second one at once waits."""
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.loader import MigrationLoader

    if connection.vendor == "postgresql":
        server.look_at(config)
        if form() in ("current", "expanded"):
            return []  # nobody is waited for, and no lock is left in a connection that a pooler gives to others
    with _alone(config):
        if connection.vendor == "postgresql":
            server.make_schema()
        found = form()
        refuse_newer(found)
        if found in ("current", "expanded"):
            return []  # Django's own look at it takes a quarter of a start, and what it makes besides nobody here uses
        before = set(MigrationLoader(connection).applied_migrations)
        call_command("migrate", interactive=False, verbosity=0)
        after = set(MigrationLoader(connection).applied_migrations)
    return sorted(f"{app}.{name}" for app, name in after - before)


@contextmanager
def _alone(config: Config) -> Iterator[None]:
    """One at a time: on a server by its own lock, else on this machine."""
    with locked(config.var / "migrate.lock", wait=True) if config.sqlite_file else server.alone():
        yield
