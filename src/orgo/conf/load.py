"""Reads the configuration: files, environment and secrets become one frozen Config, or every problem at once."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from pydantic import SecretStr, ValidationError

from orgo.conf import checks, environment, places, secrets
from orgo.conf.backup import is_made_elsewhere
from orgo.conf.config import Config, Origin
from orgo.conf.explain import explain
from orgo.conf.flat import flat_problem
from orgo.conf.kinds import path_text
from orgo.conf.machine import machine_zone
from orgo.conf.roster import Roster
from orgo.conf.section import Keys, Section, contains, dotted, field_at
from orgo.conf.sheet import Sheet
from orgo.conf.show import values
from orgo.lib import yaml
from orgo.lib.problems import BadInput, Problem

OFFLINE_DATABASE = "orgo_offline.db"
_LARGEST_FILE = 2_000_000
_Model = TypeVar("_Model", bound=Section)


def load(home: Path | None = None, environ: Mapping[str, str] = os.environ) -> Config:
    """Read Orgo's configuration.

    `home` is Orgo's home (default: the folder that ORGO_HOME names, else the current one); `environ` the environment.
    Without any file all is default. Returns the configuration with `sources`, `warnings` and the people of people.yaml;
    raises BadInput with every problem found, each with file, line, column and key.
    """
    home = home.resolve() if home else places.home_of(environ)
    file = places.find_config(home, environ)
    reading = _Reading(home, environ, _sheet(Config, file, home))
    sheet = reading.sheet
    environment.overlay(sheet, environ, home)
    secrets.fill_in(sheet, environ, home, may_lack="backup" if is_made_elsewhere(sheet.data) else None)
    reading.defaults()
    people = reading.people_sheet()
    config = _checked(Config, sheet, {"home": home, "folder": sheet.folder})
    roster = _checked(Roster, people, {}) if people else Roster()
    reading.warn_of_secrets()
    if config and roster:
        reading.finish(config, roster, file, people)
        sheet.problems.extend(checks.consistency(config))
    problems = [*sheet.problems, *(people.problems if people else ())]
    if config is None or roster is None or any(problem.severity == "error" for problem in problems):
        raise BadInput(_in_order(problems))
    config._origin = replace(config._origin, warnings=tuple(problems))
    return config


def database_of(home: Path, environ: Mapping[str, str]) -> str:
    """`database:` of the configuration in `home`, whatever else it names: that may lie on a machine that is gone.

    Raises BadInput where the file can't be read or `database:` itself can't be taken.
    """
    sheet = _sheet(Config, places.find_config(home, environ), home)
    environment.overlay(sheet, {name: environ[name] for name in ("ORGO_DATABASE",) if name in environ}, home)
    sheet.data = {key: value for key, value in sheet.data.items() if key == "database"}
    secrets.fill_in(sheet, environ, home)
    _Reading(home, environ, sheet).defaults()
    config = _checked(Config, sheet, {"home": home, "folder": sheet.folder})
    if config is None or any(problem.severity == "error" for problem in sheet.problems):
        raise BadInput(_in_order(sheet.problems))
    return config.database


def _in_order(problems: list[Problem]) -> list[Problem]:
    """Errors first, each kind as it stands in the files."""
    return sorted(problems, key=lambda p: (p.severity == "warning", p.file or "", p.line or 0, p.column or 0))


def _checked(model: type[_Model], sheet: Sheet, context: dict[str, Path]) -> _Model | None:
    try:
        return model.model_validate(sheet.data, context=context)
    except ValidationError as error:
        explain(sheet, error)
        return None


def _sheet(model: type[Section], file: Path | None, home: Path) -> Sheet:
    """The file as a sheet; an empty one where there is no file."""
    if file is None:
        return Sheet(model, "config.yaml", home, None)
    shown = places.shown(file, home)
    content = _content(file, shown)
    flat = flat_problem(content.decode("utf-8", "replace"), shown) if model is Config else None
    if flat:
        raise BadInput(flat)
    node = _parsed(content, shown)
    sheet = Sheet(model, shown, file.parent, node)
    if node.kind == "map":
        sheet.data = node.plain()
    elif node.plain() is not None:
        raise BadInput(
            Problem(
                "expected keys with values",
                shown,
                node.line,
                node.column,
                hint="write lines such as key: value",
            )
        )
    return sheet


def _parsed(content: bytes, shown: str) -> yaml.Node:
    """The file as YAML; a `${VAR}` between { and } is a trap of YAML's own, so the cure is said."""
    try:
        return yaml.load(content, shown)
    except BadInput as error:
        lines = content.decode("utf-8", "replace").splitlines()
        trapped = {
            number for number, line in enumerate(lines, 1) if "{" in line.partition("${")[0] and "${" in line
        }
        hint = "between { and } write it in quotes: '${NAME}'"
        raise BadInput([replace(p, hint=hint) if p.line in trapped else p for p in error.problems]) from error


def _content(file: Path, shown: str) -> bytes:
    """The bytes of a file; one without any content was cut off, for nobody writes such a file on purpose."""
    if file.exists() and not file.is_file():
        raise BadInput(
            Problem("is no file", shown, hint="a text file is expected here, no folder and no device")
        )
    try:
        with file.open("rb") as stream:
            content = stream.read(_LARGEST_FILE)
    except OSError as error:
        hint = "it must be a file that this user may read"
        raise BadInput(Problem(f"can't be read: {error.strerror}", shown, hint=hint)) from error
    if not content.removeprefix(b"\xef\xbb\xbf").strip():
        raise BadInput(
            Problem(
                "the file is empty", shown, 1, 1, hint="remove it to use the defaults, or restore its content"
            )
        )
    return content


@dataclass
class _Reading:
    """The state between the files and the Config."""

    home: Path
    environ: Mapping[str, str]
    sheet: Sheet

    def defaults(self) -> None:
        """Fill in the defaults that depend on the machine and on the files that are there."""
        data, given = self.sheet.data, self.sheet.given
        if data.get("database") is None and (self.home / OFFLINE_DATABASE).is_file():
            data["database"] = f"sqlite:///./{OFFLINE_DATABASE}"
            given[("database",)] = f"default ({OFFLINE_DATABASE} is there)"
        if data.get("organization") is None:
            data["organization"] = {}
        organization = data["organization"]
        if isinstance(organization, dict) and organization.get("zone") is None:
            organization["zone"] = machine_zone(self.environ)
            given[("organization", "zone")] = "default (the machine's)"
        for key in ("rules", "people"):
            if data.get(key) is None and (found := self._find(f"{key}.yaml")):
                data[key] = str(found)
                given[(key,)] = "default (found there)"
        if data.get("files") is None:
            data["files"] = str(self._rules_folder())
            given[("files",)] = "default"

    def _find(self, name: str) -> Path | None:
        try:
            return places.find(name, places.folders(self.home, self.environ), self.home)
        except BadInput as error:
            self.sheet.problems.extend(error.problems)
            return None

    def _rules_folder(self) -> Path:
        """The folder of the rules, where their templates and attachments are, else `config` in the home."""
        rules = self.sheet.data.get("rules")
        return (self.sheet.folder / rules).parent if isinstance(rules, str) else self.home / "config"

    def people_sheet(self) -> Sheet | None:
        """people.yaml as a sheet, None where there is none; also looks whether the rules' file may be used."""
        self._usable("rules")
        file = self._usable("people")
        try:
            return _sheet(Roster, file, self.home) if file else None
        except BadInput as error:
            self.sheet.problems.extend(error.problems)
            return None

    def _usable(self, key: str) -> Path | None:
        """The file that `key` names, if it is there and inside the home or the folder of config.yaml."""
        try:
            named = path_text(self.sheet.data.get(key))
        except ValueError:  # said with the other keys
            return None
        if not isinstance(named, str):
            return None
        file = self.sheet.folder / named
        roots = [self.home, self.sheet.folder.resolve(), *places.folders(self.home, self.environ)]
        if not any(file.resolve().is_relative_to(root) for root in roots):
            self.sheet.blame(
                (key,), "this file is outside Orgo's home", "it must be in the home or beside config.yaml"
            )
            return None
        if not file.is_file():
            self.sheet.blame(
                (key,),
                f"no such file: {places.shown(file, self.home)}",
                "paths count from the folder of config.yaml",
            )
            return None
        return file

    def warn_of_secrets(self) -> None:
        """A secret in clear in the file is a warning (in `config check --strict` an error)."""
        for path, value in _texts(self.sheet.node.plain() if self.sheet.node else {}):
            field = field_at(self.sheet.model, path)
            clear = field is not None and contains(field.annotation, SecretStr) and secrets.in_clear(value)
            if self.sheet.origin(path) is None and (clear or secrets.password_in(value)):
                self.sheet.blame(path, "a secret stands here in clear", secrets.FORMS, "warning")

    def finish(self, config: Config, roster: Roster, file: Path | None, people: Sheet | None) -> None:
        """Give the Config what it says about itself; the sheets keep the places of values, not the secrets."""
        sources = {dotted(path): self.sheet.source(path) or "default" for path, _ in values(config)}
        self.sheet.data = {}
        config._origin = Origin(self.home, file, sources, (), roster, self.sheet, people)


def _texts(value: object, path: Keys = ()) -> list[tuple[Keys, str]]:
    """Every text in plain data with its path."""
    if isinstance(value, dict):
        return [found for key, inner in value.items() for found in _texts(inner, (*path, key))]
    if isinstance(value, list):
        return [found for number, inner in enumerate(value) for found in _texts(inner, (*path, number))]
    return [(path, value)] if isinstance(value, str) else []
