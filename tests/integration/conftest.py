"""An office for a test: a real SQLite database, the sample people, real SMTP in and out, a clock that stands still."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.office import Office


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """An office with the usual people and rules; see tests/office.py."""
    made = Office(tmp_path)
    yield made
    made.close()
