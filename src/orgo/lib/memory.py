"""Memory that a large mail took is given back to the system: glibc keeps it else, for as long as the process lives."""

import ctypes
from functools import cache
from typing import Any


@cache
def _trim() -> Any:
    try:
        return ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError, TypeError):
        return None


def give_back() -> None:
    """Return free memory to the system, where the C library can (glibc); elsewhere nothing happens."""
    trim = _trim()
    if trim is not None:
        trim(0)
