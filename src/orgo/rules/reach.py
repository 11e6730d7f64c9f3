"""Which rules never decide anything, because one before them always does (pure)."""

from collections.abc import Iterator

from orgo.rules.conditions import All, Always, Condition, Either, Flag, Not, Words, has_word
from orgo.rules.rule import Rule
from orgo.rules.ruleset import RuleSet

# Rules without a literal (`size > 5 MB`) are compared with every rule after them; so many of them, at most.
_COMPARED_AT_MOST = 200


def unreachable(rules: RuleSet) -> Iterator[tuple[Rule, str, str]]:
    """(rule, message, hint) of each rule that an earlier one keeps from deciding, for every mail there can be."""
    for number, rule in enumerate(rules.rules):
        if rule.mode != "on":
            continue
        for earlier in _before(rules, number):
            if not _always_fits_too(earlier, rule):
                continue
            if earlier.stop:
                message = (
                    f"it is never asked: {earlier.name} (line {earlier.line}) wants the same mails and stops"
                )
                yield rule, message, "move it before, or take stop away there"
                break
            if earlier.action.route_to and rule.action.route_to:
                message = f"it never decides: {earlier.name} (line {earlier.line}) wants the same mails and comes first"
                yield rule, message, "move it before, or ask for more there"
                break


def _before(rules: RuleSet, number: int) -> Iterator[Rule]:
    """The earlier rules that may want all that this one wants: a word of theirs stands in a word of this one."""
    if len(rules.index.always) > _COMPARED_AT_MOST:
        return
    words = "\0".join(
        value
        for leaf in rules.rules[number].condition.leaves()
        if isinstance(leaf, Words)
        for value in leaf.values
    )
    for other in rules.index.within(words):
        if other >= number:
            return
        yield rules.rules[other]


def _always_fits_too(earlier: Rule, rule: Rule) -> bool:
    same_time = earlier.active is None or earlier.active == rule.active
    excepted = earlier.unless is None or (rule.unless is not None and implies(earlier.unless, rule.unless))
    return same_time and excepted and implies(rule.condition, earlier.condition)


def implies(one: Condition, other: Condition) -> bool:
    """Whether `other` surely holds wherever `one` does. False where that can't be seen from their form."""
    if one == other or isinstance(other, Always):
        return True
    if isinstance(other, All):
        return all(implies(one, part) for part in other.parts)
    if isinstance(one, Either):
        return all(implies(part, other) for part in one.parts)
    if isinstance(one, All) and any(implies(part, other) for part in one.parts):
        return True
    if isinstance(other, Either):
        return any(implies(one, part) for part in other.parts)
    if isinstance(one, Not) and isinstance(other, Not):
        return implies(other.part, one.part)
    if isinstance(one, Words) and isinstance(other, Words):
        return _words_imply(one, other)
    return isinstance(one, Flag) and isinstance(other, Flag) and one == other


def _words_imply(one: Words, other: Words) -> bool:
    if other.field != one.field and not (other.field == "text" and one.field in ("subject", "body")):
        return False
    if other.every:
        sure = one.every or len(one.values) == 1
        return sure and all(any(_says(one, v, other, wanted) for v in one.values) for wanted in other.values)
    some = [any(_says(one, value, other, wanted) for wanted in other.values) for value in one.values]
    return any(some) if one.every else all(some)


def _says(one: Words, value: str, other: Words, wanted: str) -> bool:
    """Whether a text that has `value` as `one` asks has `wanted` as `other` asks."""
    if one.operator == other.operator and value == wanted:
        return True
    if other.operator == "contains":
        return wanted in value
    if other.operator == "has_word":
        return one.operator in ("has_word", "equals") and has_word(value, wanted)
    if other.operator == "starts_with":
        return one.operator in ("starts_with", "equals") and value.startswith(wanted)
    return (
        other.operator == "ends_with" and one.operator in ("ends_with", "equals") and value.endswith(wanted)
    )
