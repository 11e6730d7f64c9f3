"""A disk with as much room as a test wants."""

import shutil
from collections.abc import Callable

import pytest

LITTLE, MUCH = 9_000_000, 1 << 40


def room_of(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Sets how many bytes are free from now on."""

    def free(left: int) -> None:
        monkeypatch.setattr(
            shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(MUCH, MUCH - left, left)
        )

    return free
