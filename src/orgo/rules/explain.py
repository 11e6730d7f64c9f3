"""A decision in plain words, for the task's page and the terminal (pure)."""

from orgo.rules.conditions import Words
from orgo.rules.decision import LANGUAGES, Decision, Reason
from orgo.rules.facts import Facts
from orgo.rules.phrases import phrase
from orgo.rules.rule import Rule
from orgo.rules.ruleset import RuleSet

NEAR_AT_MOST = 5
_OF_THE_MAIL = frozenset({"subject", "body", "text"})


def why(decision: Decision, language: str = "en") -> list[str]:
    """Why a mail went where it went: a sentence a rule, the deciding one first."""
    lines = [] if decision.rule else [_undecided(decision, language)]
    ordered = sorted(decision.reasons, key=lambda reason: not reason.decisive)
    return lines + [_line(reason, language) for reason in ordered[:10]]


def why_not(rules: RuleSet, facts: Facts, language: str = "en") -> list[str]:
    """Which rules nearly wanted the mail, and what was missing."""
    joint = phrase("and_that_", language)
    return [
        phrase("near", language, rule=reason.rule, missing=joint.join(reason.missing.get(language, ())))
        for reason in near_misses(rules, facts)
    ]


def near_misses(rules: RuleSet, facts: Facts, limit: int = NEAR_AT_MOST) -> list[Reason]:
    """The rules that nearly wanted the mail, the nearest first: some of what they ask is there, and the rest is said."""
    rules.found_keywords(facts)
    found = []
    for rule in rules.rules:
        if rule.mode == "on" and not rule.fits(facts) and (near := _near(rule, facts)):
            found.append(near)
    found.sort(key=lambda pair: pair[0])
    return [reason for _, reason in found[:limit]]


def _near(rule: Rule, facts: Facts) -> tuple[tuple[int, bool], Reason] | None:
    held = [leaf for leaf in rule.condition.leaves() if leaf.holds(facts)]
    if not held:
        return None
    unmet = list(rule.condition.unmet(facts))
    missing = {
        language: tuple(part.said(language) for part in unmet[:5]) or (_kept_out(rule, facts, language),)
        for language in LANGUAGES
    }
    # A word of the mail says more than, say, its organization, which a hundred rules may ask for.
    by_words = any(isinstance(leaf, Words) and leaf.field in _OF_THE_MAIL for leaf in held)
    words = tuple(leaf.found(facts) for leaf in held[:10])
    return (len(unmet), not by_words), Reason(rule.name, False, words=words, missing=missing)


def _kept_out(rule: Rule, facts: Facts, language: str) -> str:
    """What keeps a rule out whose condition holds: its `unless`, else its `active`."""
    if rule.unless is not None and rule.unless.holds(facts):
        held = [leaf.narrowed(facts).said(language) for leaf in rule.unless.leaves() if leaf.holds(facts)]
        said = phrase("and_", language).join(held) or rule.unless.said(language)
        return phrase("not", language, reasons=said)
    return phrase("at_its_time", language)


def _undecided(decision: Decision, language: str) -> str:
    if decision.route_to:
        return phrase("default", language, to=decision.route_to)
    return phrase("nobody", language)


def _line(reason: Reason, language: str) -> str:
    said = reason.said.get(language) or reason.said.get("en") or ()
    key = "decided" if reason.decisive else "added"
    if not said:
        return phrase(f"{key}_bare", language, rule=reason.rule)
    return phrase(key, language, rule=reason.rule, reasons=phrase("and_", language).join(said))
