"""A file's lock keeps a second one off, by the means of either system."""

import errno
import fcntl
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from orgo.lib.locks import locked


def _locking(handle: int, how: int, size: int) -> None:
    """As Windows does it: a lock that is held already is a right that one has not."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise PermissionError(errno.EACCES, "Permission denied") from None


@pytest.fixture(params=["posix", "windows"])
def system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "windows":
        monkeypatch.setitem(sys.modules, "fcntl", None)
        monkeypatch.setitem(sys.modules, "msvcrt", SimpleNamespace(LK_LOCK=1, LK_NBLCK=2, locking=_locking))


@pytest.mark.usefixtures("system")
def test_a_second_one_is_refused_until_the_first_ends(tmp_path: Path) -> None:
    file = tmp_path / "folder" / "lock"
    with locked(file), pytest.raises(BlockingIOError), locked(file):
        raise AssertionError("two hold it")
    with locked(file):
        pass
