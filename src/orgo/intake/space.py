"""Whether there is room for mail: below one and a half of the largest one, mail stays with its sender (reliability.md R4)."""

import shutil
from pathlib import Path

_TIMES = 1.5


def lacking(place: Path, max_size: int) -> str:
    """Says that the disk of `place` has too little room for mail of at most `max_size` bytes; "" where it has enough."""
    free, needed = shutil.disk_usage(place).free, _TIMES * max_size
    if free >= needed:
        return ""
    return f"mail is refused for now: {free / 1e6:.0f} MB free at {place}, {needed / 1e6:.0f} are needed; make room"
