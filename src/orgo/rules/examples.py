"""The tests that stand in a rule: a mail in a few words, and whether the rule must want it (pure)."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from orgo.lib.problems import did_you_mean
from orgo.lib.yaml import Node
from orgo.rules.conditions import Pattern
from orgo.rules.decision import fields_of
from orgo.rules.facts import Facts
from orgo.rules.parse import read_size
from orgo.rules.rule import Example, Rule
from orgo.rules.ruleset import RuleSet
from orgo.rules.sheet import Sheet

FORM = "write it like {given: {subject: Water leak in Room 102}, expect: {match: true, room: 102}}"
_LISTS = {
    "from": "sender", "sender": "sender", "to": "to", "cc": "cc", "recipients": "recipients", "reply_to": "reply_to",
    "attachments": "attachment_names", "attachment_names": "attachment_names", "attachment_types": "attachment_types",
}  # fmt: skip
_TEXTS = {
    "subject": "subject", "body": "body", "text": "body", "list_id": "list_id", "language": "language",
    "organization": "organization", "mailbox": "mailbox", "spf": "spf", "dkim": "dkim", "dmarc": "dmarc",
    "auth.spf": "spf", "auth.dkim": "dkim", "auth.dmarc": "dmarc",
}  # fmt: skip
_TRUTHS = ("is_reply", "is_bounce", "is_auto_reply")
_OTHERS = ("received_at", "zone", "size", "spam_score", "headers")
GIVEN = frozenset({*_LISTS, *_TEXTS, *_TRUTHS, *_OTHERS})


def read_example(sheet: Sheet, own: frozenset[str]) -> Example | None:
    """A test of a rule whose patterns name the groups `own`; None after noting what is wrong with it."""
    sheet.only({"given", "expect"}, {})
    given, expect = sheet.get("given"), sheet.get("expect")
    if given is None or expect is None or given.kind != "map" or expect.kind != "map":
        sheet.wrong(sheet.node, "", "a test has given and expect", FORM)
        return None
    facts = _facts(sheet.below("given", given))
    wanted = sheet.below("expect", expect)
    wanted.only({"match", *own}, {})
    match = wanted.truth("match")
    fields = {name: text for name in own if (text := wanted.text(name)) is not None}
    shown = {str(key.value): _shown(value) for key, value in given.items()}
    return Example(shown, facts, match is not False, fields, sheet.node.line)


def _shown(value: Node) -> Any:
    return value.text if value.kind == "scalar" else value.plain()


def _facts(given: Sheet) -> dict[str, Any]:
    """The arguments of Facts that a test gives."""
    given.only(GIVEN, {})
    found: dict[str, Any] = {}
    for key, node in given.values.items():
        if key in _LISTS:
            found[_LISTS[key]] = given.texts(key)
        elif key in _TEXTS and node.kind == "scalar":
            found[_TEXTS[key]] = node.text
        elif key in _TEXTS:
            given.wrong(node, key, "a text is meant here", "put it in quotes")
        elif key in _TRUTHS:
            found[key] = bool(given.truth(key))
        elif key == "headers":
            found[key] = _headers(given, node)
        elif key in _READERS:
            found[key] = _read(given, key, node)
    return {name: value for name, value in found.items() if value is not None}


def _headers(given: Sheet, node: Node) -> list[tuple[str, str]]:
    headers = given.below("headers", node)
    return [(name, text) for name in headers.values if (text := headers.text(name)) is not None]


def _read(given: Sheet, key: str, node: Node) -> Any:
    reader, hint = _READERS[key]
    try:
        return reader(node.text)
    except (ValueError, OSError, KeyError):
        given.wrong(node, key, f"{node.text or 'this'} can't be read", hint)
        return None


def _zone(text: str) -> str:
    return ZoneInfo(text).key


def _moment(text: str) -> datetime:
    """An instant; without an offset it is UTC."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


_READERS: dict[str, tuple[Callable[[str], Any], str]] = {
    "received_at": (_moment, "write it like 2026-09-07T08:30:00+02:00"),
    "zone": (_zone, "write it like Europe/Paris"),
    "size": (read_size, "write it like 5 MB"),
    "spam_score": (float, "write it like 5.5"),
}


def groups_of(rule_patterns: Iterator[Any]) -> frozenset[str]:
    """The named groups of the patterns among these comparisons."""
    return frozenset(
        name for leaf in rule_patterns if isinstance(leaf, Pattern) for name in leaf.compiled.groupindex
    )


def failures(rules: RuleSet, rule: Rule) -> Iterator[tuple[int, str, str | None]]:
    """(line, message, hint) of each of the rule's tests that does not come out."""
    for example in rule.examples:
        facts = Facts(**example.facts)
        rules.found_keywords(facts)
        got = rule.fits(facts)
        if got != example.match:
            wanted, is_ = ("match", "does not") if example.match else ("not match", "does")
            unmet = "; ".join(part.said("en") for part in rule.condition.unmet(facts))
            hint = f"what is missing: {unmet}" if unmet else None
            yield (
                example.line,
                f"a test fails: given {_given(example)}, the rule must {wanted}, and it {is_}",
                hint,
            )
        elif got:
            yield from _wrong_fields(example, fields_of([rule], facts))


def _wrong_fields(example: Example, found: dict[str, str]) -> Iterator[tuple[int, str, str | None]]:
    for name, wanted in example.fields.items():
        if found.get(name) != wanted:
            got = found.get(name, "nothing")
            message = f"a test fails: given {_given(example)}, {name} must be {wanted}, and it is {got}"
            yield example.line, message, did_you_mean(name, found) if name not in found else None


def _given(example: Example) -> str:
    return ", ".join(f"{name}: {value}" for name, value in example.given.items())
