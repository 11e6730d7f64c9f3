"""Two rule sets on the same mail: where it would go now, where it went before, and why (pure)."""

import msgspec

from orgo.rules.decision import Decision
from orgo.rules.explain import why
from orgo.rules.facts import Facts
from orgo.rules.ruleset import RuleSet


class Change(msgspec.Struct, frozen=True):
    """A mail that two rule sets decide differently; `old` and `new` are whole decisions, `fields` what differs."""

    old: Decision
    new: Decision
    fields: tuple[str, ...]

    def why(self, language: str = "en") -> list[str]:
        """The new decision's reasons."""
        return why(self.new, language)


_COMPARED = (
    "route_to",
    "priority",
    "type",
    "labels",
    "attach",
    "notify",
    "levels",
    "visibility",
    "anonymize",
    "calendar",
    "due",
)


def compare(new: RuleSet, old: RuleSet, facts: Facts) -> Change | None:
    """How `new` decides otherwise than `old`, or None where they agree."""
    before, after = old.decide(facts), new.decide(facts)
    fields = tuple(name for name in _COMPARED if getattr(before, name) != getattr(after, name))
    return Change(before, after, fields) if fields else None
