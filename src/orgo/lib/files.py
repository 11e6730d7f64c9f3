"""Files that are there whole or not at all, also after the power went."""

import os
import shutil
from pathlib import Path


def write_whole(file: Path, data: bytes, part: Path) -> None:
    """Write by way of `part`, a name in the same folder; when this returns, file and name last."""
    with part.open("wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
    part.replace(file)
    sync(file.parent)


def copy_whole(file: Path, target: Path) -> None:
    """Copy a file, with its mode and times, into the place of another."""
    part = target.with_name(f"{target.name}.part")
    shutil.copy2(file, part)
    sync(part)
    part.replace(target)
    sync(target.parent)


def may_write(folder: Path) -> bool:
    """Whether this process may make files in a folder, or make the folder itself where it is not there yet."""
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    return os.access(there, os.W_OK)


def sync(path: Path) -> None:
    """Make the names in a folder last, or the bytes of a file, where the system can do that."""
    if os.name != "posix":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
