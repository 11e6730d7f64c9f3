"""winmail.dat is unpacked; a damaged one is kept as the file that it is."""

import base64
from pathlib import Path

import pytest

from orgo.message import attachment_content, parse
from orgo.message.tnef import unpack


def mail(data: bytes, text: str = "") -> bytes:
    body = f"--b\r\nContent-Type: text/plain\r\n\r\n{text}\r\n" if text else ""
    return (
        f"From: a@x.example\r\nSubject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n{body}--b\r\n"
        "Content-Type: application/ms-tnef; name=winmail.dat\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        f"{base64.encodebytes(data).decode()}\r\n--b--\r\n"
    ).encode()


@pytest.fixture
def tnef(corpus: Path) -> Path:
    return corpus / "tnef" / "MimeKit"


def _found(folder: Path, name: str) -> bytes:
    return next(folder.rglob(name)).read_bytes()


def test_the_files_in_it_stand_in_its_place(tnef: Path) -> None:
    """bad input 26."""
    raw = mail(_found(tnef, "MAPI_ATTACH_DATA_OBJ.tnef"), "Hello")
    message = parse(raw)

    assert [a.filename for a in message.attachments] == [
        "VIA_Nytt_1402.doc",
        "VIA_Nytt_1402.pdf",
        "VIA_Nytt_14021.htm",
    ]
    assert message.text.strip() == "Hello" and not [w for w in message.warnings if "unpack" in w]
    contents = [attachment_content(raw, a.index) for a in message.attachments]
    assert [len(content) for content in contents] == [a.size for a in message.attachments]
    assert contents[0][:4] == b"\xd0\xcf\x11\xe0" and contents[1][:4] == b"%PDF"


def test_its_text_is_the_mails_where_there_is_no_other(tnef: Path) -> None:
    message = parse(mail(_found(tnef, "unicode-mapi-attr.tnef")))

    assert message.html and [a.filename for a in message.attachments] == ["example.dat"]


@pytest.mark.parametrize("harm", ["cut", "other", "empty"])
def test_one_that_can_not_be_unpacked_is_kept_as_a_file(tnef: Path, harm: str) -> None:
    whole = _found(tnef, "MAPI_ATTACH_DATA_OBJ.tnef")
    data = {"cut": whole[:3], "other": b"PK" + whole, "empty": b""}[harm]
    raw = mail(data)
    (attachment,) = parse(raw).attachments

    assert attachment.filename == "winmail.dat" and attachment_content(raw, attachment.index) == data
    assert "winmail.dat can't be unpacked" in parse(raw).warnings


def test_flipped_bytes_break_nothing(tnef: Path) -> None:
    whole = _found(tnef, "unicode-mapi-attr.tnef")
    for place in range(0, len(whole), max(1, len(whole) // 300)):
        parse(mail(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :]))
        parse(mail(whole[:place]))
    assert unpack(whole) is not None


@pytest.mark.parametrize(
    "name",
    ["MAPI_ATTACH_DATA_OBJ.tnef", "christmas.tnef", "garbage-at-end.tnef", "unicode-mapi-attr.tnef"],
)
def test_a_whole_one_is_unpacked_and_a_cut_one_never_gives_half_a_file(tnef: Path, name: str) -> None:
    """The library gives what is left of an attachment as if it were all of it; then the file is kept instead."""
    whole = _found(tnef, name)
    files = unpack(whole)
    assert files is not None
    for place in range(10, len(whole) - 12, max(1, len(whole) // 97)):
        left = unpack(whole[:place])
        assert left is None or all(file in files.files for file in left.files), place


def test_a_flipped_byte_of_a_file_is_seen_by_its_checksum(tnef: Path) -> None:
    whole = _found(tnef, "MAPI_ATTACH_DATA_OBJ.tnef")
    (attachment,) = parse(mail(whole[:9_000] + b"\xff" + whole[9_001:])).attachments

    assert attachment.filename == "winmail.dat" and attachment.size == len(whole)


@pytest.mark.parametrize("count", [101, 2_001])
def test_too_many_in_it_are_kept_as_one_file(count: int) -> None:
    """More files than are shown, or attributes than are sane: the file as it came, for none must vanish."""
    begin_of_file = b"\x02\x02\x90\x06\0" + (14).to_bytes(4, "little") + bytes(14) + b"\0\0"
    data = b"\x78\x9f\x3e\x22\0\0" + begin_of_file * count

    assert unpack(data) is None and unpack(data[: 6 + len(begin_of_file) * 99]) is not None
