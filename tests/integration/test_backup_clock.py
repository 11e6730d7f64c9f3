"""Backups by the clock: one when it is due, and the page and the status say when they can't leave."""

from pathlib import Path
from typing import Any

import pytest

from orgo.backup.making import round_of
from orgo.backup.state import summary, waiting_in
from orgo.backup.stores import Away, Folder
from orgo.conf import boot, load
from tests.database import environment
from tests.office import Office

KEY = "0123456789abcdef" * 4


@pytest.fixture
def store(office: Office, tmp_path: Path) -> Path:
    """The office makes a backup a day into this folder."""
    from django.conf import settings

    folder = tmp_path / "store"
    folder.mkdir()
    file = office.home / "config" / "config.yaml"
    file.write_text(file.read_text() + f"\nbackup: {{key: '${{KEY}}', to: {folder}, every: 1 day}}\n")
    database = {"ORGO_DATABASE": f"sqlite:///{settings.DATABASES['default']['NAME']}"}
    office.config = load(office.home, {"KEY": KEY, **(environment() or database)})
    boot.use(office.config)
    return folder


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_one_a_day_is_made(office: Office, store: Path) -> None:
    assert round_of(office.config) == 1 and len(names(store)) == 1
    office.later(hours=23)
    assert round_of(office.config) == 0 and len(names(store)) == 1
    office.later(hours=1)
    assert round_of(office.config) == 1 and len(names(store)) == 2


def test_what_is_not_kept_goes_after_the_next_one(office: Office, store: Path) -> None:
    for day in range(1, 20):
        (store / f"orgo-202601{day:02}T000000.000000Z.orgo-backup").touch()
    round_of(office.config)

    assert len(names(store)) < 12


def test_while_the_store_is_away_backups_wait_and_the_page_says_since_when(
    office: Office, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orgo.web.context import _backups

    def away(*_: Any) -> None:
        raise Away("the line is cut")

    assert _backups() == []
    with monkeypatch.context() as patched:
        patched.setattr(Folder, "put", away)
        round_of(office.config)
        since = office.clock.now()
        office.later(hours=24)
        round_of(office.config)

    assert len(waiting_in(office.config)) == 2 and names(store) == []
    (words,) = _backups()
    assert f"{since:%Y-%m-%d %H:%M}" in words and "the line is cut" in words
    round_of(office.config)
    assert waiting_in(office.config) == [] and len(names(store)) == 2 and _backups() == []


def test_one_that_is_late_is_overdue(office: Office, store: Path) -> None:
    round_of(office.config)
    office.later(hours=26)

    found = summary(office.config)
    assert found is not None and found["overdue"]


def test_a_backup_that_fails_leaves_nothing_half(
    office: Office, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orgo.backup import making

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        making.create(office.config)

    assert names(store) == [] and waiting_in(office.config) == []
    assert not (office.config.var / "backup" / "work").exists()
