"""Deciding: 100 to 10,000 rules on 2 KB mails, half of them not ASCII, beside a bare automaton's search of the same text."""

import random
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import ahocorasick_rs

from bench import Row
from orgo.lib import yaml
from orgo.lib.text import fold
from orgo.rules import Facts, RuleSet, load

T = TypeVar("T")
# One mail in four each.
LANGUAGES = (
    "Hello, the window in the summer room was broken at the school party, please have it repaired very soon. ",
    "Bonjour, la fenêtre de la salle été a été cassée pendant la fête de l'école, merci de la réparer très bientôt. ",
    "Please note that the heating in the east wing does not work since Monday and that the classes freeze. ",
    "Die Straßenlaterne vor der Grundschule ist seit gestern früh kaputt, bitte schicken Sie möglichst bald jemanden. ",
)
LENGTH = 2_000
MAILS = 200
MAY_TAKE = 60  # µs
ROUNDS = 25
SIZES = (100, 1_000, 10_000)


def run() -> list[Row]:
    """What a mail costs, in µs: folding, and deciding, which does not grow with the rules as their number does."""
    mails = [(LANGUAGES[n % 4] * 30)[:LENGTH] for n in range(MAILS)]
    folding = Row(
        "fold 2 KB, half not ASCII; floor: casefold", _each(mails, fold), _each(mails, str.casefold), MAY_TAKE
    )
    folded = [fold(text) for text in mails]
    deciding = []
    for size in SIZES:
        words = _words(size)
        bare = ahocorasick_rs.AhoCorasick(words)
        ours = _decide(_contains(words), mails)
        floor = _each(folded, partial(bare.find_matches_as_indexes, overlapping=True))
        deciding.append(Row(f"decide, {size:,} contains rules, none matches", ours, floor, MAY_TAKE))
    grown = Row("decide, 10,000 rules; floor: 100", deciding[-1].ours, deciding[0].ours, most_ratio=4.0)
    matching = _decide(_one_matches(words), mails)
    return [
        folding,
        *deciding,
        grown,
        Row("decide, 10,000 contains rules, one matches", matching, floor, MAY_TAKE),
        Row("decide, 10,000 rules by recipient", _decide(_by_recipient(words), mails), floor, MAY_TAKE),
        Row("load 10,000 short rules; floor: reading the YAML", *_load_times(_contains(words))),
        Row("load 10,000 full rules; floor: reading the YAML", *_load_times(_full(words))),
    ]


def _words(size: int) -> list[str]:
    rng = random.Random(7)
    letters = "abcdefghijklmnopqrstuvwxyz"
    made = dict.fromkeys("".join(rng.choice(letters) for _ in range(rng.randint(5, 12))) for _ in range(size))
    return list(made)


def _contains(words: list[str]) -> str:
    return "rules:\n" + "".join(
        f"  - {{condition: \"subject contains '{word}' or body contains '{word}'\", action: {{route_to: t{n}@x.example}}}}\n"
        for n, word in enumerate(words)
    )


def _one_matches(words: list[str]) -> str:
    return _contains(words) + "".join(
        f"  - {{condition: \"body contains '{word}'\", action: {{route_to: a@x.example, labels: [x]}}}}\n"
        for word in ("window", "fenêtre", "heating", "straßenlaterne")
    )


def _by_recipient(words: list[str]) -> str:
    return "rules:\n" + "".join(
        f"  - {{condition: \"recipients is '{word}@x.example'\", action: {{route_to: t{n}@x.example}}}}\n"
        for n, word in enumerate(words)
    )


def _full(words: list[str]) -> str:
    return "version: 1\nrules:\n" + "".join(
        f"  - name: Rule {n}\n"
        f"    condition: \"(subject contains '{word}' or body has word '{word}s') and subject matches /room (?P<room>[0-9]+)/\"\n"
        f"    unless: \"from is '{word}@supplier.example'\"\n"
        f"    action:\n      route_to: t{n}@x.example\n      type: maintenance.plumbing\n      priority: high\n"
        f"      labels: [water]\n      attach: [protocols/leak.pdf]\n      escalate_after: 2 hours\n"
        for n, word in enumerate(words)
    )


def _decide(text: str, mails: list[str]) -> float:
    """The time of one decision; the folding of the mail is done before, it is counted apart."""
    ruleset = load(text, "bench.yaml")
    facts = [
        Facts(subject="A question", body=mail, sender=["clara@people.example"], recipients=["info@x.example"])
        for mail in mails
    ]
    for one in facts:
        ruleset.decide(one)
    return _each(facts, ruleset.decide)


def _load_times(text: str) -> tuple[float, float]:
    def ready() -> RuleSet:
        ruleset = load(text, "bench.yaml")
        ruleset.decide(Facts(subject="x"))
        return ruleset

    return _once(ready), _once(
        lambda: yaml.load(text, "x", largest=10**8, most_nodes=yaml.MOST_NODES_OF_RULES)
    )


def _once(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1e6


def _each(items: list[T], work: Callable[[T], object]) -> float:
    """The time of one, in µs, in the best of several rounds: what other processes take is not the rules'."""
    rounds = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for item in items:
            work(item)
        rounds.append((time.perf_counter() - began) / len(items) * 1e6)
    return min(rounds)
