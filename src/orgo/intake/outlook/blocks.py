"""Whether an Outlook archive holds what was written: its length, and the checksums of its blocks ([MS-PST] section 2.2.2).

libpff reads on over a wrong checksum, and what it makes of such bytes is as often wrong as missing. Who asks here knows.
"""

import struct
import zlib
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache
from typing import BinaryIO, NamedTuple

MAIL, FOLDER = 0x04, 0x02  # what a node is, in the lowest five bits of its number (section 2.2.2.1)
_KIND = 0x1F
_TABLES = (0x0D, 0x0E)  # of a folder: the folders in it, the items in it
_INTERNAL = 0x2
_DEEPEST = 8  # levels of a tree; five hold three million entries
_DATA, _SUBNODES = 0x01, 0x02


class Damaged(Exception):
    """A page or a block is not what was written."""


class _Form(NamedTuple):
    """Where things stand: in ANSI archives (to 2 GB), in Unicode ones (since 2003), in offline files since 2013."""

    number: str  # of bytes, of blocks
    root: int  # of the header: the file's length, three more numbers, then the two trees, each as (block, place)
    page: int
    counts: tuple[str, int]  # of a page: number of entries, most, size of one, level; and where they stand
    page_crc: tuple[int, int]  # how many bytes of a page it sums up, and where it stands
    trailer: int  # of a block, and where its checksum stands in it
    block_crc: int
    padding: int  # of a block that lists subnodes


_ANSI = _Form("I", 168, 512, ("<BBBB", 496), (500, 508), 12, 8, 0)
_UNICODE = _Form("Q", 184, 512, ("<BBBB", 488), (496, 500), 16, 4, 4)
_LARGE = _Form("Q", 184, 4096, ("<HHBB", 4056), (4072, 4076), 24, 4, 4)
_FORMS = {14: _ANSI, 15: _ANSI, 20: _UNICODE, 21: _UNICODE, 23: _UNICODE, 36: _LARGE}


class Blocks:
    """The blocks of the archive in this file, which stays open. Raises Damaged where its head names no form that is known."""

    def __init__(self, stream: BinaryIO) -> None:
        stream.seek(0)
        head = stream.read(564)
        form = _FORMS.get(int.from_bytes(head[10:12], "little"))
        if form is None or len(head) < 564 or _checksum(head[8:479]) != int.from_bytes(head[4:8], "little"):
            raise Damaged("its head is not what was written")
        self._stream, self._form = stream, form
        self.length, *_, nodes, _, blocks = struct.unpack_from(f"<8{form.number}", head, form.root)
        self.here = stream.seek(0, 2)
        self._nodes, self._blocks = nodes, blocks
        self._page = lru_cache(2_000)(self._read_page)

    def mails(self) -> "array[int]":
        """The numbers of all items, sorted. Raises Damaged where the index is."""
        return array("I", (key & 0xFFFFFFFF for key in self._keys(self._nodes, 0) if key & _KIND == MAIL))

    def damaged(self, node: int) -> int:
        """How many blocks of an item, or of a folder with its tables, are not what was written."""
        tables = [node & ~_KIND | kind for kind in _TABLES] if node & _KIND == FOLDER else []
        return sum(map(self._damaged, [node, *tables]))

    # ---------------------------------------------------------------- trees

    def _read_page(self, place: int) -> tuple[int, list[int], list[bytes]]:
        """The level, the keys and the entries of a page."""
        form = self._form
        page, (summed, at) = self._read(place, form.page), form.page_crc
        if _checksum(page[:summed]) != int.from_bytes(page[at : at + 4], "little"):
            raise Damaged(f"a page of its index, at {place}, is damaged")
        count, _, size, level = struct.unpack_from(form.counts[0], page, form.counts[1])
        entries = [page[number * size : (number + 1) * size] for number in range(count)]
        return level, [struct.unpack_from(f"<{form.number}", entry)[0] for entry in entries], entries

    def _keys(self, place: int, depth: int) -> Iterator[int]:
        level, keys, entries = self._page(place)
        if level == 0:
            yield from keys
        elif depth < _DEEPEST:
            for entry in entries:
                yield from self._keys(self._numbers(entry, 3)[2], depth + 1)

    def _found(self, tree: int, key: int) -> bytes | None:
        """The entry of this key in a tree."""
        for _ in range(_DEEPEST):
            level, keys, entries = self._page(tree)
            at = bisect_right(keys, key) - 1
            if at < 0 or (level == 0 and keys[at] != key):
                return None
            if level == 0:
                return entries[at]
            tree = self._numbers(entries[at], 3)[2]
        return None

    # ---------------------------------------------------------------- blocks

    def _damaged(self, node: int) -> int:
        try:
            entry = self._found(self._nodes, node)
        except Damaged:
            return 1
        if entry is None:
            return 0
        _, data, subnodes = self._numbers(entry, 3)
        return self._in(data) + self._in(subnodes)

    def _in(self, block: int, depth: int = 0) -> int:
        """How many blocks are damaged of this one and those it leads to."""
        if not block or depth > _DEEPEST:
            return 0
        try:
            inner = self._inner(block)
        except (Damaged, struct.error, zlib.error):
            return 1
        return sum(self._in(one, depth + 1) for one in inner)

    def _inner(self, block: int) -> list[int]:
        """The blocks that a block leads to (sections 2.2.2.8.3.2 and 3.3). Raises Damaged where its checksum is wrong."""
        data = self._block(block & ~1)
        if not block & _INTERNAL:
            return []
        kind, level, count = struct.unpack_from("<BBH", data)
        if kind == _DATA:
            return self._numbers(data[8:], count)
        found = self._numbers(data[4 + self._form.padding :], count * (2 if level else 3))
        return (
            found[1::2]
            if level
            else [one for at in range(0, len(found), 3) for one in found[at + 1 : at + 3]]
        )

    def _block(self, block: int) -> bytes:
        entry = self._found(self._blocks, block) or self._found(self._blocks, block | 1)
        if entry is None:
            raise Damaged(f"block {block} is missing")
        form = self._form
        _, place = self._numbers(entry, 2)
        size, unpacked = struct.unpack_from("<HH", entry, 2 * struct.calcsize(f"<{form.number}"))
        unit = 512 if form is _LARGE else 64
        whole = -(-(size + form.trailer) // unit) * unit
        data, at = self._read(place, whole), whole - form.trailer + form.block_crc
        if _checksum(data[:size]) != int.from_bytes(data[at : at + 4], "little"):
            raise Damaged(f"block {block} is damaged")
        is_packed = form is _LARGE and size < unpacked
        return zlib.decompressobj().decompress(data[:size], unpacked) if is_packed else data[:size]

    def _read(self, place: int, size: int) -> bytes:
        if place + size > self.here:
            raise Damaged(f"{place} is behind the end of the file")
        self._stream.seek(place)
        return self._stream.read(size)

    def _numbers(self, data: bytes, count: int) -> list[int]:
        return list(struct.unpack_from(f"<{count}{self._form.number}", data))


def _checksum(data: bytes) -> int:
    """The CRC-32 of [MS-PST] section 5.3: without the inversion before and after."""
    return zlib.crc32(data, 0xFFFFFFFF) ^ 0xFFFFFFFF
