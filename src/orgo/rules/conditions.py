"""Conditions as small values: each says whether a mail fits, and says itself in plain words (pure)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Protocol

from orgo.lib.text import clip
from orgo.rules.facts import Facts
from orgo.rules.phrases import phrase


class Condition(Protocol):
    """Something that is true of a mail or not."""

    def holds(self, facts: Facts) -> bool: ...

    def literals(self) -> frozenset[str] | None:
        """Folded texts of which one must stand in the mail for this to hold; None where that can't be said."""
        ...

    def leaves(self) -> Iterator["Leaf"]:
        """The comparisons that stand in it, those under a `not` left out."""
        ...


@dataclass(frozen=True, slots=True)
class All:
    """`and`."""

    parts: tuple[Condition, ...]

    def holds(self, facts: Facts) -> bool:
        return all(part.holds(facts) for part in self.parts)

    def literals(self) -> frozenset[str] | None:
        known = [found for part in self.parts if (found := part.literals()) is not None]
        return min(known, key=len, default=None)

    def leaves(self) -> Iterator["Leaf"]:
        for part in self.parts:
            yield from part.leaves()


@dataclass(frozen=True, slots=True)
class Either:
    """`or`."""

    parts: tuple[Condition, ...]

    def holds(self, facts: Facts) -> bool:
        return any(part.holds(facts) for part in self.parts)

    def literals(self) -> frozenset[str] | None:
        known = [part.literals() for part in self.parts]
        return None if any(found is None for found in known) else frozenset().union(*(f for f in known if f))

    def leaves(self) -> Iterator["Leaf"]:
        for part in self.parts:
            yield from part.leaves()


@dataclass(frozen=True, slots=True)
class Not:
    """`not`."""

    part: Condition

    def holds(self, facts: Facts) -> bool:
        return not self.part.holds(facts)

    def literals(self) -> frozenset[str] | None:
        return None

    def leaves(self) -> Iterator["Leaf"]:
        return iter(())


@dataclass(frozen=True, slots=True)
class Always:
    """What a rule whose condition is only about time comes to."""

    def holds(self, facts: Facts) -> bool:
        return True

    def literals(self) -> frozenset[str] | None:
        return None

    def leaves(self) -> Iterator["Leaf"]:
        return iter(())


class Leaf(Condition, Protocol):
    """One comparison of one field."""

    @property
    def field(self) -> str: ...

    def said(self, language: str) -> str: ...

    def found(self, facts: Facts) -> str:
        """The word of the mail by which it holds, or ""."""
        ...

    def narrowed(self, facts: Facts) -> "Leaf":
        """The comparison with only those of its values that the mail has."""
        ...


# Fields that the automaton looks through (Facts.searched): only a comparison of one of these can be ruled out by it.
SEARCHED = frozenset({"subject", "body", "text", "from"})
Test = Callable[[str, str], bool]


def _has_word(text: str, word: str) -> bool:
    at = text.find(word)
    while at >= 0:
        end = at + len(word)
        if not (at and text[at - 1].isalnum()) and not (end < len(text) and text[end].isalnum()):
            return True
        at = text.find(word, at + 1)
    return False


TESTS: dict[str, Test] = {
    "contains": lambda text, value: value in text,
    "has_word": _has_word,
    "starts_with": lambda text, value: text.lstrip().startswith(value),
    "ends_with": lambda text, value: text.rstrip().endswith(value),
    "equals": lambda text, value: text.strip() == value,
}


@dataclass(frozen=True, slots=True)
class Words:
    """A comparison of texts: any text of the field with any of the values (or, `every`, all of them)."""

    field: str
    operator: str
    values: tuple[str, ...]
    shown: tuple[str, ...]
    every: bool = False

    def holds(self, facts: Facts) -> bool:
        test, texts = TESTS[self.operator], facts.folded(self.field)
        if self.every:
            return all(any(test(text, value) for text in texts) for value in self.values)
        return any(test(text, value) for text in texts for value in self.values)

    def literals(self) -> frozenset[str] | None:
        if self.field not in SEARCHED or any(not value for value in self.values):
            return None
        return frozenset(self.values[:1] if self.every else self.values)

    def leaves(self) -> Iterator[Leaf]:
        yield self

    def found(self, facts: Facts) -> str:
        test, texts = TESTS[self.operator], facts.folded(self.field)
        hits = [
            s for s, v in zip(self.shown, self.values, strict=True) if any(test(text, v) for text in texts)
        ]
        return ", ".join(hits)

    def narrowed(self, facts: Facts) -> Leaf:
        test, texts = TESTS[self.operator], facts.folded(self.field)
        pairs = [
            (v, s)
            for v, s in zip(self.values, self.shown, strict=True)
            if any(test(text, v) for text in texts)
        ]
        return replace(self, values=tuple(v for v, _ in pairs), shown=tuple(s for _, s in pairs))

    def said(self, language: str) -> str:
        values = phrase("and_" if self.every else "or_", language).join(
            f"“{clip(value, 60)}”" for value in self.shown
        )
        return phrase(self.operator, language, field=phrase(f"field.{self.field}", language), value=values)


@dataclass(frozen=True, slots=True)
class Pattern:
    """`matches /re/`: an RE2 pattern; its named groups become fields of the task."""

    field: str
    source: str
    compiled: Any = field(compare=False, hash=False)

    def holds(self, facts: Facts) -> bool:
        return self.match(facts) is not None

    def match(self, facts: Facts) -> Any:
        """The first match in the field's texts, as they are written."""
        for text in facts.raw(self.field):
            found = self.compiled.search(text)
            if found is not None:
                return found
        return None

    def literals(self) -> frozenset[str] | None:
        return None

    def leaves(self) -> Iterator[Leaf]:
        yield self

    def found(self, facts: Facts) -> str:
        match = self.match(facts)
        return match.group(0) if match is not None else ""

    def narrowed(self, facts: Facts) -> Leaf:
        """What the pattern found: a reader wants the words, not the pattern."""
        found = self.found(facts)
        return Words(self.field, "contains", (found,), (found,))

    def said(self, language: str) -> str:
        return phrase(
            "matches",
            language,
            field=phrase(f"field.{self.field}", language),
            value=f"/{clip(self.source, 80)}/",
        )


@dataclass(frozen=True, slots=True)
class Number:
    """A comparison of numbers: size, hour, attachments, spam_score."""

    field: str
    operator: str
    value: float
    shown: str

    def holds(self, facts: Facts) -> bool:
        number = facts.numbers.get(self.field)
        return number is not None and ORDER[self.operator](number, self.value)

    def literals(self) -> frozenset[str] | None:
        return None

    def leaves(self) -> Iterator[Leaf]:
        yield self

    def found(self, facts: Facts) -> str:
        number = facts.numbers.get(self.field)
        return f"{number:g}" if number is not None and self.holds(facts) else ""

    def narrowed(self, facts: Facts) -> Leaf:
        return self

    def said(self, language: str) -> str:
        return phrase(
            self.operator, language, field=phrase(f"field.{self.field}", language), value=self.shown
        )


@dataclass(frozen=True, slots=True)
class Day:
    """A comparison with the day of receipt."""

    field: str
    operator: str
    value: date

    def holds(self, facts: Facts) -> bool:
        return facts.date is not None and ORDER[self.operator](facts.date, self.value)

    def literals(self) -> frozenset[str] | None:
        return None

    def leaves(self) -> Iterator[Leaf]:
        yield self

    def found(self, facts: Facts) -> str:
        return str(facts.date) if self.holds(facts) else ""

    def narrowed(self, facts: Facts) -> Leaf:
        return self

    def said(self, language: str) -> str:
        return phrase(self.operator, language, field=phrase("field.date", language), value=str(self.value))


@dataclass(frozen=True, slots=True)
class Flag:
    """A field that is true or not, such as has_attachment."""

    field: str

    def holds(self, facts: Facts) -> bool:
        return facts.flags[self.field]

    def literals(self) -> frozenset[str] | None:
        return None

    def leaves(self) -> Iterator[Leaf]:
        yield self

    def found(self, facts: Facts) -> str:
        return self.field if self.holds(facts) else ""

    def narrowed(self, facts: Facts) -> Leaf:
        return self

    def said(self, language: str) -> str:
        return phrase(f"flag.{self.field}", language)


ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "equals": lambda one, other: one == other,
    "more": lambda one, other: one > other,
    "less": lambda one, other: one < other,
    "at_least": lambda one, other: one >= other,
    "at_most": lambda one, other: one <= other,
}


@dataclass(frozen=True, slots=True)
class Elapsed:
    """`age > '4 hours'` and its like: not about the mail, but a level of the task's policy (only as a top-level `and`)."""

    field: str
    operator: str
    value: str
    start: int
