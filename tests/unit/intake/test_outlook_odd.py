"""Archives as no writer should make them (design/bad-input.md 83 to 85), in the shape that libpff gives them."""

import struct
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from orgo.intake.outlook import child
from orgo.intake.outlook.compose import compose
from orgo.intake.outlook.item import DEEPEST, File, Item
from orgo.intake.outlook.pff import DAMAGED_TEXT
from orgo.message import attachment_content, parse

TEXTS = {
    "kind": 0x001A,
    "subject": 0x0037,
    "headers": 0x007D,
    "sender_name": 0x0C1A,
    "sender": 0x5D01,
    "text": 0x1000,
    "name": 0x3707,
    "link": 0x370D,
}
METHOD = 0x3705
BY_VALUE, BY_REFERENCE, EMBEDDED = 1, 2, 5
Frames = list[tuple[Any, ...]]


class Record(SimpleNamespace):
    """A record set with these texts and numbers."""

    def __init__(self, texts: dict[str, str], numbers: dict[int, int]) -> None:
        found = [(TEXTS[name], 0x1F, text.encode("utf-16-le")) for name, text in texts.items()]
        found += [(tag, 3, struct.pack("<i", number)) for tag, number in numbers.items()]
        self.entries = [
            SimpleNamespace(entry_type=tag, value_type=kind, data=data) for tag, kind, data in found
        ]
        self.number_of_entries, self.get_entry = len(self.entries), self.entries.__getitem__


class Thing:
    """What an item and an attachment have in common."""

    number_of_record_sets = 1
    identifier = 0

    def __init__(self, method: int | None = None, **texts: str) -> None:
        self.record = Record(texts, {} if method is None else {METHOD: method})

    def get_record_set(self, _number: int) -> Record:
        return self.record


class Attached(Thing):
    def __init__(self, method: int, data: bytes = b"", inner: "Mail | None" = None, **texts: str) -> None:
        super().__init__(method, **texts)
        self.data, self.size, self.inner = data, len(data), inner

    def read_buffer(self, size: int) -> bytes:
        return self.data[:size]

    def get_sub_item(self, _number: int) -> "Mail | None":
        return self.inner


class Mail(Thing):
    recipients = property(lambda _self: None)

    def __init__(
        self, *files: Attached, rtf: Callable[[], bytes | None] = lambda: None, **texts: str
    ) -> None:
        super().__init__(None, **texts)
        self.number_of_attachments, self.get_attachment, self._rtf = len(files), files.__getitem__, rtf

    @property
    def rtf_body(self) -> bytes | None:
        return self._rtf()


class Folder:
    """A folder with these items and folders; `number` is its identifier in the archive."""

    numbers = iter(range(1, 1_000_000))

    def __init__(self, name: str | None = None, mails: Any = (), folders: Any = (), number: int = 0) -> None:
        self.name, self.mails, self.folders = name, mails, list(folders)
        self.identifier = number or next(self.numbers)

    number_of_sub_messages = property(lambda self: len(self.mails))
    number_of_sub_folders = property(lambda self: len(self.folders))

    def get_sub_message(self, number: int) -> Mail:
        found: Mail = self.mails[number]
        return found

    def get_sub_folder(self, number: int) -> "Folder":
        found: Folder = self.folders[number]
        return found


class Archive:
    """An archive with this tree of folders, and what libpff found beside it."""

    def __init__(self, root: Folder, orphans: Any) -> None:
        self.root, self.orphans, self.number_of_orphan_items = root, orphans, len(orphans)

    def get_root_folder(self) -> Folder:
        return self.root

    def get_orphan_item(self, number: int) -> Any:
        if isinstance(self.orphans[number], Exception):
            raise self.orphans[number]
        return self.orphans[number]


@pytest.fixture
def walk(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Frames]:
    """The frames that a walk through this root folder writes."""

    def walking(root: Folder, skip: int = 0, orphans: Any = (), blocks: Any = None) -> Frames:
        frames: Frames = []
        monkeypatch.setattr(child, "_write", partial(written, frames))
        child.Walk(blocks, skip).through(Archive(root, orphans))
        return [frame for frame in frames if frame[0] != "total"]

    return walking


def written(frames: Frames, *frame: Any, behind: list[bytes] | None = None) -> None:
    """A frame, with the mail's bytes in place of their number."""
    frames.append((*frame[:2], b"".join(behind), *frame[3:]) if behind else frame)


def mails_of(frames: Frames) -> dict[str, Any]:
    return {frame[1]: parse(frame[2]) for frame in frames if frame[0] == "mail"}


def unread(frames: Frames) -> list[tuple[str, str]]:
    return [(where, why) for what, where, *rest in frames if what == "unread" for why in rest]


# ---------------------------------------------------------------- folders (bad input 84)


def test_a_folder_that_stands_in_itself_is_read_once_and_said(walk: Callable[..., Frames]) -> None:
    """bad input 84: a cyclic folder tree."""
    loop = Folder("Inbox", [Mail(subject="one")])
    loop.folders = [Folder("Old", [Mail(subject="two")], [loop])]
    frames = walk(Folder(folders=[loop, Folder("Sent", [Mail(subject="three")])]))

    assert {where: mail.subject for where, mail in mails_of(frames).items()} == {
        "/Inbox#1": "one",
        "/Inbox/Old#1": "two",
        "/Sent#1": "three",
    }
    assert unread(frames) == [("/Inbox/Old/Inbox", "this folder stands in itself: it was read before")]


def test_folders_are_read_a_hundred_deep_and_what_is_deeper_is_said(walk: Callable[..., Frames]) -> None:
    """bad input 84: a tree that never ends, each folder with a number of its own."""
    deepest = Folder("f", [Mail(subject="too deep")])
    for _ in range(child.DEEPEST_FOLDER):
        deepest = Folder("f", [Mail(subject="x")], [deepest])
    frames = walk(Folder(folders=[deepest]))

    assert len(mails_of(frames)) == 100
    ((where, why),) = unread(frames)
    assert where == "/f" * 101 and why == "this folder is more than 100 folders deep: it was left out"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("in/out", "/in_out#1"),
        ("../../etc", "/.._.._etc#1"),
        ("a\r\nb\x00c\x1b[2J", "/a__b_c_[2J#1"),
        ("\u202egnp", "/_gnp#1"),
        ("Boîte", "/Boîte#1"),
        ("", "/without a name#1"),
        (None, "/without a name#1"),
    ],
)
def test_a_folders_name_is_one_part_of_a_path_and_no_control(
    walk: Callable[..., Frames], name: str | None, shown: str
) -> None:
    """bad input 84: names with "/" or controls."""
    assert list(mails_of(walk(Folder(folders=[Folder(name, [Mail(subject="x")])])))) == [shown]


def test_a_million_items_in_one_folder_are_opened_one_by_one(walk: Callable[..., Frames]) -> None:
    """bad input 84: those that were read before a break are not opened again."""

    class Million:
        opened = 0

        def __len__(self) -> int:
            return 1_000_000

        def __getitem__(self, number: int) -> Mail:
            self.opened += 1
            return Mail(subject=f"mail {number}")

    many = Million()
    found = mails_of(walk(Folder("Inbox", many), 999_997))

    assert [mail.subject for mail in found.values()] == ["mail 999997", "mail 999998", "mail 999999"]
    assert many.opened == 3 and list(found)[-1] == "#1000000"


def test_a_folder_that_can_not_be_listed_hides_no_other(walk: Callable[..., Frames]) -> None:
    """bad input 83: a damaged folder is named, and those beside it are read."""

    class Damaged(Folder):
        @property
        def number_of_sub_messages(self) -> int:
            raise OSError("unable to read the table")

    frames = walk(Folder(folders=[Damaged("Bad"), Folder("Good", [Mail(subject="x")])]))

    assert list(mails_of(frames)) == ["/Good#1"] and unread(frames) == [("/Bad", "unable to read the table")]


# ---------------------------------------------------------------- items (bad input 85)


def one(walk: Callable[..., Frames], mail: Mail, lost: str = "") -> Any:
    """The mail that the item became; `lost` is what is said to be missing of it."""
    (*rest, frame) = [frame for frame in walk(Folder(mails=[mail])) if frame[0] != "at"]
    words = f"a part of it can't be read: {lost}; the rest was taken"
    assert frame[0] == "mail" and frame[4] == (not lost) and unread(rest) == ([("#1", words)] if lost else [])
    return parse(frame[2])


def test_an_item_without_anything_is_an_empty_mail_of_nobody(walk: Callable[..., Frames]) -> None:
    """bad input 85: neither sender nor date nor body."""
    found = one(walk, Mail())

    assert (found.sender, found.subject, found.text.strip(), found.date) == (None, "", "", None)


def test_a_text_that_is_kept_as_rtf_only_is_read_from_it(walk: Callable[..., Frames]) -> None:
    """bad input 85: an RTF-only body."""
    found = one(walk, Mail(subject="leak", rtf=lambda: rb"{\rtf1\ansi It leaks in \b room\b0  102.}"))

    assert found.text.strip() == "It leaks in room 102."


def test_rtf_that_can_not_be_unpacked_is_said_in_the_mails_text(walk: Callable[..., Frames]) -> None:
    """bad input 85: LZFu with a wrong CRC; the mail comes all the same."""

    def wrong() -> bytes:
        raise OSError("pypff_message_get_rtf_body: unable to decompress: CRC mismatch")

    found = one(walk, Mail(subject="leak", rtf=wrong), "its RTF text")

    assert found.subject == "leak" and found.text.strip() == DAMAGED_TEXT


def test_mails_in_one_another_are_kept_as_deep_as_they_can_be_read(walk: Callable[..., Frames]) -> None:
    """bad input 85: a hundred of them; the mail is no reason for quarantine, and says where the rest was left."""
    nested = Mail(subject="mail 100", text="innermost")
    for number in reversed(range(100)):
        nested = Mail(Attached(EMBEDDED, inner=nested, name="mail"), subject=f"mail {number}", text="x")
    (frame,) = [frame for frame in walk(Folder(mails=[nested])) if frame[0] == "mail"]
    data, found = frame[2], parse(frame[2])

    assert found.subject == "mail 0" and found.text.strip() == "x"
    assert [a.content_type for a in found.attachments] == ["message/rfc822"]
    assert data.count(b"Subject: mail ") == DEEPEST + 1
    assert parse(attachment_content(data, found.attachments[0].index)).subject == "mail 1"


def test_an_item_that_is_deeper_than_a_mail_may_be_is_named_instead() -> None:
    """bad input 85: whoever reads it (.msg files too)."""
    nested = Item(subject="innermost")
    for _ in range(DEEPEST + 1):
        nested = Item(subject="x", files=[File(name="inner", item=nested)])

    data = compose(nested)
    assert b"innermost" not in data and parse(data).subject == "x"


def test_an_attachment_that_is_only_a_link_is_said(walk: Callable[..., Frames]) -> None:
    """bad input 85: attached by reference, with the path; the file beside it is there."""
    path = r"\\server\plans\plan.pdf"
    linked, kept = (
        Attached(BY_REFERENCE, name="plan.pdf", link=path),
        Attached(BY_VALUE, b"%PDF", name="map.pdf"),
    )
    found = one(walk, Mail(linked, kept, subject="leak", text="See the plan."))

    assert [a.filename for a in found.attachments] == ["map.pdf"]
    assert f"plan.pdf is not here: only a link to it was attached: {path}]" in found.text


def test_what_is_damaged_of_a_mail_is_said_in_it(walk: Callable[..., Frames]) -> None:
    """bad input 85: an attachment and a mail in it that can't be read."""

    class Broken(Attached):
        def read_buffer(self, size: int) -> bytes:
            raise OSError("unable to read")

        def get_sub_item(self, _number: int) -> None:
            raise OSError("unable to read")

    mail = Mail(Broken(BY_VALUE, b"x", name="a.pdf"), Broken(EMBEDDED, name="b"), text="x")
    text = one(walk, mail, "attachment a.pdf, attachment b").text

    assert "a.pdf is not here: it is damaged" in text and "b is not here: it is damaged" in text


@pytest.mark.parametrize(
    "kind", ["IPM.Appointment", "IPM.Contact", "IPM.Task", "IPM.StickyNote", "IPM.DistList"]
)
def test_what_is_no_mail_is_passed_over_by_its_kind(walk: Callable[..., Frames], kind: str) -> None:
    """bad input 85: calendar, contacts, tasks; an appointment never becomes work."""
    frames = walk(Folder(mails=[Mail(kind=kind, subject="x"), Mail(kind="IPM.Note", subject="leak")]))

    assert [frame[0] for frame in frames] == ["at", "other", "at", "mail"] and frames[1] == (
        "other",
        "#1",
        kind,
    )


def test_an_item_that_can_not_be_opened_is_listed_with_its_place(walk: Callable[..., Frames]) -> None:
    """bad input 83: the others are read."""

    class Shelf(list[Mail]):
        def __getitem__(self, number: Any) -> Any:
            if number == 1:
                raise OSError("unable to read descriptor")
            return super().__getitem__(number)

    frames = walk(Folder(folders=[Folder("Inbox", Shelf([Mail(subject=str(n)) for n in range(3)]))]))

    assert list(mails_of(frames)) == ["/Inbox#1", "/Inbox#3"]
    assert unread(frames) == [("/Inbox#2", "OSError: unable to read descriptor")]


def test_what_libpff_can_not_read_of_an_item_is_said_and_the_rest_is_kept(
    walk: Callable[..., Frames],
) -> None:
    """bad input 83: a property, the recipients, the attachments."""

    class Damaged(Mail):
        @property
        def recipients(self) -> None:
            raise OSError("unable to read the recipients")

        @property
        def number_of_attachments(self) -> int:
            raise OSError("unable to read the attachments")

        @number_of_attachments.setter
        def number_of_attachments(self, _count: int) -> None:
            return

    class Unreadable(SimpleNamespace):
        @property
        def data(self) -> bytes:
            raise OSError("unable to read the value")

    mail = Damaged(subject="leak", text="It leaks.", headers="X: y")
    mail.record.entries[2] = Unreadable(entry_type=TEXTS["headers"], value_type=0x1F)
    found = one(walk, mail, "its headers, its recipients, its attachments")

    assert (found.subject, found.text.strip()) == ("leak", "It leaks.")


# ---------------------------------------------------------------- the archive as a whole (bad input 83)


def test_items_and_folders_that_stand_in_no_folder_are_read_and_said(walk: Callable[..., Frames]) -> None:
    """bad input 83: what libpff calls orphans."""
    orphans = [Mail(subject="one"), Folder("Lost", [Mail(subject="two")]), MemoryError("no item")]
    frames = walk(Folder(folders=[Folder("Inbox")]), orphans=orphans)

    assert {where: mail.subject for where, mail in mails_of(frames).items()} == {
        "/in no folder#1": "one",
        "/in no folder/Lost#1": "two",
    }
    assert unread(frames) == [
        ("/in no folder#1", "it stood in no folder, and was read by itself"),
        ("/in no folder/Lost", "this folder stood in no other: it was read by itself"),
        ("/in no folder#3", "no item"),
    ]


def test_an_archive_with_neither_items_nor_folders_is_damaged(walk: Callable[..., Frames]) -> None:
    """bad input 83."""
    assert unread(walk(Folder())) == [("", "is damaged: there are neither items nor folders in it")]
    assert unread(walk(Folder(folders=[Folder("Inbox")]))) == []


class Index:
    """The index of an archive with so many items; what these numbers belong to has wrong checksums."""

    def __init__(self, items: int, *wrong: int) -> None:
        self.items, self.wrong = items, wrong

    def mails(self) -> range:
        return range(self.items)

    def damaged(self, node: int) -> int:
        return self.wrong.count(node)


def test_items_that_the_index_names_and_no_folder_has_are_counted(walk: Callable[..., Frames]) -> None:
    """bad input 83: also where the first ones are passed over, or a folder is not wanted."""
    root = Folder(folders=[Folder("Inbox", [Mail(subject="one"), Mail(subject="two")])])

    for skip in (0, 1):
        assert unread(walk(root, skip, blocks=Index(5))) == [("", "3 of its 5 items can't be found")]
    assert unread(walk(root, blocks=Index(2))) == []


def test_a_folder_or_an_item_with_wrong_checksums_is_named(walk: Callable[..., Frames]) -> None:
    """bad input 83: the mail is kept."""
    mail = Mail(subject="leak")
    mail.identifier = 36
    frames = walk(Folder(folders=[Folder("Inbox", [mail], number=98)]), blocks=Index(1, 36, 36, 98))

    assert list(mails_of(frames)) == ["/Inbox#1"]
    assert unread(frames) == [
        ("/Inbox", "this folder is damaged: items may be missing (1 wrong checksum)"),
        ("/Inbox#1", "it is damaged: what was taken of it may be wrong (2 wrong checksums)"),
    ]
