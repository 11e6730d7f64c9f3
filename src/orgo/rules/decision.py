"""What the rules that match a mail say of it together (pure)."""

from collections.abc import Iterable, Sequence
from functools import lru_cache

import msgspec

from orgo.lib.durations import Duration
from orgo.rules.conditions import Leaf, Pattern
from orgo.rules.facts import Facts
from orgo.rules.rule import STRICTEST, Action, Level, Rule, Visibility

LANGUAGES = ("en", "fr")
REASONS_AT_MOST = 20
_SINGLE = ("type", "priority", "due", "calendar", "acknowledge", "levels")


class Reason(msgspec.Struct, frozen=True):
    """Why a rule matched, or (`matched` false) what was missing.

    `words` are those of the mail; `said` and `missing` are plain words by language.
    """

    rule: str
    matched: bool
    decisive: bool = False
    words: tuple[str, ...] = ()
    said: dict[str, tuple[str, ...]] = {}
    missing: dict[str, tuple[str, ...]] = {}


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What the rules say of a mail.

    `route_to` is None where no rule and no default routes it; `rule` is the one that decided, `rules` all that match;
    `revision` the hash of the rules file; `fields` what the patterns' named groups found; `reasons` those of the first
    rules that match.
    """

    route_to: str | None = None
    rule: str | None = None
    rules: tuple[str, ...] = ()
    revision: str = ""
    type: str | None = None
    priority: str | None = None
    due: Duration | None = None
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


def decide(hits: Sequence[Rule], facts: Facts, default: str | None, revision: str) -> Decision:
    """The decision of the rules that match, which are given in the order of the file."""
    asked = _until_stop(hits)
    decisive = next((rule for rule in asked if rule.action.route_to), None)
    # The deciding rule gives the single values first, then the others in the order of the file.
    actions = [rule.action for rule in sorted(asked, key=lambda rule: rule is not decisive)]
    single = {name: next((v for a in actions if (v := getattr(a, name))), None) for name in _SINGLE}
    listed = [rule.action for rule in asked]
    fields = fields_of(asked, facts)
    return Decision(
        route_to=decisive.action.route_to if decisive else default,
        rule=decisive.name if decisive else None,
        rules=tuple(rule.name for rule in hits),
        revision=revision,
        levels=single.pop("levels") or (),
        labels=_united(listed, "labels"),
        attach=tuple(_filled(path, fields) for path in _united(listed, "attach") if _can_fill(path, fields)),
        notify=_united(listed, "notify"),
        visibility=_strictest(hits),
        anonymize=any(rule.action.anonymize for rule in hits),
        fields=fields,
        keywords=facts.keywords,
        reasons=_reasons(hits, facts, decisive),
        **single,
    )


def _until_stop(hits: Sequence[Rule]) -> Sequence[Rule]:
    end = next((number for number, rule in enumerate(hits) if rule.stop), len(hits) - 1)
    return hits[: end + 1]


def _strictest(hits: Iterable[Rule]) -> Visibility | None:
    """The strictest visibility of all rules that match, also of those after a stop: a broad rule must not leak."""
    actions = [rule.action for rule in hits]
    if any(action.anonymize for action in actions):
        return "private"
    said = {action.visibility for action in actions}
    return next((visibility for visibility in STRICTEST if visibility in said), None)


def _united(actions: Iterable[Action], name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for action in actions for value in getattr(action, name)))


def fields_of(hits: Iterable[Rule], facts: Facts) -> dict[str, str]:
    """The named groups of the patterns that matched; the first rule that names one gives it."""
    found: dict[str, str] = {}
    for rule in hits:
        for leaf in rule.condition.leaves():
            if isinstance(leaf, Pattern) and leaf.compiled.groupindex:
                found = {**leaf.groups(facts), **found}
    return found


def _filled(path: str, fields: dict[str, str]) -> str:
    for name, value in fields.items():
        path = path.replace(f"{{{name}}}", value)
    return path


def _can_fill(path: str, fields: dict[str, str]) -> bool:
    """Whether a path can be filled in without leaving its folder: the values come from a stranger's mail."""
    values = [value for name, value in fields.items() if f"{{{name}}}" in path]
    safe = all(value.replace("-", "").replace("_", "").isalnum() for value in values)
    return safe and "{" not in _filled(path, fields)


def _reasons(hits: Sequence[Rule], facts: Facts, decisive: Rule | None) -> tuple[Reason, ...]:
    shown = list(hits[:REASONS_AT_MOST])
    if decisive is not None and decisive not in shown:
        shown.append(decisive)
    return tuple(_reason(rule, facts, rule is decisive) for rule in shown)


def _reason(rule: Rule, facts: Facts, decisive: bool) -> Reason:
    held = [leaf for leaf in rule.condition.leaves() if leaf.holds(facts)][:10]
    leaves = [leaf.narrowed(facts) for leaf in held]
    said = {language: tuple(_said(leaf, language) for leaf in leaves[:5]) for language in LANGUAGES}
    return Reason(rule.name, True, decisive, tuple(leaf.found(facts) for leaf in held), said)


@lru_cache(1024)
def _said(leaf: Leaf, language: str) -> str:
    """A comparison in plain words: mails that meet a rule mostly do so by the same few of its words."""
    return leaf.said(language)
