"""A file's lock between the processes of one machine. It ends with its process, however that ends."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def locked(file: Path, *, shared: bool = False, wait: bool = False) -> Iterator[None]:
    """Hold the lock of `file` (made where it is missing): alone, or with others who hold it `shared`.

    Raises BlockingIOError where another holds it, or waits for that one. A system without file locks has none.
    """
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        import fcntl
    except ImportError:
        yield
        return
    kind = (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB)
    with file.open("a") as handle:
        fcntl.flock(handle, kind)
        yield
