"""A .msg file ([MS-OXMSG]): a mail with its recipients, attachments and the mails within it, each in a storage of its own."""

import struct
from collections.abc import Iterator
from typing import Any

import olefile

from orgo.intake.outlook.item import (
    CONTENT_ID,
    DEEPEST,
    FILE_DATA,
    FILE_METHOD,
    FILE_NAME,
    LINK,
    LONG_FILE_NAME,
    LONG_LINK,
    MESSAGE_CLASS,
    MIME_TYPE,
    RTF,
    TOO_DEEP,
    File,
    Item,
    Properties,
    ansi_page,
    is_mail,
    item_of,
    only_a_link,
    page_of,
    recipient_of,
)
from orgo.lib.rtf import text_of_rtf

MOST = 2_000
_STREAM = "__substg1.0_"
_FIXED = "__properties_version1.0"
_WITHIN = "__substg1.0_3701000D"


class NoMail(Exception):
    """It is none of Outlook's messages, a damaged one, or something else than a mail; the text says which."""


def read_msg(data: bytes) -> Item:
    """The mail in these bytes. Raises NoMail."""
    try:
        with olefile.OleFileIO(data) as ole:
            return _Reader(ole).item([], 0)
    except NoMail:
        raise
    except Exception as error:  # the library raises what a stranger's bytes lead it to
        raise NoMail(f"it is a damaged .msg file ({type(error).__name__}: {error})") from error


class OtherItem(NoMail):
    """It is whole, but a contact, a task or the like: `kind` says which."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"it is no mail but an item of the kind {kind}")
        self.kind = kind


class _Reader:
    def __init__(self, ole: Any) -> None:
        self.ole = ole
        self.entries: list[list[str]] = ole.listdir(streams=True, storages=True)
        if not ole.exists(_FIXED):
            raise NoMail("it is no Outlook message")
        self.page = "cp1252"
        self.page = page_of(ansi_page(self._properties([])))

    def item(self, path: list[str], depth: int) -> Item:
        """The message in this storage."""
        properties = self._properties(path)
        kind = properties.text(MESSAGE_CLASS)
        if depth == 0 and not is_mail(kind):
            raise OtherItem(kind)
        recipients = [
            recipient_of(self._properties(one)) for one in self._storages(path, "__recip_version1.0_")
        ]
        files = [self._file(one, depth) for one in self._storages(path, "__attach_version1.0_")]
        return item_of(properties, recipients, files, text_of_rtf(properties.bytes(RTF)))

    def _file(self, path: list[str], depth: int) -> File:
        properties = self._properties(path)
        name = properties.text(LONG_FILE_NAME) or properties.text(FILE_NAME) or properties.text(0x3001)
        kind, content_id = properties.text(MIME_TYPE), properties.text(CONTENT_ID)
        within = [*path, _WITHIN]
        if self.ole.exists("/".join([*within, _FIXED])):
            if depth == DEEPEST:
                return File(name=name, missing=TOO_DEEP)
            return File(name=name, item=self.item(within, depth + 1))
        data = properties.bytes(FILE_DATA)
        if not data and properties.number(FILE_METHOD) in (2, 3, 4, 7):
            return File(name=name, missing=only_a_link(properties.text(LONG_LINK) or properties.text(LINK)))
        return File(name=name, kind=kind, content_id=content_id, data=data)

    def _storages(self, path: list[str], begin: str) -> Iterator[list[str]]:
        depth = len(path)
        names = {
            entry[depth]
            for entry in self.entries
            if len(entry) > depth and entry[:depth] == path and entry[depth].startswith(begin)
        }
        yield from ([*path, name] for name in sorted(names)[:MOST])

    def _properties(self, path: list[str]) -> Properties:
        depth, values = len(path), dict(self._fixed(path))
        for entry in self.entries:
            name = entry[-1]
            if (
                len(entry) != depth + 1
                or entry[:depth] != path
                or not name.startswith(_STREAM)
                or len(name) != len(_STREAM) + 8
            ):
                continue
            tag, kind = int(name[-8:-4], 16), int(name[-4:], 16)
            if self.ole.get_type(entry) == olefile.STGTY_STREAM:
                values[tag] = kind, self.ole.openstream(entry).read()
        return Properties(values, self.page)

    def _fixed(self, path: list[str]) -> Iterator[tuple[int, tuple[int, bytes]]]:
        """The properties of a fixed size: 16 bytes each behind a head whose size tells what the storage is (section 2.4)."""
        data = self.ole.openstream([*path, _FIXED]).read()
        head = 32 if not path else 24 if path[-1] == _WITHIN else 8
        for at in range(head, len(data) - 15, 16):
            kind, tag = struct.unpack_from("<HH", data, at)
            yield tag, (kind, data[at + 8 : at + 16])
