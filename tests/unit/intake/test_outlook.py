"""Outlook's items become mails: real archives and messages of several writers, and broken ones made of them."""

import json
import os
import shutil
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orgo.intake import readers
from orgo.intake.outlook.archive import Archives
from orgo.intake.outlook.compose import compose
from orgo.intake.outlook.item import File, Item, Properties, Recipient, is_mail, key_of
from orgo.intake.outlook.msg import NoMail, read_msg
from orgo.message import attachment_content, parse

PASSWORD, NO_PASSWORD = b"\x3d\x53\x62\x41", b"A" * 4  # 0x67FF as a number, and 0 ([MS-PST] section 5.1)
Read = Callable[[Path], tuple[list[tuple[str, bytes]], list[tuple[str, str]]]]


@pytest.fixture
def read() -> Read:
    """The mails of an archive, and what could not be read."""

    def reading(file: Path) -> tuple[list[tuple[str, bytes]], list[tuple[str, str]]]:
        troubles: list[tuple[str, str]] = []
        with closing(Archives()) as archives:
            found = list(archives.mails(file, file.name, lambda where, why: troubles.append((where, why))))
        return [(mail.where, mail.data) for mail in found], troubles

    return reading


# ---------------------------------------------------------------- archives


MAILS = {  # of the corpus's archives; the others have contacts and notes only, nothing, or can't be opened
    "aspose-java/sample.pst": 1,
    "pstsdk/sample1.pst": 1,
    "pstsdk/test_ansi.pst": 1,
    "tika/testPST_variousBodyTypes.pst": 4,
}


def test_every_archive_of_the_corpus_gives_its_mails(corpus: Path, read: Read) -> None:
    """bad input 83: as many, and with the subjects, as another reading of the same files found; an ANSI one too."""
    expected = json.loads((corpus / "pst" / "expected-pst.json").read_text())
    for name, what in expected.items():
        found = [parse(data) for _, data in read(corpus / "pst" / name)[0]]
        subjects = {" ".join((item.get("subject") or "").split()) for item in what.get("items", [])}
        assert len(found) == MAILS.get(name, 0), name
        assert {message.subject for message in found} <= subjects, name
    assert expected["pstsdk/test_ansi.pst"]["format"] == "ANSI"


def test_what_is_no_mail_is_told_by_its_kind(corpus: Path) -> None:
    """bad input 85: contacts, an appointment, something without a kind."""
    kinds: list[str] = []
    with closing(Archives()) as archives:
        file = corpus / "pst" / "java-libpst" / "dist-list.pst"
        assert list(archives.mails(file, "x", fail, other=lambda _, kind: kinds.append(kind))) == []

    assert {"IPM.Contact", "IPM.DistList"} < set(kinds) and len(kinds) == 4


def fail(where: str, why: str) -> None:
    raise AssertionError(f"{where}: {why}")


def test_a_message_file_that_breaks_the_reader_breaks_nothing_else(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is read by the process of the archives, with its limits."""
    for name in ("a.msg", "b.msg"):
        shutil.copy(corpus / "msg" / "MSGReader" / "EmailWithAttachments.msg", tmp_path / name)
    monkeypatch.setenv("ORGO_CRASH", "H1s.item:2")
    troubles: list[tuple[str, str]] = []
    mails = list(readers.read([tmp_path], lambda where, why: troubles.append((Path(where).name, why))))

    assert [Path(mail.where).name for mail in mails] == ["a.msg"]
    ((where, why),) = troubles
    assert where == "b.msg" and "broke the reader" in why


@pytest.mark.parametrize("name", ["pstsdk/sample1.pst", "tika/testPST_variousBodyTypes.pst"])
def test_the_shares_of_its_mails_are_the_whole_archive(corpus: Path, name: str) -> None:
    """So that the progress ends at 100 %."""
    file = corpus / "pst" / name

    assert sum(mail.read or 0 for mail in readers.read([file], fail)) == file.stat().st_size


def test_the_same_archive_gives_the_same_bytes(corpus: Path, read: Read) -> None:
    file = corpus / "pst" / "pstsdk" / "sample1.pst"

    assert read(file)[0] == read(file)[0] != []


def test_a_mail_keeps_the_headers_it_came_with_and_its_attachment(corpus: Path, read: Read) -> None:
    ((where, data),), troubles = read(corpus / "pst" / "pstsdk" / "sample1.pst")
    message = parse(data)

    assert troubles == [] and where == "sample1.pst:/Top of Outlook data file/Sample1#1"
    assert (
        message.trusted
        and message.message_id
        and message.header("received")
        and message.html
        and message.text
    )
    assert [(a.filename, a.content_type) for a in message.attachments] == [("leah_thumper.jpg", "image/jpeg")]
    assert attachment_content(data, message.attachments[0].index)[:3] == b"\xff\xd8\xff"


@pytest.mark.parametrize(
    ("data", "verdict"),
    [
        (b"", "is empty"),
        (b"From: x\n\n", "is no Outlook archive"),
        (b"!BDN" + bytes(100), "is no Outlook archive"),
        (b"!BDN\0\0\0\0SM" + bytes(600), "is no Outlook archive, or a damaged one"),
    ],
)
def test_what_is_no_archive_gets_a_verdict(tmp_path: Path, read: Read, data: bytes, verdict: str) -> None:
    """bad input 83: 0 bytes, no signature, another file of the kind, only a head."""
    file = tmp_path / "x.pst"
    file.write_bytes(data)
    mails, ((where, why),) = read(file)

    assert mails == [] and where == "x.pst" and verdict in why and "\n" not in why


@pytest.mark.parametrize(
    ("name", "step"),
    [("pstsdk/sample1.pst", 7), ("tika/testPST_variousBodyTypes.pst", 7), ("pstsdk/test_ansi.pst", 11)],
)
def test_a_cut_or_flipped_archive_gives_the_same_mails_or_says_what_is_wrong(
    corpus: Path, tmp_path: Path, read: Read, name: str, step: int
) -> None:
    """bad input 83: cut at 4 kB, flipped each kB: nothing is missing or other than it was without a word."""
    whole = (corpus / "pst" / name).read_bytes()
    file = tmp_path / "broken.pst"
    file.write_bytes(whole)
    mails, _ = read(file)
    cut = [whole[:size] for size in range(4096, len(whole), step * 4096)]
    flipped = [
        whole[:at] + bytes(byte ^ 0xFF for byte in whole[at : at + 64]) + whole[at + 64 :]
        for at in range(600, len(whole), step * 1024)
    ]
    for data in cut + flipped:
        file.write_bytes(data)
        found, troubles = read(file)
        assert troubles or found == mails
        assert troubles or len(data) == len(whole)
        for _, mail in found:
            parse(mail)


@pytest.mark.parametrize(
    ("name", "at", "words"),
    [
        ("tika/testPST_variousBodyTypes.pst", 47704, "a page of its index, at 47616, is damaged"),
        ("pstsdk/sample1.pst", 23128, "it is damaged: what was taken of it may be wrong (1 wrong checksum)"),
    ],
)
def test_damage_that_libpff_reads_over_is_said(
    corpus: Path, tmp_path: Path, read: Read, name: str, at: int, words: str
) -> None:
    """bad input 83: the first hides all mails, the second an attachment; libpff complains of neither."""
    whole = (corpus / "pst" / name).read_bytes()
    file = tmp_path / "broken.pst"
    file.write_bytes(whole[:at] + bytes(byte ^ 0xFF for byte in whole[at : at + 64]) + whole[at + 64 :])

    assert any(words in why for _, why in read(file)[1])


@pytest.mark.parametrize(
    ("name", "size"), [("pstsdk/sample1.pst", 50 * 2**30), ("pstsdk/test_ansi.pst", 2**31 - 512)]
)
def test_the_size_of_the_file_is_no_matter(
    corpus: Path, tmp_path: Path, read: Read, name: str, size: int
) -> None:
    """bad input 83: 50 GB, and 2 GB where archives are ANSI; the file is sparse, its items are where they were."""
    file = tmp_path / "large.pst"
    file.write_bytes((corpus / "pst" / name).read_bytes())
    os.truncate(file, size)

    mails, troubles = read(file)

    assert len(mails) == 1 and troubles == []


def test_an_archive_that_outlook_asks_a_password_for_is_read_like_any_other(
    corpus: Path, tmp_path: Path, read: Read
) -> None:
    """bad input 83: Outlook keeps the password's CRC as a property (PidTagPstPassword, here in its permuted form)."""
    whole = (corpus / "pst" / "pstsdk" / "sample1.pst").read_bytes()
    at = whole.index(PASSWORD) + len(PASSWORD)
    assert whole[at : at + 4] == NO_PASSWORD
    file = tmp_path / "locked.pst"
    file.write_bytes(whole[:at] + b"\x1e\xe1\x46\xfe" + whole[at + 4 :])
    mails, troubles = read(file)

    assert [data for _, data in mails] == [
        data for _, data in read(corpus / "pst" / "pstsdk" / "sample1.pst")[0]
    ]
    assert len(mails) == 1 and troubles == []


def test_an_item_that_breaks_the_reader_is_named_and_the_others_are_read(
    corpus: Path, monkeypatch: pytest.MonkeyPatch, read: Read
) -> None:
    """The process is killed at its second item, each time: it is started again behind it."""
    monkeypatch.setenv("ORGO_CRASH", "H1s.item:2")
    mails, troubles = read(corpus / "pst" / "tika" / "testPST_variousBodyTypes.pst")

    assert [where[-2:] for where, _ in mails] == ["#1", "#3"]
    assert [where[-2:] for where, _ in troubles] == ["#2", "#4"] and "broke the reader" in troubles[0][1]


def test_only_the_folders_that_are_wanted(corpus: Path) -> None:
    file = corpus / "pst" / "tika" / "testPST_variousBodyTypes.pst"

    with closing(Archives()) as archives:
        assert len(list(archives.mails(file, "x", lambda *_: None, "INBOX"))) == 4
        assert list(archives.mails(file, "x", lambda *_: None, "sent")) == []


def test_one_process_reads_archives_in_turn_and_is_left_in_the_middle(corpus: Path, tmp_path: Path) -> None:
    """A broken archive, one that nobody wants the rest of, and a name that is not UTF-8 disturb no other."""
    file = corpus / "pst" / "tika" / "testPST_variousBodyTypes.pst"
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.pst"))
    shutil.copy(file, odd)
    (cut := tmp_path / "cut.pst").write_bytes(file.read_bytes()[:1000])
    troubles: list[str] = []
    with closing(Archives()) as archives:
        wanted = [file, cut, odd, file]
        counts = [
            len(list(archives.mails(one, "x", lambda where, why: troubles.append(why)))) for one in wanted
        ]
        next(some := archives.mails(file, "x", lambda *_: None))
        some.close()
        counts.append(len(list(archives.mails(file, "x", lambda *_: None))))

    assert counts == [4, 0, 4, 4, 4]
    assert troubles == ["is cut off: 1000 of its 271360 bytes are here"]


# ---------------------------------------------------------------- .msg


@pytest.mark.parametrize(
    ("name", "sender", "subject", "attachments"),
    [
        (
            "MSGReader/EmailWithAttachments.msg",
            "peterpan@neverland.com",
            "This is the subject",
            ["peterpan.jpg", "tinkerbell.jpg"],
        ),
        (
            "MSGReader/EmailWithSpecialCharsInSubject_2.msg",
            "Julie.Clarebots@qbere.com",
            "Un sujet très bien défini",
            [],
        ),
        (
            "MSGReader/RtfSampleEmailWithAttachment.msg",
            "Chris.Wilson@leeds.gov.uk",
            "RtfSampleEmailWithAttachment",
            ["SampleAttachment.pdf"],
        ),
        (
            "tika/testMSG_att_doc.msg",
            "nicolas1.23456@free.fr",
            "test pièce jointe 1",
            ["test-unicode.doc", "pj1.txt"],
        ),
    ],
)
def test_a_message_file_is_read(
    corpus: Path, name: str, sender: str, subject: str, attachments: list[str]
) -> None:
    message = parse(compose(read_msg((corpus / "msg" / name).read_bytes())))

    assert message.sender is not None and message.sender.address == sender
    assert message.subject == subject and [a.filename for a in message.attachments] == attachments
    assert message.text.strip() or message.html


def test_a_mail_within_a_mail_is_a_mail(corpus: Path) -> None:
    item = read_msg((corpus / "msg" / "tika" / "testMSG_att_msg.msg").read_bytes())
    inner = next(file.item for file in item.files if file.item is not None)

    assert inner.subject and b"Content-Type: message/rfc822" in compose(item)


@pytest.mark.parametrize("name", ["ruby-msg/contact-plain.msg", "tika/testMSG_Task.msg"])
def test_what_is_no_mail_is_said(corpus: Path, name: str) -> None:
    with pytest.raises(NoMail, match="it is no mail but an item of the kind IPM"):
        read_msg((corpus / "msg" / name).read_bytes())


def test_cut_and_flipped_messages_break_nothing(corpus: Path) -> None:
    whole = (corpus / "msg" / "MSGReader" / "EmailWithAttachments.msg").read_bytes()
    for place in range(0, len(whole), len(whole) // 40):
        for data in (whole[:place], whole[:place] + b"\xff" * 64 + whole[place + 64 :]):
            try:
                parse(compose(read_msg(data)))
            except NoMail:
                continue


# ---------------------------------------------------------------- what a mail is known by

GOLDEN = {  # the begin of the sha256 of the composed mail, and of its key
    "pst/pstsdk/sample1.pst": [("60e8115ba179501c", "81fbd76858f36170")],
    "pst/pstsdk/test_ansi.pst": [("ac3e074e3813ce92", "8cd54a0765b34ade")],
    "pst/tika/testPST_variousBodyTypes.pst": [
        ("bc1be245a91f2bff", "a4542b4051f1d2c5"),
        ("8a9793e648ee6777", "9ca4cab1ff4dd3c6"),
        ("f08b3218b35763b9", "2cf2b8a1287bcea4"),
        ("8b120e7546f402a4", "c5045f6b4184de9a"),
    ],
    "pst/aspose-java/sample.pst": [("bd53da7eff56ec7e", "eae15c457edc2aa6")],
    "msg/MSGReader/EmailWithAttachments.msg": [("82b33ccded839641", "")],
    "msg/MSGReader/RtfSampleEmailWithAttachment.msg": [("76956d7e9344a15a", "997c9bd50846d673")],
    "msg/tika/testMSG_att_doc.msg": [("c4f787fb3989029d", "6729423b9556c05a")],
}


@pytest.mark.parametrize("name", GOLDEN)
def test_an_item_is_composed_and_known_as_it_always_was(corpus: Path, name: str) -> None:
    """Where one of these changes, archives that were imported come in a second time: the bytes where there is no key."""
    mails = readers.read([corpus / name], lambda *_: None)
    found = [(sha256(mail.data).hexdigest()[:16], mail.key[:16]) for mail in mails]

    assert found == GOLDEN[name]


KNOWN_BY = {
    0x300B: (0x102, b"search key"),
    0x0037: (0x1F, b"l\0"),
    0x1000: (0x1F, b"t\0"),
    0x0E08: (3, b"\x09\0\0\0"),
}


def test_copies_of_an_item_have_its_key_and_what_was_changed_afterwards_has_another() -> None:
    key = key_of(Properties(KNOWN_BY))

    assert key and key_of(Properties({**KNOWN_BY, 0x3008: (0x40, bytes(8))})) == key
    for tag in KNOWN_BY:
        assert key_of(Properties({**KNOWN_BY, tag: (0x1F, b"other")})) != key
    assert key_of(Properties({tag: value for tag, value in KNOWN_BY.items() if tag != 0x300B})) == ""


# ---------------------------------------------------------------- composing

TEXTS = st.text(max_size=60)
ITEMS = st.builds(
    Item, headers=TEXTS, subject=TEXTS, sender=st.none() | st.builds(Recipient, kind=st.just("To"), name=TEXTS, address=TEXTS),
    recipients=st.lists(st.builds(Recipient, kind=st.sampled_from(["To", "Cc", "Bcc"]), name=TEXTS, address=TEXTS), max_size=3),
    date=st.none() | st.datetimes(datetime(1980, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)), message_id=TEXTS, text=TEXTS, html=TEXTS,
    files=st.lists(st.builds(File, name=TEXTS, kind=TEXTS, content_id=TEXTS, data=st.none() | st.binary(max_size=50), missing=TEXTS), max_size=3),
)  # fmt: skip


@given(ITEMS)
def test_any_item_is_a_mail_and_brings_no_header_of_its_own(item: Item) -> None:
    bare = Item(**{name: getattr(item, name) for name in Item.__struct_fields__ if name != "headers"})
    data = compose(bare)
    names = {name.lower() for name, _ in parse(data).headers}

    assert names <= {
        "from",
        "to",
        "cc",
        "subject",
        "date",
        "message-id",
        "mime-version",
        "content-type",
        "content-transfer-encoding",
        "in-reply-to",
        "references",
    }
    assert compose(item) == compose(item)
    kept = [file for file in item.files if file.data is not None]
    found = [a for a in parse(data).attachments if not a.content_type.startswith("text/plain") or a.filename]
    assert len(found) >= len([file for file in kept if file.name.strip()]) - len(item.files)


def test_properties_are_read_by_their_type() -> None:
    found = Properties(
        {
            1: (0x1F, "é\0".encode("utf-16-le")),
            2: (0x1E, b"\xe9\0"),
            3: (3, b"\x02\0\0\0"),
            4: (0x40, (116444736000000000).to_bytes(8, "little")),
        }
    )

    assert (found.text(1), found.text(2), found.number(3), found.text(9), found.number(9)) == (
        "é",
        "é",
        2,
        "",
        0,
    )
    assert found.time(4) == datetime(1970, 1, 1, tzinfo=UTC) and found.time(9) is None


def test_contacts_and_tasks_are_no_mail() -> None:
    assert (
        is_mail("IPM.Note")
        and is_mail("")
        and is_mail("REPORT.IPM.Note.NDR")
        and is_mail("IPM.Schedule.Meeting.Request")
    )
    assert not is_mail("IPM.Contact") and not is_mail("ipm.task.request")
