"""What a seal is made of: an event as bytes, the Merkle root of a block, the hash that the next block names (pure).

The tree is that of RFC 6962 section 2.1: leaves and nodes are hashed apart, so that none can pass for the other.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

import msgspec

_LEAF, _NODE = b"\x00", b"\x01"
_encode = msgspec.json.Encoder(order="deterministic").encode
_sha256 = hashlib.sha256


def leaf(number: int, event: Sequence[Any]) -> bytes:
    """The hash of an event under its journal number: (id, task, seq, v, type, actor_kind, actor, at as text, data)."""
    return _sha256(_LEAF + _encode((number, *event))).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """The Merkle root of at least one leaf; a node without a neighbour goes up as it is."""
    level = list(leaves)
    while len(level) > 1:
        pairs = [
            _sha256(_NODE + left + right).digest()
            for left, right in zip(level[::2], level[1::2], strict=False)
        ]
        level = pairs + level[len(level) - len(level) % 2 :]
    return level[0]


def head(number: int, first: int, last: int, root_: bytes, previous: bytes, at: str) -> bytes:
    """The hash of a block: what is signed, and what the next block names as its `previous`."""
    return _sha256(_encode([number, first, last, root_.hex(), previous.hex(), at])).digest()
