"""`orgo backup schedule` on a home as an operator has it."""

from pathlib import Path

import pytest

from tests.crash.test_backup import FURNISH, KEY, Home

pytestmark = pytest.mark.of_sqlite


def test_the_schedule_is_shown_and_set(tmp_path: Path) -> None:
    home = Home(tmp_path / "home", "sqlite:///./var/orgo.db")
    (tmp_path / "key").write_text(KEY)
    file = home.folder / "config.yaml"
    file.write_text(f"backup:\n  key: file:{tmp_path / 'key'}  # kept elsewhere\n")
    assert home.run(["-c", FURNISH]).returncode == 0

    assert "none by itself" in home.must("backup", "schedule")
    assert "the next one: 20" in home.must("backup", "schedule", "6 hours")
    assert 'every: "6 hours"' in file.read_text() and "# kept elsewhere" in file.read_text()
    wrong = home.orgo("backup", "schedule", "daily")
    assert wrong.returncode == 2 and "backup.every" in wrong.stderr
