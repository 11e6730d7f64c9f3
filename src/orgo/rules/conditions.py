"""Conditions as small values: each says whether a mail fits, and says itself in plain words (pure)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import date
from typing import Any, Protocol

from orgo.lib.text import clip
from orgo.rules.facts import PATTERNS_LOOK_AT, PEOPLE, Facts
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

    def unmet(self, facts: Facts) -> Iterator["Condition"]:
        """The smallest parts that keep it from holding."""
        ...

    def said(self, language: str) -> str:
        """The condition in plain words."""
        ...


@dataclass(frozen=True, slots=True)
class All:
    """`and`."""

    parts: tuple[Condition, ...]

    def holds(self, facts: Facts) -> bool:
        return all(part.holds(facts) for part in self.parts)

    def literals(self) -> frozenset[str] | None:
        """Those of the part that says most: few texts, and long ones."""
        known = [found for part in self.parts if (found := part.literals()) is not None]
        return min(known, key=lambda found: (len(found), -min(map(len, found), default=0)), default=None)

    def leaves(self) -> Iterator["Leaf"]:
        for part in self.parts:
            yield from part.leaves()

    def unmet(self, facts: Facts) -> Iterator[Condition]:
        for part in self.parts:
            yield from part.unmet(facts)

    def said(self, language: str) -> str:
        return phrase("and_", language).join(part.said(language) for part in self.parts)


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

    def unmet(self, facts: Facts) -> Iterator[Condition]:
        if not self.holds(facts):
            yield self

    def said(self, language: str) -> str:
        return phrase("or_", language).join(part.said(language) for part in self.parts)


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

    def unmet(self, facts: Facts) -> Iterator[Condition]:
        if self.part.holds(facts):
            yield self

    def said(self, language: str) -> str:
        return phrase("not", language, reasons=self.part.said(language))


@dataclass(frozen=True, slots=True)
class Always:
    """What a rule whose condition is only about time comes to."""

    def holds(self, facts: Facts) -> bool:
        return True

    def literals(self) -> frozenset[str] | None:
        return None

    def leaves(self) -> Iterator["Leaf"]:
        return iter(())

    def unmet(self, facts: Facts) -> Iterator[Condition]:
        return iter(())

    def said(self, language: str) -> str:
        return phrase("always", language)


class Leaf(Condition, Protocol):
    """One comparison of one field."""

    def __hash__(self) -> int: ...

    @property
    def field(self) -> str: ...

    def found(self, facts: Facts) -> str:
        """The word of the mail by which it holds, or ""."""
        ...

    def narrowed(self, facts: Facts) -> "Leaf":
        """The comparison with only those of its values that the mail has."""
        ...


class _Comparison:
    """What all comparisons but those of words have in common."""

    __slots__ = ()

    def literals(self) -> frozenset[str] | None:
        return None

    def leaves(self: Any) -> Iterator[Leaf]:
        yield self

    def unmet(self: Any, facts: Facts) -> Iterator[Condition]:
        if not self.holds(facts):
            yield self

    def narrowed(self: Any, facts: Facts) -> Leaf:
        return self  # type: ignore[no-any-return]


Test = Callable[[str, str], bool]
# With these an address is compared from an end of it, so names, which anybody can write, are not looked at.
_EXACT = frozenset({"equals", "starts_with", "ends_with"})
LONGEST_SHOWN = 60  # characters of a mail's or a rule's words


def has_word(text: str, word: str) -> bool:
    """Whether the word stands in the text with no letter or digit before and behind it."""
    at = text.find(word)
    while at >= 0:
        end = at + len(word)
        if not (at and text[at - 1].isalnum()) and not (end < len(text) and text[end].isalnum()):
            return True
        at = text.find(word, at + 1)
    return False


TESTS: dict[str, Test] = {
    "contains": lambda text, value: value in text,
    "has_word": has_word,
    "starts_with": lambda text, value: text.lstrip().startswith(value),
    "ends_with": lambda text, value: text.rstrip().endswith(value),
    "equals": lambda text, value: text.strip() == value,
}


@dataclass(frozen=True, slots=True)
class Words(_Comparison):
    """A comparison of texts: any text of the field with any of the values (or, `every`, all of them)."""

    field: str
    operator: str
    values: tuple[str, ...]
    shown: tuple[str, ...]
    every: bool = False

    def holds(self, facts: Facts) -> bool:
        test, texts = TESTS[self.operator], self._texts(facts)
        if self.every:
            return all(any(test(text, value) for text in texts) for value in self.values)
        return any(test(text, value) for text in texts for value in self.values)

    def _texts(self, facts: Facts) -> tuple[str, ...]:
        texts = facts.folded(self.field)
        if self.operator in _EXACT and self.field in PEOPLE:
            return tuple(text for text in texts if "@" in text)
        return texts

    def literals(self) -> frozenset[str] | None:
        return frozenset([max(self.values, key=len)] if self.every else self.values)

    def _hits(self, facts: Facts) -> list[int]:
        test, texts = TESTS[self.operator], self._texts(facts)
        return [
            number for number, value in enumerate(self.values) if any(test(text, value) for text in texts)
        ]

    def found(self, facts: Facts) -> str:
        return ", ".join(self.shown[number] for number in self._hits(facts))

    def narrowed(self, facts: Facts) -> Leaf:
        hits = self._hits(facts)
        values, shown = (tuple(of[number] for number in hits) for of in (self.values, self.shown))
        return Words(self.field, self.operator, values, shown, self.every)

    def said(self, language: str) -> str:
        values = phrase("and_" if self.every else "or_", language).join(
            phrase("quoted", language, value=clip(value, LONGEST_SHOWN)) for value in self.shown
        )
        return phrase(self.operator, language, field=phrase(f"field.{self.field}", language), value=values)


@dataclass(frozen=True, slots=True)
class Pattern(_Comparison):
    """`matches /re/`: an RE2 pattern; its named groups become fields of the task.

    `plain` is the same pattern without accents, for texts without accents; None where there is no difference.
    """

    field: str
    source: str
    compiled: Any = dataclass_field(compare=False, hash=False)
    plain: Any = dataclass_field(compare=False, hash=False)

    def holds(self, facts: Facts) -> bool:
        return self.match(facts) is not None

    def match(self, facts: Facts) -> Any:
        """The first match in the field's texts: as they are written, else without regard to accents."""
        for text, folded in zip(facts.raw(self.field), facts.folded(self.field), strict=True):
            found = self.compiled.search(text[:PATTERNS_LOOK_AT])
            if found is None and (self.plain is not self.compiled or not text.isascii()):
                found = self.plain.search(folded[:PATTERNS_LOOK_AT])
            if found is not None:
                return found
        return None

    def groups(self, facts: Facts) -> dict[str, str]:
        """What its named groups found."""
        match = self.match(facts)
        named = match.groupdict() if match is not None else {}
        return {name: value[:200] for name, value in named.items() if value}

    def found(self, facts: Facts) -> str:
        match = self.match(facts)
        return match.group(0) if match is not None else ""

    def narrowed(self, facts: Facts) -> Leaf:
        """What the pattern found: a reader wants the words, not the pattern."""
        found = clip(self.found(facts), LONGEST_SHOWN)
        return Words(self.field, "contains", (found,), (found,))

    def said(self, language: str) -> str:
        field = phrase(f"field.{self.field}", language)
        return phrase("matches", language, field=field, value=f"/{clip(self.source, 80)}/")


@dataclass(frozen=True, slots=True)
class Number(_Comparison):
    """A comparison of numbers: size, hour, attachments, spam_score."""

    field: str
    operator: str
    value: float
    shown: str

    def holds(self, facts: Facts) -> bool:
        number = facts.number(self.field)
        return number is not None and ORDER[self.operator](number, self.value)

    def found(self, facts: Facts) -> str:
        number = facts.number(self.field)
        if number is None or not self.holds(facts):
            return ""
        return f"{number // 60:02.0f}:{number % 60:02.0f}" if self.field == "time" else f"{number:g}"

    def said(self, language: str) -> str:
        field = phrase(f"field.{self.field}", language)
        return phrase(self.operator, language, field=field, value=self.shown)


@dataclass(frozen=True, slots=True)
class Day(_Comparison):
    """A comparison with the day of receipt."""

    field: str
    operator: str
    value: date

    def holds(self, facts: Facts) -> bool:
        return facts.day is not None and ORDER[self.operator](facts.day, self.value)

    def found(self, facts: Facts) -> str:
        return str(facts.day) if self.holds(facts) else ""

    def said(self, language: str) -> str:
        return phrase(self.operator, language, field=phrase("field.date", language), value=str(self.value))


@dataclass(frozen=True, slots=True)
class Flag(_Comparison):
    """A field that is true or not, such as has_attachment."""

    field: str

    def holds(self, facts: Facts) -> bool:
        return facts.flag(self.field)

    def found(self, facts: Facts) -> str:
        return self.field if self.holds(facts) else ""

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
