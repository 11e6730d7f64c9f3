"""One item of an Outlook archive, as libpff gives it; what can't be read of it is kept account of, and the rest is kept."""

from collections.abc import Iterator
from typing import Any

from orgo.intake.outlook.item import (
    CONTENT_ID,
    DEEPEST,
    FILE_DATA,
    FILE_METHOD,
    FILE_NAME,
    HEADERS,
    HTML,
    LINK,
    LONG_FILE_NAME,
    LONG_LINK,
    MIME_TYPE,
    SUBJECT,
    TEXT,
    TOO_DEEP,
    File,
    Item,
    Properties,
    ansi_page,
    item_of,
    only_a_link,
    page_of,
    recipient_of,
)
from orgo.lib.rtf import text_of_rtf

LARGEST = 50_000_000  # what is larger no mail may be (message/limits)
_OF_TEXTS = 500_000
MOST_FILES, MOST_RECIPIENTS = 2_000, 5_000
DAMAGED_TEXT = "[The text of this mail is damaged: Outlook kept it as RTF that can't be unpacked.]"
_BY_VALUE, _EMBEDDED, _OLE = 1, 5, 6
_NAMES = {HEADERS: "its headers", SUBJECT: "its subject", TEXT: "its text", HTML: "its HTML text"}


class ItemReader:
    """Reads one item. `lost` names, for people, what it could not read of it."""

    def __init__(self) -> None:
        self.lost: list[str] = []
        self._room = LARGEST - _OF_TEXTS  # for attachments, in base64

    def properties(self, found: Any) -> Properties:
        """The properties of an item or an attachment. Raises OSError where there are none to be had."""
        values: dict[int, tuple[int, bytes]] = {}
        for number in range(found.number_of_record_sets):
            for entry in self._entries(found.get_record_set(number)):
                values.setdefault(entry[0], entry[1:])
        return _paged(values)

    def item(self, message: Any, properties: Properties, depth: int = 0) -> Item:
        """The item, with its recipients and attachments."""
        recipients = [recipient_of(one) for one in self._recipients(message)]
        files = [self._file(message, number, depth) for number in range(self._count_of_files(message))]
        rtf = "" if properties.text(TEXT) else self._rtf(message)
        return item_of(properties, recipients, files, rtf)

    def _entries(self, record: Any) -> Iterator[tuple[int, int, bytes]]:
        for number in range(record.number_of_entries):
            tag = 0
            try:
                entry = record.get_entry(number)
                tag = entry.entry_type or 0
                if tag != FILE_DATA:  # an attachment's bytes are read by themselves
                    yield tag, entry.value_type or 0, entry.data or b""
            except (OSError, ValueError):
                self.lost.append(_NAMES.get(tag, f"property {tag:04x}" if tag else "a property"))

    def _recipients(self, message: Any) -> Iterator[Properties]:
        try:
            found = message.recipients
            count = found.number_of_recipients if found is not None else 0
        except OSError:
            self.lost.append("its recipients")
            return
        for number in range(min(count, MOST_RECIPIENTS)):
            try:
                yield _paged({entry[0]: entry[1:] for entry in self._entries(found.get_recipient(number))})
            except OSError:
                self.lost.append(f"recipient {number + 1}")

    def _rtf(self, message: Any) -> str:
        try:
            data = message.rtf_body
        except OSError:
            self.lost.append("its RTF text")
            return DAMAGED_TEXT
        if not data:
            return ""
        return text_of_rtf(data if isinstance(data, bytes) else str(data).encode("cp1252", "replace"))

    # ---------------------------------------------------------------- attachments

    def _count_of_files(self, message: Any) -> int:
        try:
            count = message.number_of_attachments or 0
        except OSError:
            self.lost.append("its attachments")
            return 0
        if count > MOST_FILES:
            self.lost.append(f"its attachments after the first {MOST_FILES}")
        return min(count, MOST_FILES)

    def _file(self, message: Any, number: int, depth: int) -> File:
        name = ""
        try:
            found = message.get_attachment(number)
            properties = self.properties(found)
            name = properties.text(LONG_FILE_NAME) or properties.text(FILE_NAME) or properties.text(0x3001)
            return self._content(found, name, properties, depth)
        except (OSError, ValueError, AttributeError) as error:
            self.lost.append(f"attachment {name or number + 1}")
            return File(name=name, missing=f"it is damaged ({error})"[:200])

    def _content(self, found: Any, name: str, properties: Properties, depth: int) -> File:
        method = properties.number(FILE_METHOD)
        if method == _EMBEDDED:
            if depth == DEEPEST:
                self.lost.append(f"the mail {name or 'without a name'} in it: {TOO_DEEP}")
                return File(name=name, missing=TOO_DEEP)
            inner = found.get_sub_item(0)
            return File(name=name, item=self.item(inner, self.properties(inner), depth + 1))
        if method not in (_BY_VALUE, _OLE):
            return File(name=name, missing=only_a_link(properties.text(LONG_LINK) or properties.text(LINK)))
        size = found.size
        room = self._room - size // 57 * 78
        if room < 0:
            self.lost.append(f"attachment {name}, with which the mail would be larger than {LARGEST} bytes")
            return File(name=name, missing=f"with it the mail would be larger than {LARGEST} bytes")
        self._room = room
        data = found.read_buffer(size) if size else b""
        kind, content_id = properties.text(MIME_TYPE), properties.text(CONTENT_ID)
        return File(name=name, kind=kind, content_id=content_id, data=data)


def _paged(values: dict[int, tuple[int, bytes]]) -> Properties:
    page = page_of(ansi_page(Properties(values)))
    return Properties(values, page)
