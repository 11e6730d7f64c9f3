"""What other systems expect of the corpus' mails: at least Python's own parser on every line, and Orgo's own floors."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.corpus import impl

# The expectations' own script leaves files to be closed by the collector.
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning", "ignore::DeprecationWarning"
)
FLOORS = {
    ("email_reply_trimmer", "exact"): 28,
    ("email_reply_trimmer", "reply kept"): 29,
    ("email_reply_trimmer", "no quote left"): 28,
    ("sisimai", "seen as bounce"): 115,
    ("sisimai", "status class (4/5)"): 73,
    ("flufl-bounce", "seen as bounce"): 53,
    ("flufl-bounce", "failed addresses"): 53,
    ("james-mime4j", "first text part contained"): 21,
}
# talon cuts quotes only: it wants the signature below "-- " kept, and "Sent from my iPhone" too. Orgo reads a reply for what it
# says, and what stands below "-- " (RFC 3676 section 4.3) is no word of it, above a quote as at the end.
SIGNATURE_KEPT = {("talon replies", "exact")}


@pytest.fixture(scope="module")
def table(corpus: Path) -> dict[str, dict[str, list[int]]]:
    found: Any = _module(corpus / "expectations.py").run(impl, str(corpus))
    return dict(found.t)


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("expectations", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _baseline(corpus: Path) -> dict[tuple[str, str], int]:
    found = {}
    for line in (corpus / "BASELINE.txt").read_text().splitlines():
        source, rest = line[:39].strip(), line[39:]
        for what, count in re.findall(r"(\S.*?) (\d+)/\d+(?:  |$)", rest):
            found[source, what] = int(count)
    return found


def test_no_mail_raises(table: dict[str, dict[str, list[int]]]) -> None:
    for source, lines in table.items():
        met, of = lines.get("no exception", [0, 0])
        assert met == of, source


def test_no_line_is_below_pythons_own_parser(table: dict[str, dict[str, list[int]]], corpus: Path) -> None:
    baseline = _baseline(corpus)
    below = [
        f"{source} {what}: {table[source][what][0]} of {wanted}"
        for (source, what), wanted in baseline.items()
        if (source, what) not in SIGNATURE_KEPT and table[source][what][0] < wanted
    ]

    assert len(baseline) > 60 and below == []


def test_orgos_own_floors_hold(table: dict[str, dict[str, list[int]]]) -> None:
    for (source, what), floor in FLOORS.items():
        assert table[source][what][0] >= floor, (source, what, table[source][what])


def test_every_file_of_the_corpus_is_read_without_an_error(corpus: Path) -> None:
    from orgo.message import parse

    for path in sorted(corpus.rglob("*")):
        if path.is_file() and path.stat().st_size < 3_000_000:
            message = parse(path.read_bytes())
            assert not any(warning.startswith("it could not be read") for warning in message.warnings), path
