"""A rules file whose indentation was lost on the way (copied from a printed page), and the form that was meant (pure)."""

import re

from orgo.lib.problems import Problem

_KEY = re.compile(r"(-\s*)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*:(?:[ \t]+(\S.*))?\Z")
_LISTS = ("rules", "workflow_rules")


def flat_problem(
    text: str, file: str, *, top: frozenset[str], rule: frozenset[str], action: frozenset[str]
) -> Problem | None:
    """The one problem of a file in which what belongs to a rule stands beside `rules:`, else None.

    `top`, `rule` and `action` are the keys of the three levels; what is written in another form than key: value lines is
    no such file.
    """
    lines = [
        line.rstrip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")
    ]
    found = [_KEY.match(line) for line in lines]
    heads = [match[2] if match else "" for match in found]
    starts = [number for number, head in enumerate(heads) if head in _LISTS and not found[number][3]]  # type: ignore[index]
    # A rule of one key may stand behind a dash in the first column; a key without a dash can't.
    within = {m[2] for m in found[starts[0] :] if m and not m[1]} if starts else set()
    if not starts or not within & (rule | action) - top or not all(_is_flat(line) for line in lines):
        return None
    # Where no dash was kept, each rule begins with the key that the first one begins with.
    first = "" if any(m and m[1] for m in found) else heads[starts[0] + 1]
    shown = _indented([m for m in found if m], top, action, first)
    number = next(n for n, line in enumerate(text.splitlines(), 1) if line.rstrip() == lines[starts[0]])
    key = heads[starts[0]]
    hint = "indent it like this:\n" + "\n".join(shown)
    return Problem(
        f"the indentation is lost: what belongs to a rule stands beside {key}:", file, number, 1, key, hint
    )


def _is_flat(line: str) -> bool:
    return not line.startswith((" ", "\t")) and (_KEY.match(line) is not None or line.startswith("---"))


def _indented(
    lines: "list[re.Match[str]]", top: frozenset[str], action: frozenset[str], first: str
) -> list[str]:
    shown, under_action = [], False
    for dash, head, value in (match.groups() for match in lines):
        line = f"{head}: {value}" if value else f"{head}:"
        if head in top and not dash:
            shown.append(line)
            continue
        starts = bool(dash) if not first else head == first
        under_action = not starts and (head == "action" or (under_action and head in action))
        shown.append(("  - " if starts else "      " if under_action and head != "action" else "    ") + line)
    return shown
