"""Which rules want the same mail for different teams: the first in the file gets it, which is not always meant (pure)."""

from collections.abc import Iterator

from orgo.rules.conditions import Words
from orgo.rules.reach import implies
from orgo.rules.rule import Rule
from orgo.rules.ruleset import RuleSet


def overlapping(rules: RuleSet) -> Iterator[tuple[Rule, str, str]]:
    """(rule, message, hint) of each rule of which an earlier one takes the mails with one of its words to another team.

    Only words that suffice for both rules count. What a rule excepts by `unless` has been thought of, so it is passed by.
    """
    known: dict[str, dict[tuple[str, str, str], tuple[Rule, Words]]] = {}
    for rule in rules.rules:
        route = (rule.action.route_to or "").lower()
        if rule.mode != "on" or not route or rule.unless is not None:
            continue
        words = list(_sufficing(rule))
        found = next(((word, other) for word in words if (other := _earlier(rule, word, known))), None)
        if found is not None:
            word, other = found
            message = (
                f"mail with “{word.shown[0]}” also fits {other.name} (line {other.line}), "
                f"which comes first and takes it to {other.action.route_to}"
            )
            yield rule, message, "move it before, or add unless: to one of them"
        for word in words:
            known.setdefault(word.values[0], {}).setdefault((route, word.field, word.operator), (rule, word))


def _sufficing(rule: Rule) -> Iterator[Words]:
    """The rule's single words that are enough for it."""
    for leaf in rule.condition.leaves():
        if isinstance(leaf, Words):
            for value, shown in zip(leaf.values, leaf.shown, strict=True):
                alone = Words(leaf.field, leaf.operator, (value,), (shown,))
                if implies(alone, rule.condition):
                    yield alone


def _earlier(
    rule: Rule, word: Words, known: dict[str, dict[tuple[str, str, str], tuple[Rule, Words]]]
) -> Rule | None:
    """The first rule before it that the same word suffices for, and that routes elsewhere."""
    for (route, _, _), (other, its) in known.get(word.values[0], {}).items():
        same_time = other.active is None or other.active == rule.active
        elsewhere = route != (rule.action.route_to or "").lower()
        if elsewhere and same_time and (implies(word, its) or implies(its, word)):
            return other
    return None
