"""A process of its own that walks through .pst and .ost files by libpff, and reads .msg files: it breaks alone.

Each line of its standard input asks for one archive, as JSON: [file, how many items to skip, text in the folder's path].
It writes frames to standard output, each a 4-byte length and a msgpack list: ["total", how many items] first, where that is
known; ["at", number, where, which of all it is] before an item is read, then ["mail", where, size, key, whether it is whole]
with the mail's bytes behind it, ["other", where, class] or ["unread", where, reason]; ["end", count] at last. A mail that is
not whole follows its "unread".
"""

import json
import struct
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from orgo.intake.outlook.archive import OLE
from orgo.intake.outlook.blocks import Blocks, Damaged
from orgo.intake.outlook.compose import Pieces, pieces_of
from orgo.intake.outlook.item import MESSAGE_CLASS, is_mail
from orgo.intake.outlook.pff import LARGEST, ItemReader
from orgo.lib.crash import crashpoint
from orgo.lib.memory import settle

MEMORY = 900 * 1024 * 1024
DEEPEST_FOLDER = 100
ALONE = "/in no folder"


def main() -> None:
    """Write the frames of the archives that are asked for, until standard input ends."""
    _limit()
    settle()
    for line in sys.stdin.buffer:
        file, skip, folder = json.loads(line)
        with Path(file).open("rb") as stream:
            if stream.read(len(OLE)) == OLE:
                _message(stream, skip)
            else:
                _archive(file, stream, skip, folder)


def _message(stream: BinaryIO, skip: int) -> None:
    """The frames of a .msg file: an archive of one item, whose place is the file's."""
    from orgo.intake.outlook.msg import NoMail, OtherItem, read_msg

    if not skip:
        _write("at", 0, "", 0)
        crashpoint("H1s.item")
        stream.seek(0)
        try:
            item = read_msg(stream.read())
            _write_mail("", pieces_of(item), item.key, True)
        except OtherItem as error:
            _write("other", "", error.kind)
        except (NoMail, MemoryError, RecursionError) as error:
            _write("unread", "", f"{error}"[:300] or type(error).__name__)
    _write("end", 1)


def _archive(file: str, stream: BinaryIO, skip: int, folder: str) -> None:
    blocks, problem = _blocks(stream)
    if problem:
        _write("unread", "", problem)
    try:
        archive = _opened(file, stream)
    except OSError:
        if not problem:
            raise
        _write("end", 0)
        return
    _write("end", Walk(blocks, skip, folder.lower()).through(archive))
    archive.close()


def _opened(file: str, stream: BinaryIO) -> Any:
    import pypff

    archive = pypff.file()
    if _is_text(file):
        archive.open(file)
    else:  # libpff takes no name that is not UTF-8, and reads more slowly from a stream
        archive.open_file_object(stream)
    return archive


def _is_text(name: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in name)


def _blocks(stream: BinaryIO) -> tuple[Blocks | None, str]:
    """The archive's blocks, for their checksums, and what is wrong with the file as a whole."""
    try:
        blocks = Blocks(stream)
    except Damaged as error:
        return None, f"is no Outlook archive, or a damaged one: {error}"
    is_cut = blocks.here < blocks.length
    return blocks, f"is cut off: {blocks.here} of its {blocks.length} bytes are here" if is_cut else ""


class Walk:
    """A walk through an archive, folder by folder; the first `skip` items are passed over, and those of unwanted folders.

    `folder` is text in the path of a wanted folder. What stands in no folder is looked for as well, as far as libpff finds it.
    """

    def __init__(self, blocks: Blocks | None = None, skip: int = 0, folder: str = "") -> None:
        self._blocks, self._skip, self._folder = blocks, skip, folder
        self._count = self._met = 0
        self._total = self._counted()
        self._has_folders = False

    def through(self, archive: Any) -> int:
        """Write the frames of all items; returns how many were wanted."""
        _write("total", self._total)
        self._tree("", archive.get_root_folder())
        self._orphans(archive)
        if self._met < self._total:
            _write("unread", "", f"{self._total - self._met} of its {self._total} items can't be found")
        elif not self._met and not self._has_folders:
            _write("unread", "", "is damaged: there are neither items nor folders in it")
        return self._count

    def _counted(self) -> int:
        """How many items the archive's index names, 0 where it can't be read."""
        try:
            return len(self._blocks.mails()) if self._blocks else 0
        except Damaged as error:
            _write("unread", "", f"{error}: items may be missing")
            return 0

    # ---------------------------------------------------------------- folders

    def _tree(self, path: str, root: Any) -> None:
        """The items of a folder and of those in it; a folder that stands in itself is entered once, and this is said."""
        waiting, seen = [(path, root, 0)], set[int]()
        while waiting:
            path, folder, depth = waiting.pop(0)
            if folder.identifier in seen:
                _write("unread", path, "this folder stands in itself: it was read before")
            elif depth > DEEPEST_FOLDER:
                _write(
                    "unread", path, f"this folder is more than {DEEPEST_FOLDER} folders deep: it was left out"
                )
            else:
                seen.add(folder.identifier)
                self._items(path, folder)
                waiting[:0] = [(f"{path}/{_name(one)}", one, depth + 1) for one in self._inner(path, folder)]

    def _items(self, path: str, folder: Any) -> None:
        self._has_folders |= bool(path)
        self._is_sound(path or "/", folder, "this folder is damaged: items may be missing")
        for number in range(_number(folder, "number_of_sub_messages", path)):
            self._take(f"{path}#{number + 1}", partial(folder.get_sub_message, number))

    def _inner(self, path: str, folder: Any) -> Iterator[Any]:
        for number in range(_number(folder, "number_of_sub_folders", path)):
            try:
                yield folder.get_sub_folder(number)
            except (OSError, MemoryError) as error:
                _write("unread", f"{path}/ folder {number + 1}", str(error)[:300])

    def _orphans(self, archive: Any) -> None:
        """What libpff found beside the tree of folders: the archive is damaged then, and each is said."""
        for number in range(archive.number_of_orphan_items):
            where = f"{ALONE}#{number + 1}"
            try:
                found = archive.get_orphan_item(number)
            except (OSError, MemoryError) as error:
                _write("unread", where, str(error)[:300])
                continue
            if hasattr(found, "get_sub_folder"):
                _write(
                    "unread",
                    f"{ALONE}/{_name(found)}",
                    "this folder stood in no other: it was read by itself",
                )
                self._tree(f"{ALONE}/{_name(found)}", found)
            else:
                _write("unread", where, "it stood in no folder, and was read by itself")
                self._take(where, partial(archive.get_orphan_item, number))

    # ---------------------------------------------------------------- items

    def _take(self, where: str, open_message: Callable[[], Any]) -> None:
        """The frames of one item, if it is wanted."""
        self._met += 1
        if self._folder and self._folder not in where.lower():
            return
        if self._count >= self._skip:
            _write("at", self._count, where, self._met)
            self._one(where, open_message)
        self._count += 1

    def _one(self, where: str, open_message: Callable[[], Any]) -> None:
        crashpoint("H1s.item")
        reader = ItemReader()
        try:
            message = open_message()
            properties = reader.properties(message)
            kind = properties.text(MESSAGE_CLASS)
            if not (is_mail(kind) and hasattr(type(message), "recipients")):
                _write("other", where, kind)
                return
            item = reader.item(message, properties)
            pieces = pieces_of(item)
        except (OSError, ValueError, MemoryError, RecursionError) as error:
            _write("unread", where, f"{type(error).__name__}: {error}"[:300])
            return
        if reader.lost:
            named = ", ".join(dict.fromkeys(reader.lost))
            _write("unread", where, f"a part of it can't be read: {named}; the rest was taken"[:300])
        is_sound = self._is_sound(where, message, "it is damaged: what was taken of it may be wrong")
        _write_mail(where, pieces, item.key, is_sound and not reader.lost)

    def _is_sound(self, where: str, found: Any, words: str) -> bool:
        wrong = self._blocks.damaged(found.identifier) if self._blocks else 0
        if wrong:
            _write("unread", where, f"{words} ({wrong} wrong {'checksum' if wrong == 1 else 'checksums'})")
        return not wrong


def _number(folder: Any, what: str, path: str) -> int:
    try:
        return int(getattr(folder, what))
    except OSError as error:
        _write("unread", path or "/", str(error)[:300])
        return 0


def _name(folder: Any) -> str:
    """A folder's name as a part of a path: "/" and controls would be read as something else."""
    try:
        name = folder.name or "without a name"
    except (OSError, ValueError):
        name = "without a name"
    return "".join("_" if letter == "/" or not letter.isprintable() else letter for letter in name)


# ---------------------------------------------------------------- the frames


def _write_mail(where: str, pieces: Pieces, key: str, is_whole: bool) -> None:
    """The frame of a mail, if it is none of more bytes than a mail may have."""
    size = sum(map(len, pieces))
    if size > LARGEST:
        _write("unread", where, f"is larger than {LARGEST} bytes")
        return
    _write("mail", where, size, key, is_whole, behind=pieces)


def _write(*frame: object, behind: Pieces | None = None) -> None:
    data = msgspec.msgpack.encode(frame)
    sys.stdout.buffer.write(struct.pack(">I", len(data)))
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.writelines(behind or ())
    sys.stdout.buffer.flush()


def _limit() -> None:
    """Bound the memory where the system can (not on Windows)."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))


if __name__ == "__main__":
    main()
