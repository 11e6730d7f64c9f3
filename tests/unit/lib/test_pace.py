"""A command in a home whose time runs faster goes by that time; when nobody writes it any more, it stands."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orgo.lib import pace
from orgo.lib.clock import FastClock

AT = datetime(2026, 9, 7, 8, 30, tzinfo=UTC)
LIFE = datetime(2026, 11, 28, 17, 0, tzinfo=UTC)


class _Fixed:
    at = LIFE

    def now(self) -> datetime:
        return self.at


@pytest.fixture
def life(monkeypatch: pytest.MonkeyPatch) -> type[_Fixed]:
    """Life's clock, to be set."""
    monkeypatch.setattr(pace, "SystemClock", _Fixed)
    monkeypatch.setattr(_Fixed, "at", LIFE)
    return _Fixed


def _shown(clock: FastClock | None) -> datetime:
    assert clock is not None
    return clock._start


def test_the_kept_clock_goes_on(tmp_path: Path, life: type[_Fixed]) -> None:
    running = FastClock(60, AT)
    pace.keep(tmp_path, running)
    life.at = LIFE + timedelta(seconds=3)
    found = pace.kept(tmp_path)

    assert found is not None and found.rate == 60
    assert timedelta(minutes=3) <= _shown(found) - AT < timedelta(minutes=30)


@pytest.mark.parametrize("later", [timedelta(days=2), timedelta(days=-2)])
def test_one_that_nobody_keeps_stands_where_it_was(
    tmp_path: Path, life: type[_Fixed], later: timedelta
) -> None:
    pace.keep(tmp_path, FastClock(1, AT))
    life.at = LIFE + later

    assert abs(_shown(pace.kept(tmp_path)) - AT) < timedelta(minutes=5)


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"now": 1, "life": 2, "rate": 3}', "{}"])
def test_what_cannot_be_read_is_no_clock(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "clock.json").write_text(text)

    assert pace.kept(tmp_path) is None
