"""A process of its own that walks through .pst and .ost files by libpff: what breaks the library breaks nothing else.

Each line of its standard input asks for one archive, as JSON: [file, how many items to skip, text in the folder's path].
It writes frames to standard output, each a 4-byte length and a msgpack list: ["at", number, where] before an item is
read, then ["mail", where, bytes], ["other", where, class] or ["unread", where, reason]; ["end", count] at last.
"""

import json
import struct
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from orgo.intake.outlook.compose import compose
from orgo.intake.outlook.item import (
    CONTENT_ID,
    DEEPEST,
    FILE_DATA,
    FILE_METHOD,
    FILE_NAME,
    LONG_FILE_NAME,
    MESSAGE_CLASS,
    MIME_TYPE,
    TEXT,
    TOO_DEEP,
    File,
    Item,
    Properties,
    ansi_page,
    is_mail,
    item_of,
    page_of,
    recipient_of,
)
from orgo.lib.crash import crashpoint
from orgo.lib.memory import settle
from orgo.lib.rtf import text_of_rtf

MEMORY = 900 * 1024 * 1024
LARGEST = 200_000_000
DEEPEST_FOLDER, MOST_FILES = 100, 2_000
DAMAGED_TEXT = "[The text of this mail is damaged: Outlook kept it as RTF that can't be unpacked.]"
_BY_VALUE, _EMBEDDED = 1, 5


def main() -> None:
    """Write the frames of the archives that are asked for, until standard input ends."""
    _limit()
    settle()
    for line in sys.stdin.buffer:
        _archive(*json.loads(line))


def _archive(file: str, skip: int, folder: str) -> None:
    import pypff

    archive, folder = pypff.file(), folder.lower()
    with Path(file).open("rb") as stream:
        if _is_text(file):
            archive.open(file)
        else:  # libpff takes no name that is not UTF-8, and reads more slowly from a stream
            archive.open_file_object(stream)
        _write("end", _items(archive.get_root_folder(), skip, folder))
        archive.close()


def _is_text(name: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in name)


def _items(root: Any, skip: int, folder: str) -> int:
    count = 0
    for where, open_message in _messages(root):
        if folder and folder not in where.lower():
            continue
        if count >= skip:
            _write("at", count, where)
            _one(where, open_message)
        count += 1
    return count


def _one(where: str, open_message: Callable[[], Any]) -> None:
    """The frame of one item; what libpff can't read of it is said, with its place."""
    crashpoint("H1s.item")
    try:
        message = open_message()
        properties = _properties(message)
        kind = properties.text(MESSAGE_CLASS)
        if is_mail(kind) and hasattr(type(message), "recipients"):
            _write("mail", where, compose(_item(message, properties, 0)))
        else:
            _write("other", where, kind)
    except (OSError, ValueError, MemoryError, RecursionError) as error:
        _write("unread", where, f"{type(error).__name__}: {error}"[:300])


def _messages(root: Any) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Every item's place, and how it is opened, in the archive's order; a folder that stands in itself is entered once.

    Such a folder and those that are too deep are said.
    """
    waiting, seen = [("", root, 0)], set[int]()
    while waiting:
        path, folder, depth = waiting.pop(0)
        if folder.identifier in seen:
            _write("unread", path, "this folder stands in itself: it was read before")
            continue
        if depth > DEEPEST_FOLDER:
            _write("unread", path, f"this folder is more than {DEEPEST_FOLDER} folders deep: it was left out")
            continue
        seen.add(folder.identifier)
        for number in range(_number(folder, "number_of_sub_messages", path)):
            yield f"{path}#{number + 1}", partial(folder.get_sub_message, number)
        count = _number(folder, "number_of_sub_folders", path)
        inner = [_subfolder(folder, number, path) for number in range(count)]
        waiting[:0] = [(f"{path}/{_name(one)}", one, depth + 1) for one in inner if one is not None]


def _number(folder: Any, what: str, path: str) -> int:
    try:
        return int(getattr(folder, what))
    except OSError as error:
        _write("unread", path or "/", str(error)[:300])
        return 0


def _subfolder(folder: Any, number: int, path: str) -> Any:
    try:
        return folder.get_sub_folder(number)
    except OSError as error:
        _write("unread", f"{path}/ folder {number + 1}", str(error)[:300])
        return None


def _name(folder: Any) -> str:
    """A folder's name as a part of a path: "/" and controls would be read as something else."""
    try:
        name = folder.name or "without a name"
    except (OSError, ValueError):
        name = "without a name"
    return "".join("_" if letter == "/" or not letter.isprintable() else letter for letter in name)


# ---------------------------------------------------------------- an item


def _properties(found: Any) -> Properties:
    values: dict[int, tuple[int, bytes]] = {}
    for number in range(found.number_of_record_sets):
        for entry in _entries(found.get_record_set(number)):
            values.setdefault(entry[0], entry[1:])
    return _paged(values)


def _entries(record: Any) -> Iterator[tuple[int, int, bytes]]:
    for number in range(record.number_of_entries):
        try:
            entry = record.get_entry(number)
            if entry.entry_type != FILE_DATA:  # an attachment's bytes are read by themselves
                yield entry.entry_type or 0, entry.value_type or 0, entry.data or b""
        except (OSError, ValueError):
            continue


def _paged(values: dict[int, tuple[int, bytes]]) -> Properties:
    page = page_of(ansi_page(Properties(values)))
    return Properties(values, page)


def _item(message: Any, properties: Properties, depth: int) -> Item:
    recipients = [recipient_of(one) for one in _recipients(message)]
    count = min(message.number_of_attachments or 0, MOST_FILES)
    files = [_file(message, number, depth) for number in range(count)]
    rtf = "" if properties.text(TEXT) else _rtf(message)
    return item_of(properties, recipients, files, rtf)


def _recipients(message: Any) -> Iterator[Properties]:
    try:
        found = message.recipients
        count = found.number_of_recipients if found is not None else 0
    except OSError:
        return
    for number in range(min(count, 5_000)):
        yield _paged({entry[0]: entry[1:] for entry in _entries(found.get_recipient(number))})


def _rtf(message: Any) -> str:
    try:
        data = message.rtf_body
    except OSError:
        return DAMAGED_TEXT
    return (
        text_of_rtf(data if isinstance(data, bytes) else str(data or "").encode("cp1252", "replace"))
        if data
        else ""
    )


def _file(message: Any, number: int, depth: int) -> File:
    try:
        found = message.get_attachment(number)
        properties = _properties(found)
    except OSError as error:
        return File(missing=f"it is damaged ({error})"[:200])
    name = properties.text(LONG_FILE_NAME) or properties.text(FILE_NAME) or properties.text(0x3001)
    method = properties.number(FILE_METHOD)
    if method == _EMBEDDED:
        if depth == DEEPEST:
            return File(name=name, missing=TOO_DEEP)
        inner = _embedded(found, depth)
        return File(name=name, item=inner) if inner else File(name=name, missing="the mail in it is damaged")
    if method not in (_BY_VALUE, 6):
        return File(name=name, missing="only a link to it was attached")
    return _by_value(found, name, properties)


def _embedded(found: Any, depth: int) -> Item | None:
    try:
        inner = found.get_sub_item(0)
        return _item(inner, _properties(inner), depth + 1)
    except (OSError, AttributeError, ValueError):
        return None


def _by_value(found: Any, name: str, properties: Properties) -> File:
    try:
        size = found.size
        if size > LARGEST:
            return File(name=name, missing=f"it is larger than {LARGEST} bytes")
        data = found.read_buffer(size) if size else b""
    except OSError as error:
        return File(name=name, missing=f"it is damaged ({error})"[:200])
    return File(name=name, kind=properties.text(MIME_TYPE), content_id=properties.text(CONTENT_ID), data=data)


# ---------------------------------------------------------------- the frames


def _write(*frame: object) -> None:
    data = msgspec.msgpack.encode(frame)
    sys.stdout.buffer.write(struct.pack(">I", len(data)))
    sys.stdout.buffer.write(data)
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
