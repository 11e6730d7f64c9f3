"""Is the trail what was sealed? The first event that was changed, swapped, removed or cut off is named."""

import json
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import msgspec

from orgo.audit import canon, journal
from orgo.audit.keys import is_signed
from orgo.audit.models import Seal
from orgo.audit.seal import HEAD

Progress = Callable[[int, int], None]


class Wrong(msgspec.Struct, frozen=True):
    """The first thing that does not hold: the journal number, what is wrong, the hash that was kept and the one found."""

    number: int
    words: str
    expected: str = ""
    found: str = ""


class Verified(msgspec.Struct, frozen=True):
    """What was looked at, and the first thing that is wrong with it (None: nothing).

    `head_kept` says whether a head is kept on this machine: without one nobody here knows of an end that was cut off.
    """

    events: int
    seals: int
    unsealed: int
    head: str
    wrong: Wrong | None
    head_kept: bool


def verify(
    var: Path,
    keys: Collection[str] = (),
    progress: Progress = lambda done, total: None,
    known: Collection[tuple[int, str]] = (),
) -> Verified:
    """Read the whole trail; `progress` is told how many events are read, of how many.

    `keys` (hex) are the public keys of which one must have signed each seal; without any, each seal's own is taken at its word.
    `known` are (number, hash in hex) of seals that were kept elsewhere.
    """
    seals = list(Seal.objects.order_by("number"))
    wrong = _first_wrong(seals, keys, progress) or _cut_off(seals, var) or _unlike(seals, known)
    wrong = wrong or _put_in(seals)
    entries = seals[-1].last if seals else 0
    head = bytes(seals[-1].hash).hex() if seals else ""
    unsealed = journal.waiting(0)  # no difference of two counts: an entry's event may be gone
    return Verified(entries, len(seals), unsealed, head, wrong, (var / HEAD).is_file())


def _first_wrong(seals: list[Seal], keys: Collection[str], progress: Progress) -> Wrong | None:
    entries = journal.sealed()
    previous, last = bytes(32), 0
    for place, seal in enumerate(seals):
        if seal.number != place + 1 or seal.first != last + 1 or bytes(seal.previous) != previous:
            words = f"a seal is missing or out of its order before seal {seal.number}"
            return Wrong(last + 1, words, previous.hex(), bytes(seal.previous).hex())
        wrong = _block(seal, entries) or _closing(seal, keys)
        if wrong is not None:
            return wrong
        previous, last = bytes(seal.hash), seal.last
        progress(last, seals[-1].last)
    beyond = next(entries, None)
    return Wrong(beyond[0], "an entry that no seal closes") if beyond is not None else None


def _block(seal: Seal, entries: Iterator[tuple[int, bytes, tuple[object, ...] | None]]) -> Wrong | None:
    """What is wrong with the block's events, the first of them."""
    leaves = []
    for number in range(seal.first, seal.last + 1):
        entry = next(entries, None)
        if entry is None or entry[0] != number:
            return Wrong(number, "the journal's entry is missing")
        if entry[2] is None:
            return Wrong(number, "the event was removed", entry[1].hex())
        found = canon.leaf(number, entry[2])
        if found != entry[1]:
            return Wrong(number, "the event was changed", entry[1].hex(), found.hex())
        leaves.append(found)
    root = canon.root(leaves)
    if root != bytes(seal.root):
        words = f"events and entries were changed together, somewhere up to number {seal.last}"
        return Wrong(seal.first, words, bytes(seal.root).hex(), root.hex())
    return None


def _closing(seal: Seal, keys: Collection[str]) -> Wrong | None:
    head = canon.head(seal.number, seal.first, seal.last, bytes(seal.root), bytes(seal.previous), seal.at)
    if head != bytes(seal.hash):
        return Wrong(seal.first, f"seal {seal.number} was changed", bytes(seal.hash).hex(), head.hex())
    if not any(is_signed(bytes(seal.signature), head, key) for key in keys or (seal.key,)):
        asked = " or ".join(f"{key[:16]}.." for key in keys or (seal.key,))
        return Wrong(seal.first, f"seal {seal.number} is not signed by the key {asked}; it names {seal.key}")
    return None


def _unlike(seals: list[Seal], known: Collection[tuple[int, str]]) -> Wrong | None:
    """The first seal that is not the one of this number that was kept elsewhere."""
    for number, kept in sorted(known):
        there = seals[number - 1] if number <= len(seals) else None
        found = bytes(there.hash).hex() if there is not None else ""
        if there is None:
            last = seals[-1].last if seals else 0
            return Wrong(
                last + 1, f"the end was cut off: seal {number}, which was kept elsewhere, is missing", kept
            )
        if found != kept:
            return Wrong(there.first, f"seal {number} is another one than was kept elsewhere", kept, found)
    return None


def _cut_off(seals: list[Seal], var: Path) -> Wrong | None:
    """Whether the end is missing that var/audit.head has seen."""
    file = var / HEAD
    if not file.is_file():
        return None
    seen = json.loads(file.read_text())
    there = next((seal for seal in seals if seal.number == seen["seal"]), None)
    if there is None:
        last = seals[-1].last if seals else 0
        return Wrong(
            last + 1, f"the end was cut off: seal {seen['seal']} of {seen['at']} is missing", seen["hash"]
        )
    if bytes(there.hash).hex() != seen["hash"]:
        words = f"seal {seen['seal']} is another one than on {seen['at']}"
        return Wrong(there.first, words, seen["hash"], bytes(there.hash).hex())
    return None


def _put_in(seals: list[Seal]) -> Wrong | None:
    found = journal.strays(seals[-1].horizon) if seals else []
    return (
        Wrong(seals[-1].last + 1, f"events without a number stand among sealed ones (id {found[0]})")
        if found
        else None
    )
