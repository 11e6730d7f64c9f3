"""`orgo backup schedule`: one line of config.yaml is written, and nothing else is touched."""

from pathlib import Path

import pytest

from orgo.backup.scheduling import NEVER, set_every
from orgo.conf import load
from orgo.lib.problems import BadInput

KEY = "  key: file:k  # kept elsewhere\n"
AFTER = "\n# the page\nweb: {port: 8000}\n"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "k").write_text("a1" * 32)
    return tmp_path


def written(home: Path, before: str, every: str) -> str:
    """What is in config.yaml after it was set."""
    file = home / "config" / "config.yaml"
    file.write_bytes(before.encode())
    try:
        set_every(load(home, {}), every)
    finally:
        assert not [path for path in file.parent.iterdir() if path.name.endswith(".new")]
    return file.read_bytes().decode()


@pytest.mark.parametrize(
    ("before", "every", "after"),
    [
        (f"backup:\n{KEY}{AFTER}", "1 day", f'backup:\n  every: "1 day"\n{KEY}{AFTER}'),
        (
            f"backup:\n{KEY}  every: 1 day\n{AFTER}",
            "6 hours",
            f'backup:\n{KEY}  every: "6 hours"\n{AFTER}',
        ),
        (
            f"backup: # ours\n    every: 1 day\n    key: file:k\n{AFTER}",
            NEVER,
            f"backup: # ours\n    key: file:k\n{AFTER}",
        ),
        (f"backup:\n\n  # why\n{KEY}", "1 day", f'backup:\n  every: "1 day"\n\n  # why\n{KEY}'),
        (f"backup:\n{KEY}{AFTER}", NEVER, f"backup:\n{KEY}{AFTER}"),
        # one that is a comment stays one, and so does the line behind it
        (
            f"backup:\n{KEY}  # every: 1 day\n  to: /mnt/disk\n",
            "6 hours",
            f'backup:\n  every: "6 hours"\n{KEY}  # every: 1 day\n  to: /mnt/disk\n',
        ),
        (
            f"backup:\n{KEY}  # every: 1 day\n  to: /mnt/disk\n",
            NEVER,
            f"backup:\n{KEY}  # every: 1 day\n  to: /mnt/disk\n",
        ),
        (
            f"backup:\n{KEY}# at night\n  every: 1 day  # enough",
            "6 hours",
            f'backup:\n{KEY}# at night\n  every: "6 hours"  # enough',
        ),
        # as a Windows editor writes it
        (
            "\ufeffbackup:\r\n  key: file:k\r\n",
            "1 day",
            '\ufeffbackup:\r\n  every: "1 day"\r\n  key: file:k\r\n',
        ),
        (
            "backup:\r\n  every: 1 day\r\n  key: file:k\r\n",
            "6 hours",
            'backup:\r\n  every: "6 hours"\r\n  key: file:k\r\n',
        ),
    ],
)
def test_the_line_is_written_into_its_section(home: Path, before: str, every: str, after: str) -> None:
    assert written(home, before, every) == after


@pytest.mark.parametrize(
    ("before", "said"),
    [
        ("backup: {key: file:k, every: 1 day}\n", "left to its owner"),
        ("backup:\n  {key: file:k,\n  every: 1 day, to: /mnt/disk,\n  }\n", "and more does"),
        ("backup:\n  key: file:k\n  every:\n    1 day\n", "config.yaml"),
    ],
)
def test_what_would_change_more_is_refused_and_the_file_is_as_it_was(
    home: Path, before: str, said: str
) -> None:
    with pytest.raises(BadInput, match=said):
        written(home, before, NEVER)

    assert (home / "config" / "config.yaml").read_bytes() == before.encode()


def test_a_folder_that_may_not_be_written_is_left_to_its_owner(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orgo.backup.scheduling.may_write", lambda folder: folder != home / "config")

    with pytest.raises(BadInput, match='write by hand: every: "1 day"'):
        written(home, f"backup:\n{KEY}", "1 day")
    assert (home / "config" / "config.yaml").read_text() == f"backup:\n{KEY}"
