"""Keys from the environment: ORGO_WEB__PORT is `web.port`. An empty variable counts as not given."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo

from orgo.conf.kinds import expanded
from orgo.conf.section import (
    Keys,
    contains,
    field_at,
    is_list,
    is_map,
    names,
    section_at,
    section_of,
    shown_names,
)
from orgo.conf.sheet import Sheet
from orgo.lib.problems import did_you_mean, nearest

PREFIX = "ORGO_"
OTHERS = ("ORGO_HOME", "ORGO_CONFIG")
_KUBERNETES = re.compile(r"ORGO(_\w+)?_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_[0-9]+_\w+)?)")


def overlay(sheet: Sheet, environ: Mapping[str, str], home: Path) -> None:
    """Lay the values of `environ` over those of the file; what names no key is noted."""
    for name in sorted(environ):
        value = environ[name].strip()
        if name.startswith(PREFIX) and name not in OTHERS and value and not _is_link(name, value):
            _lay(sheet, name, value, home)


def _is_link(name: str, value: str) -> bool:
    """Whether Kubernetes or Docker set this variable because a service is called orgo (ORGO_PORT=tcp://10.0.0.1:80)."""
    return "__" not in name and _KUBERNETES.fullmatch(name) is not None


def _lay(sheet: Sheet, name: str, value: str, home: Path) -> None:
    path: Keys = tuple(name.removeprefix(PREFIX).lower().split("__"))
    field = field_at(sheet.model, path)
    if field is None:
        _unknown(sheet, name, path)
        return
    read = _read(sheet, name, value, field)
    if contains(field.annotation, Path) and isinstance(read, str):
        read = str(home / expanded(read))
    if read is not None and not _put(sheet, path, read, name):
        sheet.given[path] = f"environment {name}"
        sheet.blame(
            path, "there is a list in the file, so one variable can't say which", "give the value in the file"
        )


def _unknown(sheet: Sheet, name: str, path: Keys) -> None:
    """A variable of ours by its form is an error; one that only looks like it a warning, because others name theirs so."""
    depth = next(end for end in range(len(path) - 1, -1, -1) if section_at(sheet.model, path[:end]))
    model = section_at(sheet.model, path[:depth])
    assert model is not None
    known = ["__".join(str(part) for part in (*path[:depth], key)).upper() for key in names(model)]
    wanted = "__".join(str(part) for part in path).upper()
    is_secret = f"${{{name}}}" in str(
        sheet.data
    )  # the file names it: no misspelt key, however near one it is
    if "__" not in name and (is_secret or not nearest(wanted, known)):
        return
    hint = did_you_mean(PREFIX + wanted, [PREFIX + key for key in known])
    severity = "error" if depth else "warning"
    sheet.given[path] = f"environment {name}"
    sheet.blame(path, "there is no such key", hint, "error" if severity == "error" else "warning")


def _read(sheet: Sheet, name: str, value: str, field: FieldInfo) -> Any:
    """A value as the field wants it: lists parted by commas, sections and maps as JSON."""
    section = section_of(field.annotation)
    if value[0] in "[{" and (section or is_list(field)):
        try:
            return json.loads(value)
        except ValueError as error:
            raise_at = getattr(error, "pos", 0)
            sheet.given[(name,)] = f"environment {name}"
            sheet.blame((name,), f"not JSON, from character {raise_at + 1} on", "write a JSON list or object")
            return None
    if section and not is_list(field):
        example = f"{name}__{shown_names(section)[0]}".upper()
        sheet.given[(name,)] = f"environment {name}"
        sheet.blame(
            (name,),
            "this is a group of keys",
            f"give each of them, such as {example}" if not is_map(field) else None,
        )
        return None
    return [part.strip() for part in value.split(",")] if is_list(field) and not section else value


def _put(sheet: Sheet, path: Keys, value: Any, name: str) -> bool:
    """Set the value at `path`; says False where the file has a list on the way."""
    here: Any = sheet.data
    for key in path[:-1]:
        if not isinstance(here.get(key), dict | None):
            return False
        if here.get(key) is None:
            here[key] = {}
        here = here[key]
    model = section_at(sheet.model, path[:-1])
    known = names(model) if model else {}
    for other in [key for key in here if key in known and known[key] == known.get(str(path[-1]))]:
        del here[other]
    here[path[-1]] = value
    sheet.given[path] = f"environment {name}"
    return True
