"""What `orgo rules check` finds in a rule set that can be read: missing files, unknown teams, rules that never match."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from orgo.lib.problems import Problem, nearest
from orgo.rules.conditions import Words
from orgo.rules.facts import Facts
from orgo.rules.rule import Example, Rule
from orgo.rules.ruleset import RuleSet, _decision


class Known(msgspec.Struct, frozen=True):
    """What the house has: teams (addresses and names), people, calendars, where files are, who hears when nobody is named."""

    teams: frozenset[str] = frozenset()
    people: frozenset[str] = frozenset()
    calendars: frozenset[str] = frozenset()
    mailboxes: frozenset[str] = frozenset()
    files: Path | None = None
    supervisors: dict[str, str] = {}
    last_resort: str = ""


ROLES = frozenset({"supervisor", "administrator", "director", "assignee", "team"})


def check(rules: RuleSet, known: Known) -> list[Problem]:
    """All problems and warnings, in the order of the file. Runs the tests that stand in the rules."""
    found = [*rules.warnings]
    if rules.default is None:
        found.append(
            _warning(
                rules,
                None,
                "there is no default: what no rule wants goes to triage",
                "default: {route_to: ..}",
            )
        )
    for name, count in Counter(rule.name for rule in rules.rules).items():
        if count > 1:
            found.append(
                _warning(rules, None, f"{count} rules are called {name}", "give each a name of its own")
            )
    for rule in rules.rules:
        found += [*_targets(rules, rule, known), *_files(rules, rule, known), *_examples(rules, rule)]
    return found + list(_unreachable(rules))


def _warning(rules: RuleSet, rule: Rule | None, message: str, hint: str | None = None) -> Problem:
    line = rule.line if rule else None
    return Problem(message, rules.file, line, None, rule.name if rule else None, hint, "warning")


def _error(
    rules: RuleSet, rule: Rule, message: str, hint: str | None = None, line: int | None = None
) -> Problem:
    return Problem(message, rules.file, line or rule.line, None, rule.name, hint)


def _targets(rules: RuleSet, rule: Rule, known: Known) -> Iterator[Problem]:
    action = rule.action
    route = action.route_to
    if route and not _is_known(route, known):
        near = nearest(route.lower(), known.teams)
        yield _warning(
            rules,
            rule,
            f"{route} is no team: it becomes a team of one",
            f"did you mean {near}?" if near else None,
        )
    if route and route.lower() in known.mailboxes and route.lower() not in known.teams:
        yield _error(
            rules,
            rule,
            f"{route} is a mailbox that Orgo reads: its letters would come back",
            "route to a team",
        )
    if action.calendar and action.calendar not in known.calendars:
        near = nearest(action.calendar, known.calendars)
        yield _error(
            rules, rule, f"there is no calendar {action.calendar}", f"did you mean {near}?" if near else None
        )
    for level in action.levels:
        if level.to is None:
            who = known.supervisors.get((route or "").lower()) or known.last_resort or "an administrator"
            yield _warning(
                rules, rule, f"the escalation after {level.after} names nobody: {who} will be told", "add to:"
            )
        elif level.to == route:
            yield _warning(
                rules, rule, f"the escalation after {level.after} goes to {level.to}, who has it already"
            )
        elif level.to not in ROLES and not _is_known(level.to, known) and "@" not in level.to:
            yield _error(
                rules, rule, f"nobody is called {level.to}", "write an address, a team or supervisor"
            )


def _is_known(name: str, known: Known) -> bool:
    return name.lower() in known.teams or name.lower() in known.people


def _files(rules: RuleSet, rule: Rule, known: Known) -> Iterator[Problem]:
    if known.files is None:
        return
    wanted = [
        *rule.action.attach,
        *([rule.action.acknowledge] if rule.action.acknowledge not in (None, "received") else []),
    ]
    for name in wanted:
        if "{" not in name and not (known.files / name).is_file():
            yield _error(
                rules, rule, f"the file {name} is not there", f"it is looked for in {known.files.name}/"
            )


def _examples(rules: RuleSet, rule: Rule) -> Iterator[Problem]:
    """The rule's own tests: each that does not come out is an error with given, expected and got."""
    for example in rule.examples:
        facts = facts_of_example(example)
        facts.keywords = rules.found_keywords(facts)
        got = rule.fits(facts)
        fields = _decision(rules, facts, [rule]).fields if got else {}
        wrong = {
            name: fields.get(name)
            for name, wanted in example.fields.items()
            if got and fields.get(name) != wanted
        }
        if got != example.match:
            expected, is_ = ("match", "does not") if example.match else ("no match", "does")
            yield _error(
                rules,
                rule,
                f"a test fails: given {example.given}, expected {expected}, and it {is_}",
                line=example.line,
            )
        elif wrong:
            yield _error(
                rules,
                rule,
                f"a test fails: given {example.given}, expected {example.fields}, got {wrong}",
                line=example.line,
            )


def facts_of_example(example: Example) -> Facts:
    """The facts that a test's `given` describes."""
    given: dict[str, Any] = dict(example.given)
    for name in ("to", "cc", "recipients", "reply_to"):
        if name in given:
            given[name] = _listed(given[name])
    for name, field in (("from", "sender"), ("attachments", "attachment_names")):
        if name in given:
            given[field] = _listed(given.pop(name))
    if "received_at" in given:
        given["received_at"] = datetime.fromisoformat(str(given["received_at"])).astimezone()
    return Facts(**given)


def _listed(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def _unreachable(rules: RuleSet) -> Iterator[Problem]:
    """Rules after one that stops on the same or less: they never decide anything."""
    seen: dict[object, Rule] = {}
    stops: list[tuple[Words, Rule]] = []
    for rule in rules.rules:
        if rule.mode != "on":
            continue
        key = (rule.condition, rule.unless, rule.active)
        try:
            first = seen.setdefault(key, rule)
        except TypeError:
            continue
        if first is not rule and first.action.route_to and rule.action.route_to:
            yield _warning(
                rules,
                rule,
                f"it asks the same as {first.name} (line {first.line}), which always decides first",
            )
        shadow = next(
            (s for leaf, s in stops if isinstance(rule.condition, Words) and _wider(leaf, rule.condition)),
            None,
        )
        if shadow is not None:
            yield _warning(
                rules,
                rule,
                f"it is never asked: {shadow.name} (line {shadow.line}) stops on the same words before it",
            )
        if rule.stop and isinstance(rule.condition, Words) and rule.unless is None and rule.active is None:
            stops.append((rule.condition, rule))


def _wider(one: Words, other: Words) -> bool:
    """Whether `one` holds wherever `other` does (contains of a part of the word, in the same field)."""
    if one.field != other.field or one.operator != "contains" or one.every:
        return False
    return all(any(part in value for part in one.values) for value in other.values)
