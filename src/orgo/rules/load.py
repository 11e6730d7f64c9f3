"""rules.yaml becomes a RuleSet, or a list of everything that is wrong with it (pure)."""

import hashlib
import re
from pathlib import PurePosixPath
from typing import Any

from orgo.lib import yaml
from orgo.lib.durations import Duration
from orgo.lib.problems import BadInput, Problem
from orgo.rules.conditions import Always, Condition
from orgo.rules.parse import Parsed
from orgo.rules.rule import STRICTEST, Action, Active, Example, Level, Rule
from orgo.rules.ruleset import RuleSet
from orgo.rules.sheet import Sheet

VERSION = 1
LARGEST = 20_000_000
SHOWN_AT_MOST = 50
PRIORITIES = ("low", "normal", "high", "urgent")
TOP = frozenset({"version", "keywords", "default", "rules", "workflow_rules"})
RULE = frozenset({"name", "condition", "unless", "action", "active", "mode", "stop", "tests"})
ACTION = frozenset(
    "route_to type priority labels attach notify escalate_after escalate_to levels calendar due acknowledge anonymize "
    "visibility".split()
)
LEVEL = frozenset({"after", "to", "notify", "until"})
_UNDER_ACTION = dict.fromkeys(ACTION, "action:")
_UNDER_RULE = {
    **dict.fromkeys(RULE, "the rule itself, beside action:"),
    "after": "levels:",
    "to": "levels:",
    "until": "levels:",
}
_UNDER_A_RULE = dict.fromkeys(RULE | ACTION, "an item of rules:")
_AFTER_WHEN_NOT_GIVEN = Duration(1, 0)
_FIELD = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")


def load(data: bytes | str, file: str, *, directory: Any = None) -> RuleSet:
    """Read a rules file.

    `file` is the name to show; `directory` is the folder that attached files are looked for in (kept for `check`).
    Raises BadInput with all problems (at most 50), each with line, column and key.
    """
    raw = data.encode() if isinstance(data, str) else data
    flat = _flat_problem(raw.decode("utf-8", "replace"), file)
    if flat is not None:
        raise BadInput(flat)
    node = yaml.load(data, file, largest=LARGEST, most_nodes=yaml.MOST_NODES_OF_RULES)
    problems: list[Problem] = []
    warnings: list[Problem] = []
    top = Sheet(node, "", file, problems)
    top.only(TOP, _UNDER_A_RULE)
    _check_version(top)
    rules = [
        _rule(Sheet(item, f"{key}[{number}]", file, problems), key, number, warnings)
        for key in ("rules", "workflow_rules")
        for number, item in top.children(key)
    ]
    if "rules" not in top.values and "workflow_rules" not in top.values and not problems:
        top.wrong(node, "", "there are no rules", "write rules: and under it items that begin with a dash")
    default = _default(top)
    if problems:
        raise BadInput(problems[:SHOWN_AT_MOST])
    return RuleSet(
        rules=tuple(rule for rule in rules if rule is not None),
        default=default,
        keywords=top.texts("keywords"),
        hash=hashlib.sha256(raw).hexdigest(),
        file=file,
        directory=directory,
        warnings=tuple(warnings),
    )


def _check_version(top: Sheet) -> None:
    node = top.get("version")
    if node is not None and node.value != VERSION:
        newer = isinstance(node.value, int) and node.value > VERSION
        why = "it is newer than this program" if newer else "it is no version"
        top.wrong(node, "version", f"version {node.text}: {why}", f"this program reads version {VERSION}")


def _default(top: Sheet) -> str | None:
    node = top.get("default")
    if node is None:
        return None
    if node.kind == "scalar":
        return top.text("default")
    sheet = Sheet(node, "default", top.file, top.problems)
    sheet.only(frozenset({"route_to"}), {})
    return sheet.text("route_to")


def _rule(sheet: Sheet, section: str, number: int, warnings: list[Problem]) -> Rule | None:
    """One rule; in `workflow_rules:` what a rule does may stand beside its condition."""
    if sheet.node.kind != "map":
        return None
    sister = section == "workflow_rules"
    sheet.only(RULE | ACTION if sister else RULE, _UNDER_ACTION)
    parsed, unless = sheet.condition("condition"), sheet.condition("unless")
    if "condition" not in sheet.values:
        sheet.wrong(
            sheet.node,
            "condition",
            "the rule has no condition",
            "write condition: \"subject contains 'leak'\"",
        )
    if unless is not None and unless.elapsed:
        sheet.wrong(sheet.values["unless"], "unless", "an age can't stand in unless", "put it into condition")
    name = sheet.text("name") or f"rule {number + 1}"
    action = _action(sheet, sister, parsed, name, warnings)
    if parsed is None or action is None:
        return None
    condition: Condition = parsed.condition
    if isinstance(condition, Always) and not parsed.elapsed:
        condition = Always()
    return Rule(
        name=name,
        condition=condition,
        action=action,
        unless=unless.condition if unless else None,
        active=_active(sheet),
        mode=sheet.one_of("mode", ("on", "shadow", "off")) or "on",  # type: ignore[arg-type]
        stop=bool(sheet.truth("stop")),
        examples=tuple(filter(None, (_example(sheet, n, item) for n, item in sheet.children("tests")))),
        line=sheet.node.line,
        places={key: (value.line, value.column) for key, value in sheet.values.items()},
    )


def _action(
    sheet: Sheet, sister: bool, parsed: Parsed | None, name: str, warnings: list[Problem]
) -> Action | None:
    node = sheet.get("action")
    if node is None and not sister:
        sheet.wrong(
            sheet.node, "action", "the rule does nothing", "write action: {route_to: team@organization.com}"
        )
        return None
    inner = Sheet(node, f"{sheet.path}.action", sheet.file, sheet.problems) if node is not None else sheet
    if node is not None:
        inner.only(ACTION, _UNDER_RULE)
    if sister and node is not None:
        for key in ACTION & sheet.values.keys():
            inner.values.setdefault(key, sheet.values[key])
    attach = inner.texts("attach")
    for path in attach:
        if not _is_inside(path):
            inner.wrong(
                inner.values["attach"],
                "attach",
                f"{path} leads out of the folder",
                "name a file inside the folder",
            )
    visibility = inner.one_of("visibility", STRICTEST)
    return Action(
        route_to=_address(inner, "route_to"),
        type=inner.text("type"),
        priority=inner.one_of("priority", PRIORITIES),
        due=inner.duration("due"),
        calendar=inner.text("calendar"),
        acknowledge=_acknowledge(inner),
        levels=_levels(inner, parsed, name, warnings),
        labels=inner.texts("labels"),
        attach=attach,
        notify=inner.texts("notify"),
        visibility=visibility,  # type: ignore[arg-type]
        anonymize=bool(inner.truth("anonymize")),
    )


def _address(sheet: Sheet, key: str) -> str | None:
    text, node = sheet.text(key), sheet.get(key)
    if text is None or node is None:
        return None
    if not text or (any(letter.isspace() for letter in text) and "@" in text):
        sheet.wrong(node, key, "one address or team is meant here", "such as maintenance@organization.com")
        return None
    return text


def _acknowledge(sheet: Sheet) -> str | None:
    """`true` is the shipped text, a path a text of one's own."""
    node = sheet.get("acknowledge")
    if node is None or node.value is False:
        return None
    if node.value is True:
        return "received"
    text = sheet.text("acknowledge")
    if text is not None and not _is_inside(text):
        sheet.wrong(node, "acknowledge", f"{text} leads out of the folder", "name a file inside the folder")
    return text


def _is_inside(path: str) -> bool:
    plain = PurePosixPath(path.replace("\\", "/"))
    return not plain.is_absolute() and ".." not in plain.parts and ":" not in path and bool(path)


def _levels(sheet: Sheet, parsed: Parsed | None, name: str, warnings: list[Problem]) -> tuple[Level, ...]:
    """The levels that a rule writes out, its escalate_after and escalate_to, and those of an age in its condition."""
    found = [_level(sheet, number, item) for number, item in sheet.children("levels")]
    after, to = sheet.duration("escalate_after"), sheet.text("escalate_to")
    notify = sheet.texts("notify") if to or after else ()
    if after is not None or (to and not (parsed and parsed.elapsed)):
        if after is None:
            place = sheet.values["escalate_to"]
            warnings.append(
                Problem(
                    f"rule {name} says escalate_to without escalate_after: it is after {_AFTER_WHEN_NOT_GIVEN}",
                    sheet.file,
                    place.line,
                    place.column,
                    f"{sheet.path}.escalate_to",
                    severity="warning",
                )
            )
        found.append(Level(after or _AFTER_WHEN_NOT_GIVEN, to, notify))
    for elapsed in parsed.elapsed if parsed else ():
        from orgo.lib.durations import parse_duration

        until = "acknowledged" if parsed and parsed.status == "pending" else "completed"
        found.append(Level(parse_duration(elapsed.value), to, notify, until))  # type: ignore[arg-type]
    return tuple(
        sorted(
            (level for level in found if level is not None), key=lambda lv: (lv.after.days, lv.after.seconds)
        )
    )


def _level(parent: Sheet, number: int, node: yaml.Node) -> Level | None:
    sheet = Sheet(node, f"{parent.path}.levels[{number}]", parent.file, parent.problems)
    sheet.only(LEVEL, {})
    after = sheet.duration("after")
    if "after" not in sheet.values and node.kind == "map":
        sheet.wrong(node, "after", "the level has no after", 'write after: "2 hours"')
    until = sheet.one_of("until", ("acknowledged", "completed")) or "completed"
    return Level(after, sheet.text("to"), sheet.texts("notify"), until) if after else None  # type: ignore[arg-type]


def _active(parent: Sheet) -> Active | None:
    node = parent.get("active")
    if node is None:
        return None
    sheet = Sheet(node, f"{parent.path}.active", parent.file, parent.problems)
    sheet.only(frozenset({"from", "to", "until", "hours"}), {})
    start, end = sheet.day("from"), sheet.day("to") or sheet.day("until")
    if start and end and end < start:
        sheet.wrong(node, "", f"it ends ({end}) before it begins ({start})")
    return Active(start, end, sheet.hours("hours"))


_GIVEN = frozenset(
    "subject body from to cc recipients reply_to attachments size list_id language organization mailbox received_at zone "
    "is_reply is_bounce is_auto_reply spam_score".split()
)


def _example(parent: Sheet, number: int, node: yaml.Node) -> Example | None:
    sheet = Sheet(node, f"{parent.path}.tests[{number}]", parent.file, parent.problems)
    sheet.only(frozenset({"given", "expect"}), {})
    given, expect = sheet.get("given"), sheet.get("expect")
    if given is None or expect is None or given.kind != "map" or expect.kind != "map":
        sheet.wrong(node, "", "a test has given and expect", "given: {subject: ..}, expect: {match: true}")
        return None
    Sheet(given, f"{sheet.path}.given", sheet.file, sheet.problems).only(_GIVEN, {})
    wanted = {str(key): str(value) for key, value in expect.plain().items() if key != "match"}
    return Example(given.plain(), expect.plain().get("match") is not False, wanted, node.line)


def _flat_problem(text: str, file: str) -> Problem | None:
    """A file whose indentation was lost on the way (as in a printed page): shown as it was meant."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]
    flat = not any(
        line[:1] in " \t" and line.strip() and not line.lstrip().startswith("#") for line in text.splitlines()
    )
    heads = [line.lstrip("- ").partition(":")[0] for line in lines]
    beside = {head for line, head in zip(lines, heads, strict=True) if not line.startswith("-")}
    if not flat or not {"rules", "workflow_rules"} & beside or not (RULE | ACTION) & beside:
        return None
    if any(
        line.startswith(("{", "[")) or ": [" in line or ": {" in line for line in lines if "rules" in line
    ):
        return None
    shown, under_action = [], False
    for line, head in zip(lines, heads, strict=True):
        if head in TOP and not line.startswith("-"):
            shown.append(line)
            continue
        starts = (
            line.startswith("-")
            or (head == "name")
            or (head == "condition" and not line.startswith("-") and "name" not in heads)
        )
        under_action = not starts and (head == "action" or (under_action and head in ACTION))
        indent = "  - " if starts else "      " if under_action and head != "action" else "    "
        shown.append(indent + line.lstrip("- "))
    hint = "indent it like this:\n" + "\n".join(shown)
    return Problem(
        "the indentation is lost: what belongs to a rule stands beside rules:", file, 1, 1, "rules", hint
    )
