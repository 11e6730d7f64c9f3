"""The design's promises, each told by a scenario in a folder of its own; played in this process, one after the other."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from orgo.message.pool import ParserPool
from orgo.simulate import report
from orgo.simulate.play import play
from orgo.simulate.read import read
from tests.office import start_django

HERE = Path(__file__).parent
SHIPPED = HERE.parents[1] / "config" / "scenarios"
FLOWS = sorted(path.parent.name for path in HERE.glob("t-*/scenario.yaml"))


@pytest.fixture(scope="module")
def parser() -> Iterator[ParserPool]:
    """The mail parser's process, for all scenarios."""
    start_django()
    pool = ParserPool()
    yield pool
    pool.close()


@pytest.mark.parametrize("flow", FLOWS)
def test_flow(flow: str, parser: ParserPool) -> None:
    """The folder's scenario comes out as it says, and it says something."""
    _comes_out(HERE / flow / "scenario.yaml", parser)


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped(path: Path, parser: ParserPool) -> None:
    """The scenarios that are shipped as examples come out as they say."""
    _comes_out(path, parser)


def _comes_out(path: Path, parser: ParserPool) -> None:
    outcome = play(read(path), parser)
    assert any(line.what == "check" for line in outcome.lines)
    assert not outcome.failed, report.table(outcome)
