"""A loop whose rounds fail goes on, and says so once: when it begins, and when it is over."""

import threading
from collections.abc import Callable, Iterator, Sequence

import pytest
from django.db import OperationalError, connection

from orgo.ops import loops, trouble
from orgo.ops.loops import Loop
from tests.office import Office


@pytest.fixture
def run(office: Office, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Sequence[Exception]], None]]:
    """Runs a loop whose rounds end in these errors, one after the other, and then in nothing."""
    monkeypatch.setattr(loops, "AFTER_AN_ERROR", 0.0)

    def run(errors: Sequence[Exception]) -> None:
        over, left = threading.Event(), list(errors)

        def work() -> int:
            if left:
                raise left.pop(0)
            if trouble.sentences().get("orgo-work") is None:
                over.set()
            return 0

        loop = Loop("work", work, threading.Event(), 0.01)
        loop.start()
        assert over.wait(30)
        loop.stop()
        loop.join()

    yield run
    trouble.over("orgo-work")


def said(caplog: pytest.LogCaptureFixture) -> list[tuple[str, bool]]:
    """What was logged, and whether with a traceback."""
    return [
        (record.getMessage(), bool(record.exc_info))
        for record in caplog.records
        if "work" in record.getMessage()
    ]


def test_an_error_that_stays_is_said_once(
    run: Callable[[Sequence[Exception]], None], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    run([ValueError("one")] * 3 + [ValueError("other")] * 2)

    assert said(caplog) == [
        ("orgo-work: ValueError: one", False), ("a round of orgo-work failed", True),
        ("orgo-work: ValueError: other", False), ("a round of orgo-work failed", True),
        ("orgo-work: works again", False),
    ]  # fmt: skip


def test_of_a_database_that_is_away_there_is_no_traceback(
    run: Callable[[Sequence[Exception]], None], caplog: pytest.LogCaptureFixture
) -> None:
    """Of PostgreSQL: SQLite calls a wrong statement so too."""
    caplog.set_level("INFO")
    run([OperationalError("connection refused")] * 3)

    traced = [("a round of orgo-work failed", True)] if connection.vendor == "sqlite" else []
    assert said(caplog) == [
        ("orgo-work: OperationalError: connection refused", False), *traced, ("orgo-work: works again", False),
    ]  # fmt: skip
