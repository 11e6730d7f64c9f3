"""What the jobs of a worker hear of its end."""

import threading
from collections.abc import Iterator

import pytest

from orgo.ops import stopping

_LONG = 10.0


@pytest.fixture(autouse=True)
def untold(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(stopping, "_told", bytearray(1))
    yield
    stopping.tell()  # the ear's thread holds nothing of this test any more


def test_a_job_under_way_is_stopped_when_the_worker_is_told_to_end() -> None:
    called = threading.Event()

    with stopping.Ear().call(called.set):
        assert not called.is_set()
        stopping.tell()
        assert called.wait(_LONG)


def test_a_job_that_is_over_is_not_stopped() -> None:
    ear, former, present = stopping.Ear(), threading.Event(), threading.Event()

    with ear.call(former.set):
        pass
    with ear.call(present.set):
        stopping.tell()
        assert present.wait(_LONG)

    assert not former.is_set()


def test_one_that_can_not_be_stopped_does_not_keep_the_others(caplog: pytest.LogCaptureFixture) -> None:
    def away() -> None:
        raise ConnectionError("the database is away")

    ear, called = stopping.Ear(), threading.Event()

    with ear.call(called.set), ear.call(away):
        stopping.tell()
        assert called.wait(_LONG)

    assert "the database is away" in caplog.text


def test_many_jobs_share_one_thread() -> None:
    ear, before = stopping.Ear(), threading.active_count()

    for _ in range(20):
        with ear.call(lambda: None):
            pass

    assert threading.active_count() <= before + 1
