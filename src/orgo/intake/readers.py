"""Archives of mail as one stream: .eml, .msg, mbox, .pst and .ost files, Maildirs, folders of them (touches files only)."""

import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple

from orgo.intake.outlook.archive import OLE, SIGNATURE, Archives, Told, nobody

LARGEST = 50_000_000
QUICK = 1_000_000  # an mbox of so many bytes is read anew in less time than its place takes to keep
_PIECE = 1_000_000
_BEGIN = 1000
_ENVELOPE = re.compile(rb"From \S.*\d\d:\d\d")
_WHOLE_ENVELOPE = re.compile(
    rb"From \S+ +[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d(:\d\d)?( [-+A-Z\d]{1,5})? \d{4}\s*$"
)
_HEADER = re.compile(rb"(?:[!-9;-~]{1,76}[ \t]*:|>From )")
_QUOTED = re.compile(rb">+From ")
_WINMAIL = b"\x78\x9f\x3e\x22"  # [MS-OXTNEF] section 2.1.3.1
_MAIL_NAMES = (".eml", ".mbox", ".mbx", ".pst", ".ost", ".msg")


class Place(NamedTuple):
    """How far an archive is read: so many of its items (mails in an mbox), and about so many bytes (there exactly so many)."""

    number: int = 0
    offset: int = 0


START = Place()


@dataclass(frozen=True)
class Item:
    """One mail of an archive. `where` says where it was, for people; `data` are its bytes.

    One of Outlook's may have a `key`, which stays when the bytes are composed in another way. Where a part of it can't be
    read `is_whole` is false. `read` is how many bytes of its archive are read with it, where it is not as many as it has.
    `place` is where the reading of its archive goes on behind it.
    """

    where: str
    data: bytes
    key: str = ""
    is_whole: bool = True
    read: int | None = None
    place: Place = START


Trouble = Told
"""Is told of what could not be read: where, and why."""


class Source(NamedTuple):
    """A file with mail in it, whose mails `items` reads. The reading of an archive may begin at any place that it gave."""

    file: Path
    is_archive: bool
    items: Callable[[Place], Iterator[Item]]


def read(paths: Iterable[Path], trouble: Trouble, folder: str = "", other: Told = nobody) -> Iterator[Item]:
    """All mails below `paths`, in the order of the names; what can't be read is told to `trouble` and passed over.

    `folder` keeps those mails of an Outlook archive whose folder's path has this text in it. Outlook's items that are no
    mail are told to `other`: where, and their class.
    """
    for source in sources(paths, trouble, folder, other):
        yield from source.items(START)


def sources(
    paths: Iterable[Path], trouble: Trouble, folder: str = "", other: Told = nobody
) -> Iterator[Source]:
    """The files that `read` reads, one by one; each is to be read before the next is asked for."""
    with closing(Archives()) as archives:
        for path in paths:
            for file in _files(path, set(), trouble):
                kind = _kind(file)
                if kind == "outlook":
                    items = partial(_outlook, archives, file, trouble, folder, other)
                else:
                    items = partial(_mbox_file if kind == "mbox" else _mail_file, file, trouble)
                yield Source(file, _is_long(file, kind), items)


def holds_many(file: Path) -> bool:
    """Whether a file is an archive for whoever put it there: Outlook's, or an mbox with more than one mail."""
    kind = _kind(file)
    if kind != "mbox":
        return kind == "outlook" and not _is_message(file)
    with suppress(OSError), _opened(file) as stream:
        return _goes_on(stream, _size(file))
    return False


def are_many(data: bytes) -> bool:
    """Whether these bytes, which look like mail, are an mbox with more than one."""
    data = _without_blank_beginning(data)
    return data.startswith(b"From ") and _goes_on(BytesIO(data), len(data))


def _goes_on(stream: BinaryIO, size: int) -> bool:
    """Whether an mbox of `size` bytes has something behind its first mail."""
    return any(mail.place.offset < size for mail in islice(mbox(stream, "", nobody), 1))


def can_go_on(file: Path, place: Place) -> bool:
    """Whether an archive, which is as it was, can be read from this place: in an mbox a mail begins there, or it ends."""
    if place == START or _kind(file) != "mbox":
        return True
    with suppress(OSError), _opened(file) as stream:
        stream.seek(place.offset)
        line, after = stream.readline(_PIECE), stream.readline(_PIECE)
        return not line or _begins_mail(line, after)
    return False


def count(paths: Iterable[Path]) -> int:
    """About how many bytes `read` will go through, for a progress bar."""
    sizes = (_size(file) for path in paths for file in _files(path, set(), nobody))
    return sum(sizes)


def _shown(path: Path) -> str:
    """A path as text, whatever bytes its name is made of."""
    return os.fsencode(path).decode("utf-8", "replace")


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


# ---------------------------------------------------------------- which files there are


def _files(path: Path, seen: set[tuple[int, int]], trouble: Trouble) -> Iterator[Path]:
    """The mail files at or below `path`, in the order of their names. A folder is entered once, whatever links lead to it."""
    waiting = [path]
    while waiting:
        one = waiting.pop()
        try:
            one = _where_it_is_now(one)
            found = one.stat()
            if not stat.S_ISDIR(found.st_mode):
                yield one
            elif (found.st_dev, found.st_ino) not in seen:
                seen.add((found.st_dev, found.st_ino))
                waiting += reversed(_inside(one, trouble))
        except OSError as error:
            trouble(_shown(one), _words(error))


def _inside(folder: Path, trouble: Trouble) -> list[Path]:
    """The entries of a folder that are mail or folders, in the order of their names."""
    is_maildir = (folder / "cur").is_dir() and (folder / "new").is_dir()
    of_maildir = is_maildir or folder.name in ("cur", "new")
    return [entry for entry in sorted(folder.iterdir()) if _wanted(entry, of_maildir, trouble)]


def _wanted(entry: Path, of_maildir: bool, trouble: Trouble) -> bool:
    """Whether an entry of a folder is mail: by its name, its place in a Maildir, or how it begins."""
    if entry.name == "tmp" and of_maildir:
        return False
    with suppress(OSError):  # a link that can't be followed is told of where it is read
        if entry.is_dir():
            return True
    return _is_named_mail(entry) or (not entry.name.startswith(".") and _begins_like_mail(entry))


def _is_named_mail(file: Path) -> bool:
    """Whether a file's name or its place in a Maildir says that it is mail, so that it is read whatever is in it."""
    return file.suffix.lower() in _MAIL_NAMES or file.parent.name in ("cur", "new")


def _begins_like_mail(file: Path) -> bool:
    try:
        with _opened(file) as stream:
            return looks_like_mail(stream.read(_BEGIN))
    except OSError:
        return False


def looks_like_mail(data: bytes) -> bool:
    """Whether these bytes begin with a header, or as an mbox does: a PDF or a photo does not."""
    begin = _without_blank_beginning(data[:_BEGIN])
    has_lines = b"\n" in begin or b"\r" in begin
    return begin.startswith(b"From ") or bool(_HEADER.match(begin) and has_lines and b"\0" not in begin)


def _without_blank_beginning(data: bytes) -> bytes:
    """Bytes from their first line on, without a byte order mark."""
    return data.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")


def _opened(file: Path) -> BinaryIO:
    """A regular file, open. Anything else (a pipe, a device) raises OSError at once instead of waiting for it."""
    if not stat.S_ISREG(file.stat().st_mode):
        raise OSError(0, "is no file (a pipe, socket or device)", str(file))
    return os.fdopen(
        os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)), "rb"
    )


def _words(error: OSError) -> str:
    return "it is gone" if isinstance(error, FileNotFoundError) else str(error.strerror or error)


# ---------------------------------------------------------------- what is in a file


def _kind(file: Path) -> Literal["mbox", "outlook", "mail"]:
    """How a file is to be read, by how it begins. One that can't be read is said where it is read as a mail."""
    try:
        with _opened(_where_it_is_now(file)) as stream:
            begin = stream.read(len(OLE))
    except OSError:
        return "mail"
    if begin[:5] == b"From ":
        return "mbox"
    is_named = file.suffix.lower() in (".pst", ".ost")
    is_outlook = is_named or begin[:4] == SIGNATURE or (begin == OLE and _size(file) <= LARGEST)
    return "outlook" if is_outlook else "mail"


def _is_long(file: Path, kind: str) -> bool:
    """Whether a place in a file is worth keeping. A .msg is one mail, and folders are full of small mboxes of one mail."""
    return (kind == "outlook" and not _is_message(file)) or (kind == "mbox" and _size(file) > QUICK)


def _is_message(file: Path) -> bool:
    try:
        with _opened(file) as stream:
            return stream.read(len(OLE)) == OLE
    except OSError:
        return False


def _mail_file(file: Path, trouble: Trouble, _place: Place) -> Iterator[Item]:
    try:
        with _opened(_where_it_is_now(file)) as stream:
            data = stream.read(LARGEST + 1)
    except OSError as error:
        trouble(_shown(file), _words(error))
        return
    if not data:
        trouble(_shown(file), "is empty")
    elif len(data) > LARGEST:
        trouble(_shown(file), f"is larger than {LARGEST} bytes")
    elif data.startswith(_WINMAIL):
        trouble(
            _shown(file),
            "is an attachment of Outlook (winmail.dat), no mail: take the mail that it came with",
        )
    elif not _is_named_mail(file) and not looks_like_mail(data):
        trouble(_shown(file), "is no mail")
    else:
        yield Item(_shown(file), data)


def _mbox_file(file: Path, trouble: Trouble, place: Place) -> Iterator[Item]:
    try:
        with _opened(_where_it_is_now(file)) as stream:
            yield from mbox(stream, _shown(file), trouble, place)
    except OSError as error:
        trouble(_shown(file), _words(error))


def _outlook(
    archives: Archives, file: Path, trouble: Trouble, folder: str, other: Told, place: Place
) -> Iterator[Item]:
    size, done = _size(file), place.offset
    for found in archives.mails(file, _shown(file), trouble, folder, other, place.number):
        read = max(done, int(size * found.share))
        yield Item(found.where, found.data, found.key, found.is_whole, read - done, Place(found.number, read))
        done = read


def _where_it_is_now(file: Path) -> Path:
    """In a Maildir a reader renames files while we look: the same mail under its new flags."""
    if file.parent.name not in ("cur", "new") or file.exists():
        return file
    unique = file.name.partition(":")[0]
    folders = (file.parent, file.parent.parent / "cur")
    found = (entry for folder in folders if folder.is_dir() for entry in folder.iterdir())
    return next((entry for entry in found if entry.name.partition(":")[0] == unique), file)


def mbox(stream: BinaryIO, where: str, trouble: Trouble, place: Place = START) -> Iterator[Item]:
    """The mails of an mbox (RFC 4155, with mboxrd's quoting) from this place on; Content-Length is not believed.

    A line `From ..` begins a mail where an empty line stands before it and it is of the usual form, or at least has
    a time in it and a header follows.
    """
    mail = _Mail(where, trouble, place)
    stream.seek(place.offset)
    at, before, line = place.offset, b"\n", stream.readline(_PIECE)
    while line:
        after = stream.readline(_PIECE)
        if at == place.offset or (not before.strip() and _begins_mail(line, after)):
            yield from mail.end(at)
            mail.begin(mail.number + 1)
        else:
            mail.add(line[1:] if _QUOTED.match(line) else line)
        at, before, line = at + len(line), line, after
    yield from mail.end(at)


def _begins_mail(line: bytes, after: bytes) -> bool:
    return bool(_WHOLE_ENVELOPE.match(line) or (_ENVELOPE.match(line) and _HEADER.match(after)))


class _Mail:
    """The mail of an mbox that is being gathered; those before `place` were read."""

    def __init__(self, where: str, trouble: Trouble, place: Place) -> None:
        self.where, self.trouble = where, trouble
        self._place = place
        self.begin(place.number)

    def begin(self, number: int) -> None:
        self.number, self._size, self._last = number, 0, b""
        self._data = bytearray()  # not a list of lines, which are many objects

    def add(self, line: bytes) -> None:
        self._size += len(line)
        if self._size <= LARGEST:
            self._data += line
            self._last = line

    def end(self, at: int) -> Iterator[Item]:
        """The mail, which ends before this byte, without the empty line that ends it in the file."""
        if self.number == self._place.number:
            return
        where, read = f"{self.where}#{self.number}", at - self._place.offset
        self._place = Place(self.number, at)
        if self._size > LARGEST:
            self.trouble(where, f"is larger than {LARGEST} bytes")
            return
        if self._last and not self._last.strip():
            del self._data[-len(self._last) :]
        data, self._data = bytes(self._data), bytearray()
        yield Item(where, data, read=read, place=self._place)
