"""A command that something stops in the middle: what it had begun is undone, and the exit code says what it was."""

import errno
import fcntl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.office import Office

KEY = "0123456789abcdef" * 4
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def folder(office: Office, tmp_path: Path) -> Path:
    """The folder of an office's backups, which are configured; it is not there yet."""
    (tmp_path / "key").write_text(KEY)
    (tmp_path / "store").mkdir()
    file = office.home / "config" / "config.yaml"
    backup = f"backup: {{key: 'file:{tmp_path}/key', to: {tmp_path}/store}}"
    file.write_text(f"{file.read_text()}\n{backup}\n")
    return office.home / "var" / "backup"


@pytest.mark.parametrize("at", ["_write_tasks", "_write_letters", "_keep_from_leaving"])
def test_ctrl_c_leaves_nothing_half_done(
    office: Office, run: Run, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    """bad input 108: the transaction is undone, whichever of its statements it was at."""
    from orgo.flow.unit import Unit

    office.mail()
    before = _rows(office)

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as while_it_works:
        while_it_works.setattr(Unit, at, stopped)
        code, out, err = run("task", "done", office.task().reference)

    assert (code, out, err) == (130, "", "orgo: stopped; nothing that was finished is lost\n")
    assert _rows(office) == before
    assert run("task", "done", office.task().reference)[0] == 0


def _rows(office: Office) -> tuple[Any, ...]:
    from orgo.audit.models import Event
    from orgo.outbox.models import Letter

    return office.task().state, Event.objects.count(), Letter.objects.count()


def test_a_backup_for_which_the_disk_has_no_room_leaves_nothing(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """bad input 109: exit code 74, no half file here or there, and the next one is whole."""

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as while_full:
        while_full.setattr("orgo.backup.archive.os.fsync", full)
        code, _, err = run("backup", "create")

    assert (code, err) == (74, "orgo: No space left on device\n")
    assert not list(folder.rglob("*.orgo*")) and not list((tmp_path / "store").iterdir())
    assert run("backup", "create")[0] == 0
    assert run("backup", "verify")[0] == 0


def test_two_backups_at_once_do_not_meet_and_a_dead_one_is_in_nobodys_way(run: Run, folder: Path) -> None:
    """bad input 112: the lock is the system's; the file that a killed process leaves says nothing."""
    folder.mkdir(parents=True)
    with (folder / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        code, _, err = run("backup", "create")
        assert (code, err) == (75, "orgo: another backup is being made at this moment\n")

    assert (folder / "lock").exists()
    assert run("backup", "create")[0] == 0
