"""The page about the rules is true: its samples work, and it names every field, operator and key."""

import re
from pathlib import Path

import pytest

from orgo.rules import Facts, Known, check, load
from orgo.rules.action import ACTION, LEVEL
from orgo.rules.load import RULE, TOP
from orgo.rules.parse import FIELDS

FOLDER = Path(__file__).resolve().parents[3] / "docs" / "user"
PAGE, FRENCH = ((FOLDER / name).read_text("utf-8") for name in ("rules.md", "rules.fr.md"))
_SAMPLE = re.compile(r"```yaml\n(.*?)```", re.DOTALL)
SAMPLES = _SAMPLE.findall(PAGE)


def test_the_samples_are_right_and_their_tests_come_out() -> None:
    assert len(SAMPLES) == 2
    for sample in [*SAMPLES, *_SAMPLE.findall(FRENCH)]:
        assert [found for found in check(load(sample, "r"), Known()) if found.severity == "error"] == []


def test_the_first_sample_decides_as_it_says() -> None:
    decision = load(SAMPLES[0], "r").decide(Facts(subject="Urgent: leak in room 7"))

    assert (decision.rule, decision.attach, decision.keywords) == (
        "Urgent",
        ("protocols/leak.pdf", "maps/7.pdf"),
        ("urgent", "leak"),
    )


def test_every_word_of_the_language_is_on_the_page() -> None:
    words = TOP | RULE | ACTION | LEVEL | FIELDS | {"header"}

    assert [word for word in sorted(words) if not re.search(rf"\b{re.escape(word)}\b", PAGE)] == []


@pytest.mark.parametrize(("page", "head"), [(PAGE, "| operator |"), (FRENCH, "| opérateur |")])
def test_the_examples_of_conditions_can_be_read(page: str, head: str) -> None:
    from orgo.rules.parse import parse_condition

    table = page.partition(head)[2].partition("\n\n")[0]
    examples = [
        code for row in table.splitlines()[2:] for code in re.findall(r"`([^`]+)`", row.split(" | ")[1])
    ]

    assert len(examples) > 10
    for example in examples:
        parse_condition(example)
