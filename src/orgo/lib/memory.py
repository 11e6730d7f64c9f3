"""What a process does about its memory: what a large mail took is given back, what is loaded is not looked at again."""

import ctypes
import gc
from functools import cache
from typing import Any

_SELDOM = (20_000, 10, 5)  # as gc.set_threshold takes them
_M_ARENA_MAX = -8  # of glibc's malloc.h


@cache
def _libc() -> Any:
    try:
        return ctypes.CDLL(None)
    except (OSError, TypeError):
        return None


def few_arenas() -> None:
    """Before threads begin: glibc would keep a heap for each of them, and give back little of any."""
    option = getattr(_libc(), "mallopt", None)
    if option is not None:
        option(_M_ARENA_MAX, 2)


def settle() -> None:
    """Called when a process has loaded what it needs: from now on the collector looks at new objects only, and less often.

    A batch of 200 mails makes some hundred thousand objects in no cycle; looking for cycles took a tenth of the way in.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_SELDOM)


def give_back() -> None:
    """Return free memory to the system: the C library (glibc) keeps it else, for as long as the process lives."""
    gc.collect()
    trim = getattr(_libc(), "malloc_trim", None)
    if trim is not None:
        trim(0)
