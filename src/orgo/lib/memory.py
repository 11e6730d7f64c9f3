"""What a process does about its memory: what a large mail took is given back, what is loaded is not looked at again."""

import ctypes
import gc
from functools import cache
from typing import Any

_SELDOM = (20_000, 20, 20)


@cache
def _trim() -> Any:
    try:
        return ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError, TypeError):
        return None


def settle() -> None:
    """Called when a process has loaded what it needs: from now on the collector looks at new objects only, and less often.

    A batch of 200 mails makes some hundred thousand objects in no cycle; looking for cycles took a tenth of the way in.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_SELDOM)


def give_back() -> None:
    """Return free memory to the system: the C library (glibc) keeps it else, for as long as the process lives."""
    trim = _trim()
    if trim is not None:
        trim(0)
