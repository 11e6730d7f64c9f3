"""A set of rules and its decisions: only rules that can match are asked (pure)."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from orgo.lib.problems import Problem
from orgo.rules.decision import Decision, decide
from orgo.rules.facts import Facts
from orgo.rules.index import Index
from orgo.rules.rule import Rule


@dataclass(frozen=True)
class RuleSet:
    """The rules of a file, in its order. `hash` is the SHA-256 of the file: the revision that a task remembers."""

    rules: tuple[Rule, ...]
    default: str | None = None
    keywords: tuple[str, ...] = ()
    hash: str = ""
    file: str = ""
    directory: Path | None = None
    warnings: tuple[Problem, ...] = ()

    def decide(self, facts: Facts) -> Decision:
        """What becomes of a mail: the same for 3 rules and for 30,000."""
        numbers = self._ask(facts)
        hits = [rule for rule in map(self.rules.__getitem__, numbers) if rule.fits(facts)]
        return decide(hits, facts, self.default, self.hash)

    def found_keywords(self, facts: Facts) -> tuple[str, ...]:
        """The words of the vocabulary that stand in the subject or text, in the vocabulary's order."""
        self._ask(facts)
        return facts.keywords

    def _ask(self, facts: Facts) -> list[int]:
        numbers, keywords = self.index.search(facts)
        if facts.keywords != keywords:
            facts.forget_keywords(keywords)
        return numbers

    @cached_property
    def index(self) -> Index:
        """The automaton over the literals of all rules that are on."""
        return Index(self.rules, self.keywords)
