"""Files that are there whole or not at all, also after the power went."""

import os
from pathlib import Path


def write_whole(file: Path, data: bytes, part: Path) -> None:
    """Write by way of `part`, a name in the same folder; when this returns, file and name last."""
    with part.open("wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
    part.replace(file)
    sync(file.parent)


def sync(path: Path) -> None:
    """Make the names in a folder last, or the bytes of a file, where the system can do that."""
    if os.name != "posix":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
