"""Reads what a rule says of a mail: `action:`, or in the sister form the keys beside the condition (pure)."""

import re
from pathlib import PurePosixPath

from orgo.lib.durations import Duration, parse_duration
from orgo.rules.parse import Parsed
from orgo.rules.rule import STRICTEST, Action, Level
from orgo.rules.sheet import Sheet

PRIORITIES = ("low", "normal", "high", "urgent")
UNTIL = ("acknowledged", "completed")
ACTION = frozenset(
    "route_to type priority labels attach notify escalate_after escalate_to levels calendar due acknowledge anonymize "
    "visibility".split()
)
LEVEL = frozenset({"after", "to", "notify", "until"})
_ELSEWHERE = {
    **dict.fromkeys(
        ("name", "condition", "unless", "active", "mode", "stop", "tests"), "the rule itself, beside action:"
    ),
    **dict.fromkeys(LEVEL - ACTION, "levels:"),
}
_UNDER_LEVELS = dict.fromkeys(ACTION - LEVEL, "action:, beside levels:")
_AFTER_WHEN_NOT_GIVEN = Duration(1, 0)
_PLACEHOLDER = re.compile(r"\{[A-Za-z_][A-Za-z0-9_]*\}")


def read_action(rule: Sheet, parsed: Parsed | None, *, is_sister: bool) -> Action | None:
    """The action of a rule; None after noting that there is none. `parsed` is its condition."""
    sheet = _sheet(rule, is_sister=is_sister)
    if sheet is None:
        return None
    return Action(
        route_to=sheet.address("route_to"),
        type=sheet.text("type"),
        priority=sheet.one_of("priority", PRIORITIES),
        due=sheet.duration("due"),
        calendar=sheet.text("calendar"),
        acknowledge=_acknowledge(sheet),
        levels=_levels(sheet, parsed),
        labels=sheet.texts("labels"),
        attach=_attach(sheet),
        notify=sheet.addresses("notify"),
        visibility=sheet.one_of("visibility", STRICTEST),  # type: ignore[arg-type]
        anonymize=bool(sheet.truth("anonymize")),
    )


def _sheet(rule: Sheet, *, is_sister: bool) -> Sheet | None:
    """The map that the action's keys stand in."""
    node = rule.get("action")
    if node is None and is_sister and ACTION & rule.values.keys():
        return rule
    if node is None:
        hint = "write action: {route_to: team@organization.com}"
        rule.wrong(rule.node, "action", "the rule does nothing", hint)
        return None
    sheet = rule.below("action", node)
    sheet.only(ACTION, _ELSEWHERE)
    if is_sister:
        for key in ACTION & rule.values.keys():
            sheet.values.setdefault(key, rule.values[key])
    return sheet


def _attach(sheet: Sheet) -> tuple[str, ...]:
    paths, node = sheet.texts("attach"), sheet.get("attach")
    for path in paths if node else ():
        assert node is not None
        if not is_inside(path):
            sheet.wrong(node, "attach", f"{path} leads out of the folder", "name a file inside the folder")
        elif set(_PLACEHOLDER.sub("", path)) & set("{}"):
            sheet.wrong(node, "attach", f"a lone brace in {path}", "a placeholder is written {name}")
    return paths


def _acknowledge(sheet: Sheet) -> str | None:
    """`true` is the shipped text, a path a text of one's own."""
    node = sheet.get("acknowledge")
    if node is None or node.value is False:
        return None
    if node.value is True:
        return "received"
    text = sheet.text("acknowledge")
    if text is not None and not is_inside(text):
        sheet.wrong(node, "acknowledge", f"{text} leads out of the folder", "name a file inside the folder")
    return text


def is_inside(path: str) -> bool:
    """Whether a path, as it is written, stays in the folder it is looked for in."""
    plain = PurePosixPath(path.replace("\\", "/"))
    return not plain.is_absolute() and ".." not in plain.parts and ":" not in path and bool(plain.parts)


def _levels(sheet: Sheet, parsed: Parsed | None) -> tuple[Level, ...]:
    """The levels that a rule writes out, its escalate_after and escalate_to, and those of an age in its condition."""
    found = [level for one in sheet.children("levels") if (level := _level(one)) is not None]
    after, to = sheet.duration("escalate_after"), sheet.address("escalate_to")
    notify = sheet.addresses("notify") if to else ()
    elapsed = parsed.elapsed if parsed else ()
    if to and after is None and not elapsed:
        message = f"escalate_to without escalate_after: it is after {_AFTER_WHEN_NOT_GIVEN}"
        sheet.odd(sheet.values["escalate_to"], "escalate_to", message, "write escalate_after: 2 hours")
        after = _AFTER_WHEN_NOT_GIVEN
    # Beside a level of the same delay, escalate_after says nothing new.
    if after is not None and (to or all(level.after != after for level in found)):
        found.append(Level(after, to, notify))
    for part in elapsed:
        assert parsed is not None
        found.append(Level(parse_duration(part.value), to, notify, parsed.until))
    return tuple(sorted(found, key=lambda level: (level.after.days, level.after.seconds)))


def _level(sheet: Sheet) -> Level | None:
    sheet.only(LEVEL, _UNDER_LEVELS)
    after = sheet.duration("after")
    if sheet.get("after") is None:
        sheet.wrong(sheet.node, "after", "the level has no after", 'write after: "2 hours"')
    until = sheet.one_of("until", UNTIL) or "completed"
    to, notify = sheet.address("to"), sheet.addresses("notify")
    return Level(after, to, notify, until) if after else None  # type: ignore[arg-type]
