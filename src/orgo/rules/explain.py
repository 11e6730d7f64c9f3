"""A decision in plain words, for the task's page and the terminal (pure)."""

from orgo.rules.facts import Facts
from orgo.rules.phrases import phrase
from orgo.rules.ruleset import Decision, Reason, RuleSet, near_misses


def why(decision: Decision, language: str = "en") -> list[str]:
    """Why a mail went where it went: a sentence a rule, the deciding one first."""
    if not decision.rules:
        return [phrase("nobody", language)]
    ordered = sorted(decision.reasons, key=lambda reason: not reason.decisive)
    lines = [] if decision.rule else [phrase("nobody", language)]
    return lines + [_line(reason, language) for reason in ordered[:10]]


def why_not(rules: RuleSet, facts: Facts, language: str = "en") -> list[str]:
    """Which rules nearly wanted the mail, and what was missing."""
    return [
        phrase("near", language, rule=reason.rule, missing="; ".join(reason.missing.get(language, ())))
        for reason in near_misses(rules, facts)
    ]


def _line(reason: Reason, language: str) -> str:
    said = reason.said.get(language) or reason.said.get("en") or ()
    key = "decided" if reason.decisive else "added"
    if not said:
        return phrase(f"{key}_bare", language, rule=reason.rule)
    return phrase(key, language, rule=reason.rule, reasons=phrase("and_", language).join(said))
