"""Archives of mail are read as they are, and nothing in a folder can stop the reading."""

import os
from pathlib import Path

from orgo.intake.readers import count, read

MAIL = b"From: a@example.org\nSubject: one\n\nText\n"


def read_all(*paths):
    told = []
    found = list(read(paths, lambda where, why: told.append((where, why))))
    return found, told


def test_an_eml_file_is_one_mail(tmp_path):
    (tmp_path / "a.eml").write_bytes(MAIL)
    found, told = read_all(tmp_path / "a.eml")
    assert [item.data for item in found] == [MAIL]
    assert told == []


def test_an_mbox_is_split_and_its_quoting_taken_back(tmp_path):
    """bad input 88."""
    file = tmp_path / "a.mbox"
    file.write_bytes(
        b"From a@b Mon Jan  5 10:00:00 2026\nSubject: one\nContent-Length: 99999\n\n>From here on\n>>From x\n\n"
        b"From b@c Mon Jan  5 10:01:00 2026\nSubject: two\n\nFrom me to you, at 10:00\n\nFrom now on 10:30 it rains\nend\n"
    )
    found, _ = read_all(file)
    assert [item.where for item in found] == [f"{file}#1", f"{file}#2"]
    assert found[0].data == b"Subject: one\nContent-Length: 99999\n\nFrom here on\n>From x\n"
    assert found[1].data.endswith(b"From now on 10:30 it rains\nend\n")


def test_mails_without_headers_are_split_by_the_usual_envelope(tmp_path):
    file = tmp_path / "a.mbox"
    file.write_bytes(b"".join(b"From a@b  Fri Feb 22 17:06:2%d 2008\n\n%d\n\n" % (n, n) for n in range(3)))
    found, _ = read_all(file)
    assert [item.data for item in found] == [b"\n0\n", b"\n1\n", b"\n2\n"]


def test_a_msg_file_that_is_plain_mail_is_read(tmp_path):
    (tmp_path / "a.msg").write_bytes(MAIL)
    (tmp_path / "b.msg").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
    found, told = read_all(tmp_path)
    assert [Path(item.where).name for item in found] == ["a.msg"]
    assert [Path(where).name for where, _ in told] == ["b.msg"]


def test_a_maildir_is_read_without_tmp(tmp_path):
    for name in ("cur", "new", "tmp"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.host:2,S").write_bytes(MAIL)
    found, told = read_all(tmp_path)
    assert sorted(Path(item.where).name for item in found) == ["cur.host:2,S", "new.host:2,S"]
    assert told == []


def test_pipes_devices_loops_and_folders_named_eml_do_not_block(tmp_path):
    """bad input 88."""
    os.mkfifo(tmp_path / "pipe.eml")
    (tmp_path / "null.eml").symlink_to("/dev/zero")
    (tmp_path / "round.eml").symlink_to("round.eml")
    (tmp_path / "again").symlink_to(tmp_path)
    (tmp_path / "folder.eml").mkdir()
    (tmp_path / "folder.eml" / "in.eml").write_bytes(MAIL)
    found, told = read_all(tmp_path)
    assert [Path(item.where).name for item in found] == ["in.eml"]
    assert sorted(Path(where).name for where, _ in told) == ["null.eml", "pipe.eml", "round.eml"]


def test_what_is_no_mail_is_passed_over_and_an_outlook_archive_named(tmp_path):
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\xff")
    (tmp_path / "plain").write_bytes(MAIL)
    (tmp_path / "old.pst").write_bytes(b"!BDN")
    found, told = read_all(tmp_path)
    assert [Path(item.where).name for item in found] == ["plain"]
    assert "is no Outlook archive" in told[0][1]
    assert count([tmp_path]) == len(MAIL) + 4


def test_an_empty_file_and_a_missing_one_are_told(tmp_path):
    """bad input 88: as the page and the API refuse it."""
    (tmp_path / "empty.eml").write_bytes(b"")
    found, told = read_all(tmp_path / "empty.eml", tmp_path / "gone.eml")
    assert found == []
    assert told == [(str(tmp_path / "empty.eml"), "is empty"), (str(tmp_path / "gone.eml"), "it is gone")]


def test_the_files_of_a_folder_come_in_the_order_of_their_names(tmp_path):
    for name in ("b/2.eml", "a.eml", "b/1.eml", "c.eml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(MAIL)
    found, _ = read_all(tmp_path)
    names = [str(Path(item.where).relative_to(tmp_path)) for item in found]
    assert names == ["a.eml", "b/1.eml", "b/2.eml", "c.eml"]


def test_folders_within_folders_have_no_end_that_matters(tmp_path):
    deep = str(tmp_path)
    for _ in range(1500):
        deep += "/d"
        os.mkdir(deep)
    Path(f"{deep}/a.eml").write_bytes(MAIL)
    try:
        found, told = read_all(tmp_path)
    finally:
        # Taken down from within: pytest's own cleaning goes by recursion, and would fail a later run.
        Path(f"{deep}/a.eml").unlink()
        while deep != str(tmp_path):
            os.rmdir(deep)
            deep = deep.rpartition("/")[0]
    assert len(found) == 1
    assert told == []


def test_a_mail_that_its_reader_renames_or_takes_away_meanwhile_stops_nothing(tmp_path):
    """bad input 88."""
    for name in ("cur", "new", "tmp"):
        (tmp_path / name).mkdir()
    for name in ("a.host", "b.host", "c.host"):
        (tmp_path / "new" / name).write_bytes(MAIL)
    told = []
    reading = read([tmp_path], lambda where, why: told.append((Path(where).name, why)))
    assert Path(next(reading).where).name == "a.host"
    (tmp_path / "new" / "b.host").rename(tmp_path / "cur" / "b.host:2,S")
    (tmp_path / "new" / "c.host").unlink()
    assert [Path(item.where).name for item in reading] == ["b.host:2,S"]
    assert told == [("c.host", "it is gone")]


def test_names_that_are_no_text_or_move_the_cursor_are_read(tmp_path):
    name = os.fsdecode(b"\xff\x1b[2J.eml")
    (tmp_path / name).write_bytes(MAIL)
    found, _ = read_all(tmp_path)
    assert found[0].where.encode("utf-8").endswith("\ufffd\x1b[2J.eml".encode())


def test_a_single_file_that_is_no_mail_is_told(tmp_path):
    files = {"a.pdf": b"%PDF-1.7\n1 0 obj\n", "notes.txt": b"Dear all,\nhello\n", "zeros": bytes(100)}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    found, told = read_all(*(tmp_path / name for name in files))
    assert (found, told) == ([], [(str(tmp_path / name), "is no mail") for name in files])


def test_a_single_file_that_begins_like_mail_is_one_whatever_its_name(tmp_path):
    begins = (b"", b"\xef\xbb\xbf", b"\r\n\r\n")
    for number, begin in enumerate(begins):
        (tmp_path / f"{number}.txt").write_bytes(begin + MAIL)
    (tmp_path / "old-mac").write_bytes(MAIL.replace(b"\r\n", b"\r").replace(b"\n", b"\r"))
    found, told = read_all(*sorted(tmp_path.iterdir()))
    assert len(found) == 4 and told == []


def test_a_winmail_dat_by_itself_is_told_to_be_an_attachment(tmp_path):
    """Even under a mail's name: who sent it, to whom and when is not in it."""
    for name in ("winmail.dat", "saved.eml"):
        (tmp_path / name).write_bytes(b"\x78\x9f\x3e\x22" + bytes(100))
    found, told = read_all(tmp_path / "winmail.dat", tmp_path / "saved.eml")
    assert found == [] and {why for _, why in told} == {
        "is an attachment of Outlook (winmail.dat), no mail: take the mail that it came with"
    }
    assert len(told) == 2


def test_a_link_that_can_not_be_followed_is_told_and_the_others_are_read(tmp_path):
    (tmp_path / "a.eml").symlink_to("x" * 300)
    (tmp_path / "b.eml").write_bytes(MAIL)
    found, told = read_all(tmp_path)
    assert [item.data for item in found] == [MAIL]
    assert [where for where, _ in told] == [str(tmp_path / "a.eml")]
