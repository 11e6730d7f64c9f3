"""The sealed trail as plain values, with all that somebody needs to check it without Orgo."""

from collections.abc import Iterator
from typing import Any

from orgo.audit import journal
from orgo.audit.models import Seal

_NAMES = ("id", "task", "seq", "v", "type", "actor_kind", "actor", "at", "data")


def lines() -> Iterator[dict[str, Any]]:
    """An object for each event ("number", "hash", the event's own), and one for each seal ("seal") behind its last event."""
    seals = iter(Seal.objects.order_by("number").iterator())
    current = next(seals, None)
    for number, kept, event in journal.sealed():
        yield {"number": number, "hash": kept.hex(), **dict(zip(_NAMES, event or (), strict=False))}
        if current is not None and number == current.last:
            yield _seal(current)
            current = next(seals, None)


def _seal(seal: Seal) -> dict[str, Any]:
    hashes = {name: bytes(getattr(seal, name)).hex() for name in ("root", "previous", "hash", "signature")}
    return {
        "seal": seal.number,
        "first": seal.first,
        "last": seal.last,
        **hashes,
        "key": seal.key,
        "at": seal.at,
    }
