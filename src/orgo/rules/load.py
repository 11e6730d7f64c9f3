"""rules.yaml becomes a RuleSet, or a list of everything that is wrong with it (pure)."""

import gc
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from orgo.lib import yaml
from orgo.lib.problems import SHOWN_AT_MOST, BadInput, Problem
from orgo.rules.action import ACTION, LEVEL, read_action
from orgo.rules.examples import groups_of, read_example
from orgo.rules.flat import flat_problem
from orgo.rules.rule import Active, Rule
from orgo.rules.ruleset import RuleSet
from orgo.rules.sheet import Paper, Sheet

VERSION = 1
# Ten thousand rules have some megabytes; a configuration never has (lib/yaml.py).
LARGEST = 20_000_000
MODES = ("on", "shadow", "off")
TOP = frozenset({"version", "keywords", "default", "rules", "workflow_rules"})
RULE = frozenset({"name", "condition", "unless", "action", "active", "mode", "stop", "tests"})
_BESIDE_THE_CONDITION = {
    **dict.fromkeys(LEVEL, "action: levels:"),
    **dict.fromkeys(ACTION, "action:"),
    **dict.fromkeys(("from", "until", "hours"), "active:"),
    **dict.fromkeys(("given", "expect"), "an item of tests:"),
}
_EMPTY = "write rules: and under it items that begin with a dash"
_UNDER_A_RULE = dict.fromkeys(RULE | ACTION, "an item of rules:")


def load(data: bytes | str, file: str, *, directory: Path | None = None) -> RuleSet:
    """Read a rules file.

    `file` is the name to show; `directory` is the folder that attached files are looked for in (kept for `check`).
    Raises BadInput with all problems (at most 50), each with line, column and key.
    """
    with _no_collector():
        return _load(data, file, directory)


@contextmanager
def _no_collector() -> Iterator[None]:
    """Ten thousand rules are a million values and no cycle: walking them again and again took a third of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _load(data: bytes | str, file: str, directory: Path | None) -> RuleSet:
    text = yaml.decoded(data, file, LARGEST)
    flat = flat_problem(text, file, top=TOP, rule=RULE, action=ACTION)
    if flat is not None:
        raise BadInput(flat)
    node = yaml.load(text, file, largest=LARGEST, most_nodes=yaml.MOST_NODES_OF_RULES)
    if node.kind == "scalar" and node.value is None:
        raise BadInput(Problem("the file is empty", file, 1, 1, hint=_EMPTY))
    paper = Paper(file, text)
    top = Sheet(node, "", paper)
    _check_version(top)
    top.only(TOP, _UNDER_A_RULE)
    rules = _rules(top)
    default, keywords = _default(top), top.texts("keywords")
    if paper.problems:
        raise BadInput(in_order(paper.problems)[:SHOWN_AT_MOST])
    raw = data.encode() if isinstance(data, str) else data
    revision = hashlib.sha256(raw).hexdigest()
    return RuleSet(rules, default, keywords, revision, file, directory, tuple(in_order(paper.warnings)))


def in_order(problems: list[Problem]) -> list[Problem]:
    """Problems as they stand in the file."""
    return sorted(problems, key=lambda problem: (problem.line or 0, problem.column or 0))


def _check_version(top: Sheet) -> None:
    """Refuse another version alone: what else seems wrong with the file may be right there."""
    node = top.get("version")
    if node is None or node.value == VERSION:
        return
    newer = isinstance(node.value, int | float) and node.value > VERSION
    why = "it is newer than this program" if newer else "it is no version"
    top.wrong(
        node, "version", f"version {node.text}: {why}", f"this program reads rules of version {VERSION}"
    )
    raise BadInput(top.paper.problems)


def _rules(top: Sheet) -> tuple[Rule, ...]:
    rules = []
    for key in ("rules", "workflow_rules"):
        for number, sheet in enumerate(top.children(key), 1):
            rules.append(_rule(sheet, f"rule {number}", is_sister=key == "workflow_rules"))
    if not {"rules", "workflow_rules"} & top.values.keys() and not top.paper.problems:
        top.wrong(top.node, "", "there are no rules", _EMPTY)
    return tuple(rule for rule in rules if rule is not None)


def _default(top: Sheet) -> str | None:
    node = top.get("default")
    if node is None or node.kind == "scalar":
        return top.address("default")
    sheet = top.below("default", node)
    sheet.only({"route_to"}, {})
    return sheet.address("route_to")


def _mode(sheet: Sheet) -> str | None:
    """On, shadow or off; who writes yes or false means on or off."""
    given = sheet.get("mode")
    truth = yaml.TRUTH.get(given.text.lower()) if given is not None else None
    return sheet.one_of("mode", MODES) if truth is None else "on" if truth else "off"


def _rule(sheet: Sheet, unnamed: str, *, is_sister: bool) -> Rule | None:
    """One rule; in `workflow_rules:` what a rule does may stand beside its condition."""
    sheet.only(RULE | ACTION if is_sister else RULE, _BESIDE_THE_CONDITION)
    parsed, unless = sheet.condition("condition"), sheet.condition("unless")
    if sheet.get("condition") is None:
        hint = "write condition: \"subject contains 'leak'\""
        sheet.wrong(sheet.node, "condition", "the rule has no condition", hint)
    if unless is not None and unless.elapsed:
        sheet.wrong(sheet.values["unless"], "unless", "an age can't stand in unless", "put it into condition")
    action = read_action(sheet, parsed, is_sister=is_sister)
    own = groups_of(parsed.condition.leaves()) if parsed else frozenset[str]()
    examples = [read_example(test, own) for test in sheet.children("tests")]
    active, mode, stop = _active(sheet), _mode(sheet), sheet.truth("stop")
    name = sheet.text("name") or unnamed
    if parsed is None or action is None:
        return None
    return Rule(
        name=name,
        condition=parsed.condition,
        action=action,
        unless=unless.condition if unless else None,
        active=active,
        mode=mode or "on",  # type: ignore[arg-type]
        stop=bool(stop),
        examples=tuple(example for example in examples if example is not None),
        line=sheet.node.line,
        places={key: (value.line, value.column) for key, value in sheet.values.items()},
    )


def _active(parent: Sheet) -> Active | None:
    node = parent.get("active")
    if node is None:
        return None
    sheet = parent.below("active", node)
    sheet.only({"from", "until", "hours"}, {})
    start, end = sheet.day("from"), sheet.day("until")
    if start and end and end < start:
        sheet.wrong(node, "", f"it ends ({end}) before it begins ({start})")
    return Active(start, end, sheet.hours("hours"))
