"""Reads a scenario file; whatever is wrong with it is said with file, line, column and key, all of it at once."""

from collections.abc import Iterator
from datetime import UTC
from pathlib import Path

from pydantic import ValidationError

from orgo.conf.explain import explain
from orgo.conf.section import Keys
from orgo.conf.sheet import Sheet
from orgo.lib import yaml
from orgo.lib.problems import BadInput, Problem
from orgo.simulate.script import At, Scenario, Script


def read(path: Path) -> Scenario:
    """Read a scenario; raises BadInput with every problem found."""
    shown = str(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        hint = "a scenario is a YAML file; its form is in config/scenarios/README.md"
        raise BadInput(Problem(f"can't be read: {error.strerror}", shown, hint=hint)) from error
    return parse(data, shown, path.resolve().parent)


def parse(data: bytes | str, file: str, folder: Path) -> Scenario:
    """Read a scenario's text; `file` is the name to show, `folder` what its paths count from."""
    node = yaml.load(data, file)
    if node.kind != "map":
        raise BadInput(
            Problem("expected keys with values", file, node.line, node.column, hint="start, steps, expect")
        )
    sheet = Sheet(Script, file, folder, node, data=node.plain())
    try:
        script = Script.model_validate(sheet.data)
    except ValidationError as error:
        explain(sheet, error)
        raise BadInput(_in_order(sheet)) from None
    scenario = Scenario(script, file, folder)
    _look(scenario, sheet)
    if sheet.problems:
        raise BadInput(_in_order(sheet))
    return scenario


def _in_order(sheet: Sheet) -> list[Problem]:
    return sorted(sheet.problems, key=lambda problem: (problem.line or 0, problem.column or 0))


def _look(scenario: Scenario, sheet: Sheet) -> None:
    """Look at what only shows when the whole is known: files, times, names."""
    for path, named in _files(scenario.script):
        if not scenario.path(named).is_file():
            sheet.blame(path, f"no such file: {named}", "paths count from the scenario's folder")
    for path, at in _times(scenario.script):
        _look_at_time(scenario.script, sheet, path, at)
    names = {step.mail.task for step in scenario.script.steps if step.mail and step.mail.task}
    for number, expectation in enumerate(scenario.script.expect):
        for place, wanted in enumerate(expectation.task):
            if wanted.name and wanted.name not in names:
                hint = f"named are: {', '.join(sorted(names))}" if names else "name it by `task` in its mail"
                sheet.blame(("expect", number, "task", place, "name"), "no mail step names this task", hint)


def _look_at_time(script: Script, sheet: Sheet, path: Keys, at: At) -> None:
    try:
        instant = script.instant(at)
    except ValueError as error:
        message, _, hint = str(error).partition("; ")
        sheet.blame(path, message, hint)
    else:
        if instant < script.start.astimezone(UTC):
            sheet.blame(path, "this is before the start", "a scenario begins at `start`")


def _files(script: Script) -> Iterator[tuple[Keys, str]]:
    for key, named in script.config:
        if named:
            yield ("config", key), named
    for number, step in enumerate(script.steps):
        for place, named in enumerate(step.mail.attach if step.mail else ()):
            yield ("steps", number, "mail", "attach", place), named


def _times(script: Script) -> Iterator[tuple[Keys, At]]:
    for number, step in enumerate(script.steps):
        yield ("steps", number, "at"), step.at
    for number, expectation in enumerate(script.expect):
        yield ("expect", number, "at"), expectation.at
