"""References that a person can say on the phone, random tokens and what is stored of them."""

import hashlib
import hmac
import random
import secrets
import threading
import time
from functools import lru_cache

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
REFERENCE_LENGTH = 6
# Ten bits as two letters: a signature of 130 bits is thirteen look-ups, a reference of 30 bits is three.
_PAIRS = [one + other for one in CROCKFORD.lower() for other in CROCKFORD.lower()]
_CONFUSED = str.maketrans({"I": "1", "L": "1", "O": "0"})


def new_reference() -> str:
    """A random task reference such as "7QK3MD" (Crockford base 32: no I, L, O, U; no sequence)."""
    bits = secrets.randbits(5 * REFERENCE_LENGTH)
    return "".join([_PAIRS[bits >> shift & 1023] for shift in (20, 10, 0)]).upper()


def normal_reference(text: str) -> str | None:
    """What a person typed ("7qk-3md", "T-7QK3MD") as a reference, or None when it can't be one."""
    letters = (
        text.strip()
        .lstrip("#")
        .upper()
        .removeprefix("T-")
        .replace("-", "")
        .replace(" ", "")
        .translate(_CONFUSED)
    )
    if len(letters) != REFERENCE_LENGTH or any(letter not in CROCKFORD for letter in letters):
        return None
    return letters


def new_token() -> str:
    """A secret of 256 random bits, safe in a link."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """What is stored of a token: its SHA-256, so that the database holds none that could be used."""
    return hashlib.sha256(token.encode()).hexdigest()


def sign(key: bytes, *parts: str) -> str:
    """A short HMAC-SHA256 over `parts`: 26 letters, 130 bits."""
    return signature(key, counted(*parts))


def counted(*parts: str) -> bytes:
    """The parts in a row, each behind its length, so that no two lists are alike."""
    message = b""
    for part in parts:
        data = part.encode()
        message += len(data).to_bytes(4, "big") + data
    return message


def signature(key: bytes, message: bytes) -> str:
    """What `sign` comes to for parts that are `counted` already."""
    bits = int.from_bytes(_hmac(key, message)[:17], "big") >> 6
    # Written out: a mail takes eight signatures, and a loop takes twice as long.
    return (
        f"{_PAIRS[bits >> 120]}{_PAIRS[bits >> 110 & 1023]}{_PAIRS[bits >> 100 & 1023]}{_PAIRS[bits >> 90 & 1023]}"
        f"{_PAIRS[bits >> 80 & 1023]}{_PAIRS[bits >> 70 & 1023]}{_PAIRS[bits >> 60 & 1023]}{_PAIRS[bits >> 50 & 1023]}"
        f"{_PAIRS[bits >> 40 & 1023]}{_PAIRS[bits >> 30 & 1023]}{_PAIRS[bits >> 20 & 1023]}{_PAIRS[bits >> 10 & 1023]}"
        f"{_PAIRS[bits & 1023]}"
    )


def _hmac(key: bytes, message: bytes) -> bytes:
    """HMAC-SHA256 (RFC 2104). A letter takes four; hmac.digest takes the key in anew each time."""
    prepared = _prepared(key).copy()
    prepared.update(message)
    return prepared.digest()


@lru_cache(8)
def _prepared(key: bytes) -> hmac.HMAC:
    return hmac.new(key, digestmod="sha256")


def same(given: str, expected: str) -> bool:
    """Compare two secrets in constant time."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode("utf-8", "replace"))


class _Sequence:
    """Numbers that grow with time and are made without asking the database (docs/adr/0001-ids.md)."""

    def __init__(self) -> None:
        self._last = 0
        self._stamp = 0
        self._lock = threading.Lock()

    def next(self) -> int:
        with self._lock:
            stamp = (time.time_ns() // 1_000_000 - _EPOCH_MS) << _RANDOM_BITS
            # One random beginning a millisecond and counting on from there: drawing anew for each number would make
            # two processes meet more often (simulated). It has to differ, in forked processes too, not to be secret.
            if stamp > self._stamp:
                self._stamp = stamp
                self._last = max(self._last + 1, stamp | random.getrandbits(_RANDOM_BITS))
            else:
                self._last += 1
            return self._last


_EPOCH_MS = 1_735_689_600_000  # 2025-01-01
_RANDOM_BITS = 21
_sequence = _Sequence()


def new_id() -> int:
    """A row's id: 63 bits, growing with time, unique in this process and almost surely among several."""
    return _sequence.next()


def floor_of(id: int, earlier_ms: int) -> int:
    """The lowest id that could be drawn so many milliseconds before this one."""
    return max(0, ((id >> _RANDOM_BITS) - earlier_ms) << _RANDOM_BITS)
