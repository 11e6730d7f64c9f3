"""Where a scenario is played: a home in a temporary folder, an emptied database, a clock that stands still."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from orgo.conf import Config, boot, load
from orgo.lib import clock, yaml
from orgo.lib.problems import BadInput
from orgo.simulate.script import Scenario

OUR_ADDRESS = "orgo@orgo.example"
TRIAL = "orgo_trial"
"""The one database of a server that scenarios may be played on: they empty it each time."""


@contextmanager
def own_database() -> Iterator[None]:
    """Start Django on a database of its own in a temporary folder (a command's; once a process)."""
    from django.apps import apps

    if apps.ready:
        raise RuntimeError("Django runs already: its database is somebody's")
    with tempfile.TemporaryDirectory(prefix="orgo-simulate-") as folder:
        boot.start(load(Path(folder), {}))
        from orgo.ops.up import prepare_database

        prepare_database()
        yield


@contextmanager
def stage(scenario: Scenario) -> Iterator[Config]:
    """Make ready for one scenario, on the database that Django runs on: that is emptied. Raises BadInput for bad files."""
    former = boot.config(), clock.current()
    with tempfile.TemporaryDirectory(prefix="orgo-scenario-") as folder:
        config = furnish(scenario, Path(folder))
        boot.use(config)
        clock.use(clock.VirtualClock(scenario.script.start))
        try:
            _empty()
            _move_in(config)
            yield config
        finally:
            boot.use(former[0])
            clock.use(former[1])


def furnish(scenario: Scenario, home: Path) -> Config:
    """Lay the scenario's files into `home` and load them; problems name the files as the scenario does."""
    from orgo.flow.house import read_rules

    (home / "config").mkdir()
    origin: dict[str, str] = {}
    for key, named in scenario.script.config:
        if named:
            data = scenario.path(named).read_bytes()
            (home / "config" / f"{key}.yaml").write_bytes(data)
            origin[f"config/{key}.yaml"] = os.path.relpath(scenario.path(named))
    try:
        config = load(home, _environ(scenario, home))
        read_rules(config)
    except BadInput as error:
        raise BadInput([replace(p, file=origin.get(p.file or "", p.file)) for p in error.problems]) from None
    return config


def _environ(scenario: Scenario, home: Path) -> Mapping[str, str]:
    """The environment to load with: none of Orgo's own keys, a way out, the scenario's zone where none is given."""
    files = scenario.script.config
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ORGO_")}
    kept["ORGO_DATABASE"] = f"sqlite:///{home}/orgo.db"
    if files.rules:
        kept["ORGO_FILES"] = str(scenario.path(files.rules).parent)
    path = home / "config" / "config.yaml"
    given = yaml.load(path.read_bytes(), str(files.config)) if path.exists() else yaml.load("", "")
    if given.get("smtp") is None:
        kept |= {"ORGO_SMTP__HOST": "127.0.0.1", "ORGO_SMTP__FROM": OUR_ADDRESS}
    if given.at(("organization", "zone")) is None:
        kept["ORGO_ORGANIZATION__ZONE"] = scenario.zone.key
    return kept


def _empty() -> None:
    """Empty the database: a file in the temporary folder or a server's TRIAL; nobody's work is ever emptied."""
    from django.core.management import call_command
    from django.db import connection

    from orgo.flow.house import RULES

    name = str(connection.settings_dict["NAME"])
    temporary = Path(tempfile.gettempdir()).resolve()
    on_file = connection.vendor == "sqlite"
    if not (Path(name).resolve().is_relative_to(temporary) if on_file else name == TRIAL):
        raise RuntimeError(f"{name} is no temporary database: it is not emptied")
    call_command("flush", interactive=False, verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM search_entry")
    RULES.forget()


def _move_in(config: Config) -> None:
    from orgo.people.roster import apply_roster

    apply_roster(config.roster)
