"""An item of Outlook's as values, and how its MAPI properties are read ([MS-OXPROPS]; pure)."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec

from orgo.lib.text import clean_header

UNICODE, ANSI, BINARY, NUMBER, TIME = 0x001F, 0x001E, 0x0102, 0x0003, 0x0040
MESSAGE_CLASS, SUBJECT, SUBMITTED, HEADERS, DELIVERED = 0x001A, 0x0037, 0x0039, 0x007D, 0x0E06
SENDER_NAME, SENDER_KIND, SENDER, SENDER_SMTP = 0x0C1A, 0x0C1E, 0x0C1F, 0x5D01
ON_BEHALF_NAME, ON_BEHALF, ON_BEHALF_SMTP = 0x0042, 0x0065, 0x5D02
TEXT, RTF, HTML, MESSAGE_ID, REFERENCES, IN_REPLY_TO = 0x1000, 0x1009, 0x1013, 0x1035, 0x1039, 0x1042
CODE_PAGE, ANSI_PAGE = 0x3FDE, 0x3FFD
RECIPIENT_KIND, DISPLAY_NAME, ADDRESS, SMTP_ADDRESS = 0x0C15, 0x3001, 0x3003, 0x39FE
FILE_DATA, FILE_NAME, FILE_METHOD, LONG_FILE_NAME, MIME_TYPE, CONTENT_ID = (
    0x3701,
    0x3704,
    0x3705,
    0x3707,
    0x370E,
    0x3712,
)
LINK, LONG_LINK = 0x3708, 0x370D
SEARCH_KEY, SIZE, TO_NAMES, CC_NAMES = 0x300B, 0x0E08, 0x0E04, 0x0E03
_IDENTITY = (SEARCH_KEY, HEADERS, MESSAGE_ID)
# Copies have one search key (and headers), also those that somebody changed afterwards: what is in them counts as well.
_CONTENT = (SUBMITTED, DELIVERED, SUBJECT, TO_NAMES, CC_NAMES, SIZE, TEXT, HTML, RTF)
DEEPEST = 9  # mails in one another; each is two levels of the mail it becomes, of which a reader takes twenty
TOO_DEEP = f"it stands in more than {DEEPEST} mails, one in the other"
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_NO_MAIL = (
    "IPM.CONTACT",
    "IPM.TASK",
    "IPM.APPOINTMENT",
    "IPM.STICKYNOTE",
    "IPM.DISTLIST",
    "IPM.ACTIVITY",
    "IPM.OLE.CLASS",
    "IPM.CONFIGURATION",
)
Kind = Literal["To", "Cc", "Bcc"]
_KINDS: dict[int, Kind] = {1: "To", 2: "Cc", 3: "Bcc"}


class Recipient(msgspec.Struct, frozen=True):
    """Whom an item was to; the address may be none of the internet's."""

    kind: Kind
    name: str
    address: str


class File(msgspec.Struct, frozen=True, kw_only=True):
    """An attachment: bytes, another item, or a reason why there is neither."""

    name: str = ""
    kind: str = ""
    content_id: str = ""
    data: bytes | None = None
    item: "Item | None" = None
    missing: str = ""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """What Outlook kept of a mail. `headers` are those it came with, "" where it never travelled; `key` see `key_of`."""

    headers: str = ""
    subject: str = ""
    sender: Recipient | None = None
    recipients: list[Recipient] = []
    date: datetime | None = None
    message_id: str = ""
    references: str = ""
    in_reply_to: str = ""
    text: str = ""
    html: str = ""
    files: list[File] = []
    key: str = ""


class Properties:
    """The MAPI properties of something: by tag, the type and the bytes of the value."""

    def __init__(self, values: Mapping[int, tuple[int, bytes]], page: str = "cp1252") -> None:
        self._values = values
        self._page = page

    def text(self, tag: int) -> str:
        """A text, "" where there is none; without the NUL that ends it."""
        kind, data = self._values.get(tag, (0, b""))
        if kind == UNICODE:
            return data.decode("utf-16-le", "replace").rstrip("\0")
        return data.decode(self._page, "replace").rstrip("\0") if kind == ANSI else ""

    def bytes(self, tag: int) -> bytes:
        """Bytes, whatever type they are said to be."""
        return self._values.get(tag, (0, b""))[1]

    def number(self, tag: int) -> int:
        """A number, 0 where there is none."""
        data = self._values.get(tag, (0, b""))[1]
        return int.from_bytes(data[:4], "little", signed=True) if data else 0

    def time(self, tag: int) -> datetime | None:
        """An instant (100 ns since 1601), None where there is none that can be."""
        data = self._values.get(tag, (0, b""))[1]
        ticks = int.from_bytes(data[:8], "little") if len(data) >= 8 else 0
        try:
            return _EPOCH + timedelta(microseconds=ticks // 10) if ticks else None
        except OverflowError:
            return None


def is_mail(message_class: str) -> bool:
    """Whether an item of this class is a mail: contacts, tasks, appointments and notes are not."""
    return not message_class.upper().startswith(_NO_MAIL)


def page_of(number: int) -> str:
    """The codec of a Windows code page, cp1252 where there is none."""
    name = {
        65001: "utf-8",
        1200: "utf-16-le",
        20127: "ascii",
        28591: "latin-1",
        28605: "iso8859-15",
        50220: "iso2022_jp",
    }.get(number, f"cp{number}")
    try:
        "".encode(name)
    except LookupError:
        return "cp1252"
    return name


def ansi_page(properties: Properties) -> int:
    """The code page of texts that are not Unicode: the item's own, else the internet's where that is an ANSI one."""
    internet = properties.number(CODE_PAGE)
    return properties.number(ANSI_PAGE) or (internet if 874 <= internet <= 1258 else 1252)


def only_a_link(link: str) -> str:
    """Why an attachment is not here that is a file or a page elsewhere; `link` is its path or address, "" where none was kept."""
    return "only a link to it was attached" + (f": {clean_header(link)[:500]}" if link.strip() else "")


def subject_of(properties: Properties) -> str:
    """The subject without the two letters that say how long its "Re: " is ([MS-PST] section 2.5.3.1.1.1)."""
    text = properties.text(SUBJECT)
    return text[2:] if text[:1] == "\x01" else text


def sender_of(properties: Properties) -> Recipient | None:
    """Who sent it: the address of the internet before Exchange's own."""
    names = ((ON_BEHALF_NAME, ON_BEHALF_SMTP, ON_BEHALF), (SENDER_NAME, SENDER_SMTP, SENDER))
    for name_tag, smtp, other in names:
        address = properties.text(smtp) or properties.text(other)
        if address:
            return Recipient("To", properties.text(name_tag), address)
    name = properties.text(SENDER_NAME) or properties.text(ON_BEHALF_NAME)
    return Recipient("To", name, "") if name else None


def recipient_of(properties: Properties) -> Recipient:
    """One recipient of an item."""
    kind = _KINDS.get(properties.number(RECIPIENT_KIND) & 0xF, "To")
    address = properties.text(SMTP_ADDRESS) or properties.text(ADDRESS)
    return Recipient(kind, properties.text(DISPLAY_NAME), address)


def key_of(properties: Properties) -> str:
    """What an item is known by, whatever reads it and however it is written as a mail; "" where it has nothing of its own."""
    if not any(map(properties.bytes, _IDENTITY)):
        return ""
    digest = hashlib.sha256()
    for value in map(properties.bytes, _IDENTITY + _CONTENT):
        digest.update(len(value).to_bytes(8, "big") + value)
    return digest.hexdigest()


def html_of(properties: Properties) -> str:
    """The HTML body, read by the code page that the item names for it."""
    data = properties.bytes(HTML)
    page = page_of(properties.number(CODE_PAGE) or properties.number(ANSI_PAGE) or 1252)
    if properties.text(HTML):
        return properties.text(HTML)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode(page, "replace")


def item_of(properties: Properties, recipients: list[Recipient], files: list[File], rtf: str = "") -> Item:
    """An item from its properties; `rtf` is the text of an RTF body, for where there is no other."""
    html = html_of(properties)
    text = properties.text(TEXT)
    return Item(
        headers=properties.text(HEADERS),
        subject=subject_of(properties),
        sender=sender_of(properties),
        recipients=recipients,
        date=properties.time(SUBMITTED) or properties.time(DELIVERED),
        message_id=properties.text(MESSAGE_ID),
        references=properties.text(REFERENCES),
        in_reply_to=properties.text(IN_REPLY_TO),
        text=text if text or html else rtf,
        html=html,
        files=files,
        key=key_of(properties),
    )
