"""What other systems expect of the corpus' mails: at least Python's own parser on every line, and Orgo's own floors."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.corpus import impl
from tests.house.checkout import ROOT

sys.path.insert(0, str(ROOT / "tools"))
import corpus as counting

# The expectations' own script leaves files to be closed by the collector.
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning", "ignore::DeprecationWarning"
)
# What is reached today; what was promised is less, and stands in tools/corpus.py.
REACHED = {
    ("email_reply_trimmer", "exact"): 28,
    ("email_reply_trimmer", "reply kept"): 29,
    ("email_reply_trimmer", "no quote left"): 28,
    ("sisimai", "seen as bounce"): 115,
    ("sisimai", "status class (4/5)"): 73,
    ("flufl-bounce", "seen as bounce"): 53,
    ("flufl-bounce", "failed addresses"): 53,
    ("james-mime4j", "first text part contained"): 21,
}


@pytest.fixture(scope="module")
def ours(corpus: Path) -> counting.Counts:
    found: Any = _module(corpus / "expectations.py").run(impl, str(corpus))
    return {(source, what): tuple(pair) for source, lines in found.t.items() for what, pair in lines.items()}


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("expectations", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_pythons_own_counts_and_the_promised_ones_are_reached_and_no_mail_raises(
    ours: counting.Counts, corpus: Path
) -> None:
    wanted = counting.floors(counting.counts((corpus / "BASELINE.txt").read_text("utf-8")))

    assert len(wanted) > 60 and counting.below(ours, wanted) == []


def test_what_is_reached_today_stays(ours: counting.Counts) -> None:
    for place, floor in REACHED.items():
        assert ours[place][0] >= floor, (place, ours[place])


def test_every_file_of_the_corpus_is_read_without_an_error(corpus: Path) -> None:
    from orgo.message import parse

    for path in sorted(corpus.rglob("*")):
        if path.is_file() and path.stat().st_size < 3_000_000:
            message = parse(path.read_bytes())
            assert not any(warning.startswith("it could not be read") for warning in message.warnings), path
