"""Whether there is room for mail: below one and a half of the largest one, mail stays with its sender (reliability.md R4).

What is left then is for what must go on: letters, levels and the trail.
"""

import logging
import shutil
import threading
from pathlib import Path

from orgo.conf import boot
from orgo.conf.config import Config

log = logging.getLogger("orgo.intake")
_TIMES = 1.5
_telling = threading.Lock()
_was_lacking = False


class NoRoom(Exception):
    """Too little room for mail; nothing was taken, and later there may be enough."""


def lacking(config: Config) -> str:
    """Says that a disk that Orgo writes to has too little room for mail; "" where each has enough."""
    place = tightest(config)
    free, needed = shutil.disk_usage(place).free, _TIMES * config.intake.smtp.max_size
    if free >= needed:
        return ""
    return f"mail is refused for now: {free / 1e6:.0f} MB free at {place}, {needed / 1e6:.0f} are needed; make room"


def tightest(config: Config) -> Path:
    """The place with the least room of those that Orgo writes to.

    The folder `var`, which is a volume of its own in a container, and that of the database's file may lie on two disks.
    """
    places = [config.var if config.var.exists() else config.home]
    if config.sqlite_file is not None and config.sqlite_file.parent.exists():
        places.append(config.sqlite_file.parent)
    return min(places, key=lambda place: shutil.disk_usage(place).free)


def need() -> None:
    """Raises NoRoom. That it begins and that it is over is said in the log, not each time."""
    global _was_lacking
    sentence = lacking(boot.config())
    with _telling:
        if bool(sentence) != _was_lacking:
            log.warning(sentence or "mail is taken again: there is room for it")
        _was_lacking = bool(sentence)
    if sentence:
        raise NoRoom(sentence)


def is_lacking() -> bool:
    """As `need`, for who has something else to say."""
    try:
        need()
    except NoRoom:
        return True
    return False
