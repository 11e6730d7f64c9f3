"""A watched folder: files are taken when they are whole, once, and what can't be read is out of the way."""

import os

import pytest

MAIL = b"From: a@b.example\nTo: works@city.example\nSubject: A leak\n\nText\n"


def watching(folder, after):
    from orgo.intake.folder import FolderWatch

    return FolderWatch(folder, after)


@pytest.fixture
def drop(office, tmp_path):
    return tmp_path / "drop"


def names(folder):
    return sorted(entry.name for entry in folder.iterdir()) if folder.exists() else []


def test_a_file_is_taken_when_two_looks_found_it_the_same(office, drop):
    watch = watching(drop, "move")
    assert watch.round() == 0
    (drop / "a.eml").write_bytes(MAIL[:20])
    assert watch.round() == 0
    (drop / "a.eml").write_bytes(MAIL)
    assert watch.round() == 0
    assert watch.round() == 1
    assert names(drop) == ["done"]
    assert names(drop / "done") == ["a.eml"]
    office.settle()
    assert office.task().team == "works@city.example"


def test_two_files_of_one_name_are_both_kept(office, drop):
    watch = watching(drop, "move")
    for text in (b"one", b"two"):
        drop.mkdir(exist_ok=True)
        (drop / "a.eml").write_bytes(MAIL + text)
        watch.round()
        assert watch.round() == 1
    assert names(drop / "done") == ["a-1.eml", "a.eml"]


def test_kept_files_are_not_taken_again_by_a_new_start(office, drop):
    from orgo.intake.models import Mail

    drop.mkdir()
    (drop / "a.eml").write_bytes(MAIL)
    for _ in range(2):
        watch = watching(drop, "keep")
        for _ in range(3):
            watch.round()
    assert names(drop) == ["a.eml"]
    assert list(Mail.objects.order_by("id").values_list("outcome", flat=True)) == [""]


def test_deleted_once_it_is_stored(office, drop):
    drop.mkdir()
    (drop / "a.eml").write_bytes(MAIL)
    watch = watching(drop, "delete")
    watch.round()
    assert watch.round() == 1
    assert names(drop) == []


def test_what_cannot_be_read_is_named_once_and_moved(office, drop, caplog):
    drop.mkdir()
    os.mkfifo(drop / "pipe.eml")
    (drop / "half.eml.part").write_bytes(MAIL)
    (drop / "round.eml").symlink_to("round.eml")
    (drop / "long.eml").symlink_to("x" * 300)
    watch = watching(drop, "move")
    for _ in range(4):
        assert watch.round() == 0
    assert names(drop / "failed") == ["long.eml", "pipe.eml", "round.eml"]
    assert names(drop) == ["failed", "half.eml.part"]
    assert len([record for record in caplog.records if "pipe.eml" in record.getMessage()]) == 1


def test_a_file_that_is_no_mail_opens_nothing_and_is_put_aside(office, drop, caplog):
    drop.mkdir()
    (drop / "a.pdf").write_bytes(b"%PDF-1.7\n1 0 obj\n")
    (drop / "plain").write_bytes(MAIL)
    watch = watching(drop, "move")
    assert [watch.round() for _ in range(3)] == [0, 1, 0]
    assert names(drop / "failed") == ["a.pdf"] and names(drop / "done") == ["plain"]
    assert "a.pdf can't be taken: is no mail" in caplog.text


def test_a_folder_in_it_is_not_looked_into_and_that_is_said_once(office, drop, caplog):
    for name in ("letters/cur", "done", "failed", ".hidden"):
        (drop / name).mkdir(parents=True)
    (drop / "letters" / "cur" / "1").write_bytes(MAIL)
    watch = watching(drop, "move")
    assert [watch.round() for _ in range(3)] == [0, 0, 0]
    assert [record.getMessage() for record in caplog.records] == [
        "letters is a folder, and is not looked into: orgo import reads it"
    ]


def test_a_large_archive_is_taken_in_several_rounds(office, drop, monkeypatch):
    """Each of them is a sign of life: whoever watches the loops must not take a long reading for a dead one."""
    from orgo.intake import folder, importing
    from orgo.intake.models import Mail

    monkeypatch.setattr(folder, "AT_A_TIME", -1.0)
    monkeypatch.setattr(importing, "BATCH", 2)
    drop.mkdir()
    (drop / "five.mbox").write_bytes(
        b"".join(b"From a Mon Sep  7 08:00:00 2026\n" + MAIL + b"%d\n\n" % n for n in range(5))
    )
    (drop / "six.eml").write_bytes(MAIL)
    watch = watching(drop, "move")
    rounds = [watch.round() for _ in range(9)]
    assert rounds == [0, 0, 0, 0, 2, 2, 1, 1, 0], "three rounds count what would come of it"
    assert names(drop / "done") == ["five.mbox", "six.eml"] and Mail.objects.count() == 6


def test_a_long_archive_that_was_kept_is_not_read_again_by_a_new_start_until_it_changes(
    office, drop, monkeypatch
):
    from orgo.intake import readers
    from orgo.intake.models import ImportUnread, Mail

    monkeypatch.setattr(readers, "QUICK", 0)
    monkeypatch.setattr(readers, "LARGEST", 150)
    drop.mkdir()
    begin = b"From a Mon Sep  7 08:00:00 2026\n"
    (drop / "old.mbox").write_bytes(
        b"".join(begin + MAIL + b"%d\n\n" % n for n in range(5)) + begin + b"x" * 200
    )
    watch = watching(drop, "keep")
    assert sum(watch.round() for _ in range(3)) == 5 and not ImportUnread.objects.exists()

    read, real = [], readers._mbox_file

    def counted(*given):
        read.append(given)
        return real(*given)

    monkeypatch.setattr(readers, "_mbox_file", counted)
    again = watching(drop, "keep")
    assert sum(again.round() for _ in range(3)) == 0 and read == []
    with (drop / "old.mbox").open("ab") as file:
        file.write(b"\n\n" + begin + MAIL + b"6\n")
    assert sum(again.round() for _ in range(3)) == 1 and read
    assert Mail.objects.count() == 6


@pytest.mark.parametrize("quick", [0, 1_000_000])
def test_a_reading_that_is_broken_off_goes_on_and_takes_nothing_twice(office, drop, monkeypatch, quick):
    """A long archive's goes on where it was; a short one begins anew."""
    from orgo.intake import folder, importing, readers
    from orgo.intake.models import Mail

    monkeypatch.setattr(readers, "QUICK", quick)
    monkeypatch.setattr(folder, "AT_A_TIME", -1.0)
    monkeypatch.setattr(importing, "BATCH", 2)
    drop.mkdir()
    (drop / "five.mbox").write_bytes(
        b"".join(b"From a Mon Sep  7 08:00:00 2026\n" + MAIL + b"%d\n\n" % n for n in range(5))
    )
    watch = watching(drop, "keep")
    assert next(count for count in iter(watch.round, None) if count) == 2
    watch.close()
    watch = watching(drop, "keep")
    rounds = [watch.round() for _ in range(8)]

    assert rounds == ([0, 0, 2, 1, 0, 0, 0, 0] if not quick else [0, 0, 0, 0, 0, 2, 1, 0])
    assert Mail.objects.count() == 5
