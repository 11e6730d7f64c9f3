"""An import that was stopped goes on where it was: what was read is not read again, and what could not be is still said."""

import os
from contextlib import closing
from functools import partial

import pytest

BEGIN = b"From a@b Mon Sep  7 10:00:00 2026\n"
MAIL = b"From: a@b.example\nTo: works@city.example\nDate: Mon, 07 Sep 2026 10:00:00 +0000\nSubject: leak %d\n\nText %d\n\n"
PST = "pst/tika/testPST_variousBodyTypes.pst"


@pytest.fixture
def read(office, monkeypatch):
    """What was read of archives, by where it stands; each mail is a batch, and each mbox is long."""
    from orgo.intake import importing, readers

    monkeypatch.setattr(importing, "BATCH", 1)
    monkeypatch.setattr(readers, "QUICK", 0)
    seen: list[str] = []

    def watched(real, *rest):
        for item in real(*rest):
            seen.append(item.where)
            yield item

    for name in ("_outlook", "_mbox_file"):
        monkeypatch.setattr(readers, name, partial(watched, getattr(readers, name)))
    return seen


@pytest.fixture
def mbox(tmp_path):
    file = tmp_path / "old.mbox"
    file.write_bytes(b"".join(BEGIN + MAIL % (n, n) for n in range(6)))
    return file


def taken(file, steps=None, plan=None):
    """The count of an import, which is stopped after so many steps."""
    from orgo.intake import importing

    count = importing.Count()
    with closing(importing.steps([file], plan or importing.Plan("history"), count)) as going:
        for number, _ in enumerate(going, 1):
            if number == steps:
                break
    return count


def stored():
    from orgo.intake.models import Mail

    return Mail.objects.count()


def numbers(seen):
    return [int(where.rpartition("#")[2]) for where in seen]


def again(read, file, **rest):
    """The count of another run, and the numbers of the mails that it read."""
    read.clear()
    return taken(file, **rest), numbers(read)


def test_an_mbox_goes_on_at_its_byte(read, mbox):
    """bad input 86."""
    taken(mbox, 2)
    assert stored() == 2
    count, seen = again(read, mbox)
    assert seen == [3, 4, 5, 6] and stored() == 6
    assert (count.mails, count.taken, count.known, count.passed) == (6, 4, 2, 2)
    assert count.bytes == mbox.stat().st_size
    assert again(read, mbox)[1] == [1, 2, 3, 4, 5, 6], "a run that has ended is not gone on with"


def test_an_outlook_archive_goes_on_at_its_item_and_what_broke_its_reader_is_still_said(
    read, corpus, monkeypatch
):
    """bad input 86: the reader breaks at the second item of the first run only."""
    monkeypatch.setenv("ORGO_CRASH", "H1s.item:2")
    assert taken(corpus / PST, 2).mails == 2
    monkeypatch.delenv("ORGO_CRASH")

    count, seen = again(read, corpus / PST)
    assert seen == [4] and (count.mails, count.taken, stored()) == (3, 1, 3)
    ((where, why),) = count.unread
    assert where.endswith("#2") and "broke the reader" in why
    assert abs(count.bytes - (corpus / PST).stat().st_size) <= 1


def test_what_is_no_mail_is_counted_once(read, corpus):
    file = corpus / "pst/aspose-java/PersonalStorage.pst"
    whole = taken(file)
    assert whole.others
    for steps in range(1, whole.mails + 1):
        taken(file, steps)
        count = taken(file)
        assert (count.mails, count.others, count.unread) == (whole.mails, whole.others, whole.unread)


def test_what_could_not_be_read_of_an_mbox_is_said_by_the_run_that_goes_on(read, mbox, monkeypatch):
    from orgo.intake import readers

    monkeypatch.setattr(readers, "LARGEST", 300)
    data = mbox.read_bytes()
    mbox.write_bytes(data[: len(data) // 2] + b"x" * 300 + data[len(data) // 2 :])
    whole = taken(mbox)
    assert len(whole.unread) == 1
    for steps in range(1, 6):
        taken(mbox, steps)
        assert taken(mbox).unread == whole.unread


def test_archives_that_are_read_whole_are_passed_by(read, mbox, tmp_path):
    (folder := tmp_path / "all").mkdir()
    (folder / "1.eml").write_bytes(MAIL % (7, 7))
    mbox.rename(folder / "2.mbox")
    (folder / "3.mbox").write_bytes(b"".join(BEGIN + MAIL % (n, n) for n in range(10, 13)))

    taken(folder, 1 + 6 + 1 + 1)
    count, seen = again(read, folder)
    assert seen == [2, 3] and (count.mails, stored()) == (10, 10)


@pytest.mark.parametrize("change", ["grown", "touched", "other bytes"])
def test_an_archive_that_was_changed_is_read_anew(read, mbox, change):
    """The last change leaves size, time and beginning as they were, but no mail begins at the place."""
    mbox.write_bytes(
        b"".join(BEGIN + MAIL % (n, n) for n in range(3)) + BEGIN + b"x" * 70_000 + b"\n\n" + BEGIN
    )
    taken(mbox, 4)
    data, found = mbox.read_bytes(), mbox.stat()
    if change == "other bytes":
        mbox.write_bytes(data[: -len(BEGIN)] + b"y" * len(BEGIN))
    elif change == "grown":
        mbox.write_bytes(data + MAIL % (9, 9))
    later = found.st_mtime_ns + (change == "touched")
    os.utime(mbox, ns=(later, later))

    assert again(read, mbox)[1][:4] == [1, 2, 3, 4]


def test_a_run_that_leaves_out_something_else_is_another(read, mbox):
    """What an earlier one left out for its age, or stood in another folder, would be lost."""
    from datetime import UTC, datetime

    from orgo.intake.importing import Plan

    assert taken(mbox, 3, Plan("history", datetime(2026, 10, 1, tzinfo=UTC))).older == 3
    count, seen = again(read, mbox)
    assert seen == [1, 2, 3, 4, 5, 6] and count.taken == 6


@pytest.mark.parametrize("touched", [False, True])
def test_two_imports_of_the_same_archive_at_once_take_it_once(read, mbox, monkeypatch, touched):
    """The second one goes on where the first is, or anew where the archive changed: then the place is its own."""
    from orgo.intake import importing, readers
    from orgo.intake.models import ImportPlace

    monkeypatch.setattr(readers, "LARGEST", 300)
    mbox.write_bytes(mbox.read_bytes() + b"x" * 300 + b"\n\n" + BEGIN + MAIL % (9, 9))
    plan, counts = importing.Plan("history"), [importing.Count(), importing.Count()]
    first, second = (importing.steps([mbox], plan, count) for count in counts)
    next(first), next(first)
    if touched:
        os.utime(mbox, (0, 0))
    next(second), next(first)
    assert ImportPlace.objects.get().number == (1 if touched else 3)
    for _ in first:
        pass
    for _ in second:
        pass

    assert stored() == 6 and not ImportPlace.objects.exists()
    assert [(count.mails, len(count.unread)) for count in counts] == [(6, 1), (6, 1)]
    assert sum(count.taken for count in counts) == 6


def test_what_is_left_is_counted_without_reading_what_was_read(read, mbox):
    """`orgo import --as work` counts before it begins."""
    from orgo.intake.importing import Plan, survey

    taken(mbox, 2, Plan("work"))
    read.clear()
    count = survey([mbox], Plan("work"), lambda _: None)
    assert numbers(read) == [3, 4, 5, 6] and (count.mails, count.known, count.work) == (6, 2, 4)
