"""A file's lock between the processes of one machine. It ends with its process, however that ends."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

_TAKEN = (errno.EACCES, errno.EDEADLK)  # what Windows says at once, and after ten seconds of waiting


@contextmanager
def locked(file: Path, *, shared: bool = False, wait: bool = False) -> Iterator[None]:
    """Hold the lock of `file` (made where it is missing): alone, or with others who hold it `shared`.

    Raises BlockingIOError where another holds it, or waits for that one. Windows has none that is shared: there it is
    not held.
    """
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with file.open("a") as handle:
        try:
            import fcntl
        except ImportError:
            if not shared:
                _take_on_windows(handle, wait)
        else:
            kind = (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB)
            fcntl.flock(handle, kind)
        yield


def _take_on_windows(handle: IO[str], wait: bool) -> None:
    """Lock the file's first byte, until it is closed. A system that has neither kind of locks has none."""
    try:
        import msvcrt
    except ImportError:
        return
    how = msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK  # type: ignore[attr-defined]
    handle.seek(0)
    while True:
        try:
            msvcrt.locking(handle.fileno(), how, 1)  # type: ignore[attr-defined]
            return
        except OSError as error:
            if error.errno not in _TAKEN:
                raise
            if not wait:
                raise BlockingIOError(*error.args) from None
