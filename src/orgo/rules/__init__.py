"""Stage 3, the rules: YAML becomes a RuleSet, and a mail's facts become a Decision with its reasons (pure)."""

from orgo.rules.check import Known, check
from orgo.rules.compare import Change, compare
from orgo.rules.decision import Decision, Reason
from orgo.rules.explain import why, why_not
from orgo.rules.facts import Facts, facts_of
from orgo.rules.load import load
from orgo.rules.rule import Level
from orgo.rules.ruleset import RuleSet

__all__ = [
    "Change",
    "Decision",
    "Facts",
    "Known",
    "Level",
    "Reason",
    "RuleSet",
    "check",
    "compare",
    "facts_of",
    "load",
    "why",
    "why_not",
]
