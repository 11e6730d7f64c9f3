"""Finds the rules that can match a mail, and its keywords, by one pass of an automaton over its texts (pure)."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import ahocorasick_rs

from orgo.lib.text import fold
from orgo.rules.conditions import Words, has_word
from orgo.rules.facts import Facts
from orgo.rules.rule import Rule

# Texts are searched by pieces: a mail that repeats one letter a million times must not make a list of a million finds.
_PIECE = 32_768
_APART = "\0"
_VOCABULARY_FIELDS = frozenset({"subject", "body", "text"})


class Index:
    """The literals of all rules in one automaton, with the rules that each may mean, and the words to report."""

    def __init__(self, rules: Sequence[Rule], keywords: Sequence[str]) -> None:
        """`rules` by their number; those that are not on are left out. `keywords` come before the rules' words."""
        self.always: list[int] = []
        self._rules_of: dict[str, list[int]] = {}
        fields: set[str] = set()
        for number, rule in enumerate(rules):
            if rule.mode == "on":
                fields.update(self._add(number, rule))
        self._others = sorted(fields - {"subject", "body", "text", "keywords"})
        self._words = _vocabulary(rules, keywords)
        patterns = list(dict.fromkeys((*self._rules_of, *self._words)))
        self._meant = [self._rules_of.get(pattern, []) for pattern in patterns]
        places = {word: place for place, word in enumerate(self._words)}
        self._place_of = [places.get(pattern, -1) for pattern in patterns]
        self._shown = list(self._words.items())
        self._longest = max(map(len, patterns), default=1)
        self._automaton: Any = ahocorasick_rs.AhoCorasick(patterns) if patterns else None

    def _add(self, number: int, rule: Rule) -> Iterator[str]:
        literals = rule.condition.literals()
        if literals is None:
            self.always.append(number)
            return
        for literal in literals:
            self._rules_of.setdefault(literal, []).append(number)
        for leaf in rule.condition.leaves():
            if isinstance(leaf, Words):
                yield leaf.field

    def search(self, facts: Facts) -> tuple[list[int], tuple[str, ...]]:
        """The numbers of the rules that can match, in their order, and the keywords of the mail, in theirs."""
        own = _APART.join((*facts.folded("subject"), *facts.folded("body")))
        others = _APART.join(text for field in self._others for text in facts.folded(field))
        in_own = self._found(own)
        numbers = set(self.always)
        for pattern in in_own | self._found(others):
            numbers.update(self._meant[pattern])
        return sorted(numbers), self._keywords(in_own, own)

    def within(self, text: str) -> list[int]:
        """The numbers of the rules of which a literal stands in this folded text, or which have none."""
        return sorted({*self.always, *(n for pattern in self._found(text) for n in self._meant[pattern])})

    def _found(self, text: str) -> set[int]:
        automaton, found = self._automaton, set[int]()
        if automaton is None or not text:
            return found
        for start in range(0, len(text), _PIECE):
            piece = text if len(text) <= _PIECE else text[start : start + _PIECE + self._longest]
            found.update([hit[0] for hit in automaton.find_matches_as_indexes(piece, overlapping=True)])
        return found

    def _keywords(self, patterns: Iterable[int], text: str) -> tuple[str, ...]:
        places = sorted(place for pattern in patterns if (place := self._place_of[pattern]) >= 0)
        found = (self._shown[place] for place in places)
        return tuple(shown for word, (shown, whole) in found if not whole or has_word(text, word))


def _vocabulary(rules: Sequence[Rule], keywords: Iterable[str]) -> dict[str, tuple[str, bool]]:
    """Folded word -> (as it is written, whether only the whole word counts): the file's, then the rules', each once."""
    words: dict[str, tuple[str, bool]] = {}
    for word in keywords:
        words.setdefault(fold(word), (word, False))
    for rule in rules:
        for leaf in rule.condition.leaves() if rule.mode == "on" else ():
            if isinstance(leaf, Words) and leaf.field in _VOCABULARY_FIELDS and leaf.operator != "equals":
                whole = leaf.operator == "has_word"
                for value, shown in zip(leaf.values, leaf.shown, strict=True):
                    known = words.get(value, (shown, whole))
                    words[value] = (known[0], known[1] and whole)
    return words
