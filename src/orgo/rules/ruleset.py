"""A set of rules and its decisions: one automaton over the literals of all rules, only those that can match are asked (pure)."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import ahocorasick_rs
import msgspec

from orgo.lib.problems import Problem
from orgo.lib.text import fold
from orgo.rules.conditions import Condition, Pattern, Words
from orgo.rules.facts import Facts
from orgo.rules.rule import STRICTEST, Action, Level, Rule, Visibility


class Reason(msgspec.Struct, frozen=True):
    """Why a rule matched, or (`matched` false) what was missing. `words` are those of the mail, `said` plain words."""

    rule: str
    matched: bool
    decisive: bool = False
    words: tuple[str, ...] = ()
    said: dict[str, tuple[str, ...]] = {}
    missing: dict[str, tuple[str, ...]] = {}


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What the rules say of a mail. `route_to` is None where no rule and no default routes it."""

    route_to: str | None = None
    rule: str | None = None
    rules: tuple[str, ...] = ()
    revision: str = ""
    type: str | None = None
    priority: str | None = None
    due: Any = None
    calendar: str | None = None
    acknowledge: str | None = None
    levels: tuple[Level, ...] = ()
    labels: tuple[str, ...] = ()
    attach: tuple[str, ...] = ()
    notify: tuple[str, ...] = ()
    visibility: Visibility | None = None
    anonymize: bool = False
    fields: dict[str, str] = {}
    keywords: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()


LANGUAGES = ("en", "fr")
_SINGLE = ("type", "priority", "due", "calendar", "acknowledge", "levels")


@dataclass(frozen=True)
class RuleSet:
    """The rules of a file, in its order. `hash` is the SHA-256 of the file: the revision that a task remembers."""

    rules: tuple[Rule, ...]
    default: str | None = None
    keywords: tuple[str, ...] = ()
    hash: str = ""
    file: str = ""
    directory: Any = None
    warnings: tuple[Problem, ...] = ()

    def decide(self, facts: Facts) -> Decision:
        """What becomes of a mail: the same for 3 rules and for 30,000."""
        facts.keywords = self.found_keywords(facts)
        hits = [rule for rule in self._candidates(facts) if rule.fits(facts)]
        return _decision(self, facts, hits)

    def found_keywords(self, facts: Facts) -> tuple[str, ...]:
        """The words of the vocabulary that stand in the subject or text, in the vocabulary's order."""
        words, automaton = self._vocabulary
        if automaton is None:
            return ()
        text = "\n".join((*facts.folded("subject"), *facts.folded("body")))
        hits = {index for index, _, _ in automaton.find_matches_as_indexes(text, overlapping=True)}
        return tuple(words[index] for index in sorted(hits))

    def _candidates(self, facts: Facts) -> Iterator[Rule]:
        """The rules that can match, in the order of the file."""
        automaton, rules_of, always = self._index
        numbers = set(always)
        if automaton is not None:
            for index in {
                found[0] for found in automaton.find_matches_as_indexes(facts.searched, overlapping=True)
            }:
                numbers.update(rules_of[index])
        for number in sorted(numbers):
            yield self.rules[number]

    @cached_property
    def _index(self) -> tuple[Any, list[list[int]], list[int]]:
        """The automaton, which rules each of its literals may mean, and the rules that it can't rule out."""
        rules_of: dict[str, list[int]] = {}
        always = []
        for number, rule in enumerate(self.rules):
            if rule.mode != "on":
                continue
            literals = rule.condition.literals()
            if literals is None:
                always.append(number)
                continue
            for literal in literals:
                rules_of.setdefault(literal, []).append(number)
        return _automaton(list(rules_of)), list(rules_of.values()), always

    @cached_property
    def _vocabulary(self) -> tuple[list[str], Any]:
        """The file's keywords, then the rules' own words, each once."""
        words: dict[str, str] = {}
        for word in (
            *self.keywords,
            *(word for rule in self.rules if rule.mode == "on" for word in _own_words(rule)),
        ):
            words.setdefault(fold(word), word)
        return list(words.values()), _automaton(list(words))


def _automaton(patterns: list[str]) -> Any:
    return ahocorasick_rs.AhoCorasick(patterns) if patterns else None


def _own_words(rule: Rule) -> Iterator[str]:
    for leaf in rule.condition.leaves():
        if (
            isinstance(leaf, Words)
            and leaf.field in ("subject", "body", "text")
            and leaf.operator in ("contains", "has_word")
        ):
            yield from leaf.shown


def _decision(rules: RuleSet, facts: Facts, hits: list[Rule]) -> Decision:
    asked = _until_stop(hits)
    decisive = next((rule for rule in asked if rule.action.route_to), None)
    # The deciding rule gives the single values first, then the others in the order of the file.
    actions = [rule.action for rule in sorted(asked, key=lambda rule: rule is not decisive)]
    listed = [rule.action for rule in asked]
    fields = _fields(facts, asked)
    single = {name: next((v for a in actions if (v := getattr(a, name))), None) for name in _SINGLE}
    return Decision(
        route_to=decisive.action.route_to if decisive else rules.default,
        rule=decisive.name if decisive else None,
        rules=tuple(rule.name for rule in hits),
        revision=rules.hash,
        levels=single.pop("levels") or (),
        labels=_united(listed, "labels"),
        attach=tuple(_filled(path, fields) for path in _united(listed, "attach") if _can_fill(path, fields)),
        notify=_united(listed, "notify"),
        visibility=_strictest(hits),
        anonymize=any(rule.action.anonymize for rule in hits),
        fields=fields,
        keywords=facts.keywords,
        reasons=tuple(_reason(rule, facts, rule is decisive) for rule in hits),
        **single,
    )


def _until_stop(hits: list[Rule]) -> list[Rule]:
    end = next((number for number, rule in enumerate(hits) if rule.stop), len(hits) - 1)
    return hits[: end + 1]


def _strictest(hits: list[Rule]) -> Visibility | None:
    """The strictest visibility of all rules that match, also of those after a stop: a broad rule must not leak."""
    said = {rule.action.visibility for rule in hits}
    if any(rule.action.anonymize for rule in hits):
        return "private"
    return next((visibility for visibility in STRICTEST if visibility in said), None)


def _united(actions: list[Action], name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for action in actions for value in getattr(action, name)))


def _fields(facts: Facts, hits: list[Rule]) -> dict[str, str]:
    """The named groups of the patterns that matched; the first rule that names one gives it."""
    found: dict[str, str] = {}
    for rule in hits:
        for leaf in rule.condition.leaves():
            match = leaf.match(facts) if isinstance(leaf, Pattern) else None
            if match is not None:
                for name, value in match.groupdict().items():
                    if value is not None:
                        found.setdefault(name, value[:200])
    return found


def _filled(path: str, fields: dict[str, str]) -> str:
    for name, value in fields.items():
        path = path.replace(f"{{{name}}}", value)
    return path


def _can_fill(path: str, fields: dict[str, str]) -> bool:
    """Whether a path can be filled in without leaving its folder: the values come from a stranger's mail."""
    wanted = [name for name in fields if f"{{{name}}}" in path]
    safe = all(
        value.replace("-", "").replace("_", "").isalnum() for value in (fields[name] for name in wanted)
    )
    return safe and "{" not in _filled(path, fields)


def _reason(rule: Rule, facts: Facts, decisive: bool) -> Reason:
    held = [leaf for leaf in rule.condition.leaves() if leaf.holds(facts)]
    leaves = [leaf.narrowed(facts) for leaf in held]
    said = {language: tuple(leaf.said(language) for leaf in leaves[:5]) for language in LANGUAGES}
    return Reason(rule.name, True, decisive, tuple(leaf.found(facts) for leaf in held[:10]), said)


def near_misses(rules: RuleSet, facts: Facts, limit: int = 5) -> list[Reason]:
    """Rules that nearly wanted the mail: some of what they ask is there; what is missing is said."""
    found = []
    for rule in rules.rules:
        if rule.mode != "on" or rule.fits(facts):
            continue
        leaves = list(rule.condition.leaves())
        held = [leaf for leaf in leaves if leaf.holds(facts)]
        blocked = rule.condition.holds(facts)
        if not held or (len(held) == len(leaves) and not blocked):
            continue
        missing = [leaf for leaf in leaves if leaf not in held]
        said = {
            language: tuple(leaf.said(language) for leaf in missing) or (_excepted(rule, language),)
            for language in LANGUAGES
        }
        found.append((len(missing), Reason(rule.name, False, missing=said)))
    found.sort(key=lambda pair: pair[0])
    return [reason for _, reason in found[:limit]]


def _excepted(rule: Rule, language: str) -> str:
    unless: Condition | None = rule.unless
    words = " / ".join(leaf.said(language) for leaf in unless.leaves()) if unless else ""
    if not words:
        return {"fr": "elle n'est pas en vigueur à cette heure"}.get(
            language, "it is not in force at this time"
        )
    return f"unless: {words}" if language != "fr" else f"sauf si : {words}"
