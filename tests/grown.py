"""A real Outlook archive in which one attachment is made as large as a test wants ([MS-PST] sections 2.2.2.6 to 2.2.2.8)."""

import os
import struct
import zlib
from typing import NamedTuple

_PAGE, _ENTRIES, _TREE_OF_BLOCKS = 512, 488, 0x80
_MOST = 8176  # bytes of a block, without its trailer
_LENGTH, _TREE = 184, 232  # in the header: the file's length; number and place of the blocks' tree
_INTERNAL = 2


class _Block(NamedTuple):
    """An entry of the blocks' tree."""

    number: int
    place: int
    size: int
    references: int


def grown(archive: bytes, old: int, size: int) -> bytes:
    """A Unicode archive in which the attachment of `old` bytes, the only one of that size, has `size` bytes.

    What is in it is the same letters over and over, as Outlook's encoding makes them of zeros.
    """
    made = _Archive(archive)
    made.replace(next(block for block in made.blocks.values() if made.is_list_of(block, old)), size)
    return made.written()


class _Archive:
    def __init__(self, data: bytes) -> None:
        self.data = bytearray(data)
        self.blocks: dict[int, _Block] = {}
        self._read(struct.unpack_from("<QQ", data, _TREE)[1])
        self._next = (max(self.blocks) | 7) + 1

    def _read(self, place: int) -> None:
        count, _, length, level = self.data[place + _ENTRIES : place + _ENTRIES + 4]
        for at in range(place, place + count * length, length):
            if level:
                self._read(struct.unpack_from("<QQQ", self.data, at)[2])
            else:
                block = _Block(*struct.unpack_from("<QQHH", self.data, at))
                self.blocks[block.number] = block

    def is_list_of(self, block: _Block, size: int) -> bool:
        """Whether a block lists others that are so many bytes together."""
        kind, level, _, total = struct.unpack_from("<BBHI", self.data, block.place)
        return bool(block.number & _INTERNAL) and (kind, level, total) == (1, 1, size)

    def replace(self, block: _Block, size: int) -> None:
        """Have a block list others that are so many bytes together."""
        pieces = [self._add(self._new(), os.urandom(min(_MOST, size - at))) for at in range(0, size, _MOST)]
        full = (_MOST - 8) // 8
        lists = [
            self._add(
                self._new() | _INTERNAL,
                _list(1, pieces[at : at + full], min(size - at * _MOST, full * _MOST)),
            )
            for at in range(0, len(pieces), full)
        ]
        self._add(block.number, _list(2, lists, size))

    def written(self) -> bytes:
        """The whole archive, with a new tree of its blocks."""
        entries = [struct.pack("<QQHHI", *block, 0) for _, block in sorted(self.blocks.items())]
        level = 0
        while True:
            pages = [self._page(entries[at : at + 20], level) for at in range(0, len(entries), 20)]
            if len(pages) == 1:
                break
            entries, level = [struct.pack("<QQQ", *page) for page in pages], level + 1
        struct.pack_into("<QQ", self.data, _TREE, *pages[0][1:])
        struct.pack_into("<Q", self.data, _LENGTH, len(self.data))
        struct.pack_into("<I", self.data, 4, _crc(self.data[8:479]))
        struct.pack_into("<I", self.data, 524, _crc(self.data[8:524]))
        return bytes(self.data)

    def _new(self) -> int:
        self._next += 4
        return self._next

    def _add(self, number: int, data: bytes) -> int:
        place = self._aligned(64)
        trailer = struct.pack("<HHIQ", len(data), _signature(place, number), _crc(data), number)
        self.data += data + bytes(-(len(data) + len(trailer)) % 64) + trailer
        self.blocks[number] = _Block(number, place, len(data), 2)
        return number

    def _page(self, entries: list[bytes], level: int) -> tuple[int, int, int]:
        """Write a page of the tree; returns its first key, its number and its place."""
        place, number = self._aligned(_PAGE), self._new()
        page = b"".join(entries).ljust(_ENTRIES, b"\0") + struct.pack("<4BI", len(entries), 20, 24, level, 0)
        kind = _TREE_OF_BLOCKS
        self.data += page + struct.pack("<BBHIQ", kind, kind, _signature(place, number), _crc(page), number)
        return struct.unpack_from("<Q", page)[0], number, place

    def _aligned(self, unit: int) -> int:
        self.data += bytes(-len(self.data) % unit)
        return len(self.data)


def _list(level: int, numbers: list[int], size: int) -> bytes:
    return struct.pack(f"<BBHI{len(numbers)}Q", 1, level, len(numbers), size, *numbers)


def _signature(place: int, number: int) -> int:
    mixed = (place ^ number) & 0xFFFFFFFF
    return (mixed >> 16) ^ (mixed & 0xFFFF)


def _crc(data: bytes | bytearray) -> int:
    return zlib.crc32(data, 0xFFFFFFFF) ^ 0xFFFFFFFF
