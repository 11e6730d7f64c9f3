"""Deciding: 100 to 10,000 `contains` rules on 2 KB mails, half of them not ASCII, beside a bare automaton's search."""

import random
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import ahocorasick_rs

from orgo.lib.text import fold
from orgo.rules import Facts, RuleSet, load

T = TypeVar("T")
FRENCH = "Bonjour, la fenêtre de la salle été a été cassée pendant la fête de l'école, merci de la réparer très bientôt. "
ENGLISH = (
    "Hello, the window in the summer room was broken at the school party, please have it repaired very soon. "
)
MAILS = 200
SIZES = (100, 1_000, 10_000)


def run() -> list[tuple[str, float, float, float]]:
    """Rows of (part, ours in µs, floor in µs, ratio)."""
    rows = []
    mails = [(FRENCH if n % 2 else ENGLISH) * 19 for n in range(MAILS)]
    folding = _each(mails, fold)
    rows.append(("fold 2 KB (half not ASCII)", folding, _each(mails, lambda text: text.casefold()), 0.0))
    for size in SIZES:
        ruleset, words = _ruleset(size)
        bare = ahocorasick_rs.AhoCorasick(words)
        folded = [fold(text) for text in mails]
        floor = _each(folded, partial(bare.find_matches_as_indexes, overlapping=True))
        facts = [_facts(text, ruleset) for text in mails]
        rows.append((f"decide, {size:,} rules", _each(facts, ruleset.decide), floor, 0.0))
    rows.append(("load 10,000 rules (seconds x 1e6)", _load_time(10_000), 1.0, 0.0))
    return [(part, ours, floor, ours / floor) for part, ours, floor, _ in rows]


def _facts(text: str, ruleset: RuleSet) -> Facts:
    """Facts whose folding is done already: it is counted apart."""
    facts = Facts(subject="A question", body=text, sender=["clara@people.example"])
    ruleset.decide(facts)
    return facts


def _word(rng: random.Random) -> str:
    return "".join(rng.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(rng.randint(5, 12)))


def _yaml(size: int) -> tuple[str, list[str]]:
    rng = random.Random(7)
    words = list(dict.fromkeys(_word(rng) for _ in range(size)))
    lines = [
        f"  - {{condition: \"subject contains '{w}' or body contains '{w}'\", action: {{route_to: t{n}@x.example}}}}"
        for n, w in enumerate(words)
    ]
    return "rules:\n" + "\n".join(lines), words


def _ruleset(size: int) -> tuple[RuleSet, list[str]]:
    text, words = _yaml(size)
    return load(text, "bench.yaml"), words


def _load_time(size: int) -> float:
    text, _ = _yaml(size)
    began = time.perf_counter()
    load(text, "bench.yaml").decide(Facts(subject="x"))
    return (time.perf_counter() - began) * 1e6


def _each(items: "list[T]", work: "Callable[[T], object]") -> float:
    """The median time of one, in µs, over several rounds."""
    rounds = []
    for _ in range(7):
        began = time.perf_counter()
        for item in items:
            work(item)
        rounds.append((time.perf_counter() - began) / len(items) * 1e6)
    return statistics.median(rounds)


if __name__ == "__main__":
    for part, ours, floor, ratio in run():
        print(f"{part:40} {ours:10.1f} µs  floor {floor:10.1f} µs  x{ratio:.2f}")
