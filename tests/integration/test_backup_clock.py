"""Backups by the clock: one when it is due, and the page and the status say when they can't leave."""

import shutil
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from orgo.backup.making import round_of
from orgo.backup.state import summary, waiting_in
from orgo.backup.stores import Folder
from orgo.backup.turn import LEASE, Busy, alone
from orgo.conf import Config, boot, load
from orgo.conf.s3 import Away
from tests.database import environment
from tests.office import Office, start_django, text_of

start_django()
from orgo.backup.alarms import watch_backups

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
    round_of(office.config)
    (made,) = store.iterdir()
    for day in range(1, 20):
        shutil.copy(made, store / f"orgo-202601{day:02}T000000.000000Z.orgo-backup")
    office.later(hours=24)
    round_of(office.config)

    assert len(names(store)) < 12


def test_backups_of_another_key_are_said_and_left_alone(
    office: Office, store: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(12):
        round_of(office.config)
        office.later(hours=24)
    kept = names(store)
    caplog.clear()
    office.config = load(office.home, {"KEY": "f" * 64, "ORGO_DATABASE": office.config.database})
    for _ in range(12):
        round_of(office.config)
        office.later(hours=24)

    assert set(kept) < set(names(store)) and len(names(store)) < 2 * len(kept) + 3
    said = [line.getMessage() for line in caplog.records if line.name == "orgo.backup"]
    assert (
        f"{len(kept)} former backups can't be opened with the present backup.key, the last is {kept[-1]}"
        in said
    )
    assert f"{len(kept)} backups left alone: backup.key can't open what it did not make" in said


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


def other_machine(office: Office, folder: Path) -> Config:
    """A second home with the same configuration, on the same database."""
    (folder / "config").mkdir(parents=True)
    text = (office.home / "config" / "config.yaml").read_text()
    (folder / "config" / "config.yaml").write_text(text)
    return load(folder, {"KEY": KEY, "ORGO_DATABASE": office.config.database})


def test_of_two_machines_one_makes_what_is_due(office: Office, store: Path, tmp_path: Path) -> None:
    other = other_machine(office, tmp_path / "other")

    with alone(office.config):
        assert round_of(other) == 0
        with pytest.raises(Busy, match="another machine"), alone(other):
            pass
    assert round_of(other) == 1 and round_of(office.config) == 0 and len(names(store)) == 1
    assert summary(office.config) == summary(other)


def test_a_machine_that_may_not_makes_none(office: Office, store: Path) -> None:
    environ = {"KEY": KEY, "ORGO_DATABASE": office.config.database, "ORGO_BACKUP__HERE": "false"}

    assert round_of(load(office.home, environ)) == 0 and names(store) == []
    assert round_of(office.config) == 1


def test_a_machine_that_died_with_the_turn_keeps_it_for_minutes(
    office: Office, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = other_machine(office, tmp_path / "other")
    with monkeypatch.context() as patched:
        patched.setattr("orgo.backup.turn._give_back", lambda holder: None)
        with alone(office.config):
            pass

    assert round_of(other) == 0
    with alone(office.config):  # the same machine, started anew
        pass
    office.clock.advance(LEASE)
    assert round_of(other) == 1


def test_the_longer_it_fails_the_longer_is_the_pause(
    office: Office, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def full(*_: object) -> None:
        tried.append(office.clock.now())
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("orgo.backup.snapshot.take", full)
        for _ in range(180):
            with suppress(OSError):
                round_of(office.config)
            office.clock.advance(minutes=1)

    gaps = [int((later - earlier).total_seconds() // 60) for earlier, later in pairwise(tried)]
    assert gaps == [2, 4, 8, 16, 32, 60]
    found = summary(office.config)
    assert found is not None and found["last"] is None and found["overdue"]
    assert "No space left" in found["reason"]
    office.later(hours=1)
    assert round_of(office.config) == 1
    found = summary(office.config)
    assert found is not None and not found["overdue"] and found["reason"] == ""


def watch_for(office: Office, minutes: int) -> int:
    """The alarms of this time, looked for as the clock does."""
    told = 0
    for _ in range(0, minutes, 4):
        told += watch_backups(office.config)
        office.clock.advance(minutes=4)
    office.settle()
    return told


def letters(office: Office) -> list[str]:
    """What the administrator got."""
    return [f"{letter['Subject']} {text_of(letter)}" for letter in office.letters("admin@city.example")]


def test_one_that_was_never_made_is_told_once_and_when_it_is_over(office: Office, store: Path) -> None:
    from orgo.web.context import _backups

    assert watch_for(office, 60) == 0
    assert watch_for(office, 60) == 1
    assert "ever made" in _backups()[0]
    (letter,) = letters(office)
    assert "No backup is safe" in letter and "orgo backup create" in letter
    round_of(office.config)
    assert watch_for(office, 40) == 1 and watch_for(office, 40) == 0
    assert letters(office)[-1].startswith("Backups arrive at")


def test_those_that_can_not_leave_are_told_once(
    office: Office, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any) -> None:
        raise Away("the line is cut")

    with monkeypatch.context() as patched:
        patched.setattr(Folder, "put", away)
        round_of(office.config)
        assert watch_for(office, 120) == 1
    (letter,) = letters(office)
    assert "the line is cut" in letter
    round_of(office.config)
    assert watch_for(office, 8) == 1


def test_the_metrics_say_how_it_stands(office: Office, store: Path) -> None:
    from orgo.ops.metrics import exposition

    assert "orgo_backup_age_seconds" not in exposition(office.config).decode()
    round_of(office.config)
    office.later(hours=2)
    said = exposition(office.config).decode()
    assert "orgo_backup_age_seconds 7200.0" in said and "orgo_backup_waiting 0.0" in said
    assert "orgo_backup_overdue 0.0" in said
