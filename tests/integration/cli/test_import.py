"""`orgo import`: archives come in once, whatever happens in between."""

import json
import re
import sys
from types import SimpleNamespace

import pytest

from tests.little_room import LITTLE, MUCH, room_of

MAIL = b"From: a@b.example\nTo: works@city.example\nDate: %s 2026 10:00:00 +0000\nMessage-ID: <%d@b>\nSubject: leak %d\n\nText\n"


def written(number, day=b"Mon, 07 Sep"):
    return MAIL % (day, number, number)


def mails():
    from orgo.intake.models import Mail

    return Mail.objects.order_by("id")


@pytest.fixture
def archive(tmp_path):
    """A folder with an mbox of three mails, one .eml that is one of them too, and another."""
    folder = tmp_path / "archive"
    folder.mkdir()
    envelope = b"From a@b Mon Sep  7 10:00:00 2026\n"
    (folder / "all.mbox").write_bytes(b"".join(envelope + written(n) + b"\n" for n in (1, 2, 3)))
    (folder / "again.eml").write_bytes(written(2))
    (folder / "other.eml").write_bytes(written(4, b"Tue, 06 Jan"))
    return folder


def test_an_archive_comes_in_as_history_and_only_once(office, run, archive):
    code, out, _ = run("import", str(archive), "--json")
    found = {
        "new": 4,
        "mails": 5,
        "work": 0,
        "history": 4,
        "known": 1,
        "older": 0,
        "passed": 0,
        "others": {},
        "unread": [],
    }
    assert (code, json.loads(out)) == (0, found)
    office.settle()
    assert {row.outcome for row in mails()} == {"history"}
    assert office.tasks() == 0
    assert office.told() == []
    moved = archive.rename(archive.parent / "moved")
    assert run("import", str(moved))[:2] == (0, "already imported: 5 mails, 0 new\n")
    assert mails().count() == 4


def test_a_run_that_was_stopped_goes_on(office, run, archive, monkeypatch):
    """bad input 86."""
    monkeypatch.setattr("orgo.intake.importing.BATCH", 2)
    monkeypatch.setattr("orgo.intake.readers.QUICK", 0)
    from orgo.intake.store import store as real

    calls = []

    def stopped(batch):
        calls.append(batch)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(batch)

    monkeypatch.setattr("orgo.intake.importing.store", stopped)
    assert run("import", str(archive))[0] == 130
    assert mails().count() == 2
    monkeypatch.setattr("orgo.intake.importing.store", real)
    out = run("import", str(archive))[1]
    assert (
        "5 mails: 2 new, 3 imported already\n2 mails of them by an earlier run" in out
        and mails().count() == 4
    )


def test_little_room_stops_an_import_before_it_writes_and_it_goes_on_later(office, run, archive, monkeypatch):
    from orgo.intake import importing
    from orgo.intake.models import ImportRun
    from orgo.intake.store import store

    free = room_of(monkeypatch)
    free(LITTLE)
    code, _, said = run("import", str(archive))
    assert (code, ImportRun.objects.count(), mails().count()) == (75, 0, 0)
    assert said.startswith("orgo: mail is refused for now: 9 MB free at ") and "run it again" in said

    free(MUCH)
    monkeypatch.setattr(importing, "BATCH", 2)

    def last(batch):
        store(batch)
        free(LITTLE)

    with monkeypatch.context() as then:
        then.setattr(importing, "store", last)
        code, _, said = run("import", str(archive))
    assert (code, mails().count()) == (75, 2) and "Traceback" not in said

    free(MUCH)
    assert run("import", str(archive))[0] == 0
    assert mails().count() == 4


def test_since_leaves_older_history_out(office, run, archive):
    code, out, _ = run("import", str(archive), "--since", "2026-09-01", "--json")
    assert (code, json.loads(out)["new"], json.loads(out)["older"]) == (0, 3, 1)


def test_work_makes_tasks_of_the_last_seven_days_and_history_of_what_is_older(office, run, archive):
    code, out, _ = run("import", str(archive), "--as", "work", "--json")
    found = json.loads(out)
    assert (code, found["work"], found["history"], found["older"]) == (0, 3, 1, 0)
    office.settle()
    assert office.tasks() == 3
    assert sorted(row.outcome for row in mails()) == ["history", "opened", "opened", "opened"]
    assert {row.envelope_to[0] for row in mails()} == {"works@city.example"}


def test_more_than_a_hundred_tasks_have_to_be_meant(office, run, archive, monkeypatch):
    monkeypatch.setattr("orgo.intake.importing.MOST_UNASKED", 2)
    code, _, err = run("import", str(archive), "--as", "work")
    assert code == 2
    assert "of 5 mails 3 (since 2026-08-31) would become tasks" in err
    assert "1 would be history" in err
    assert "--yes" in err
    assert mails().count() == 0
    assert run("import", str(archive), "--as", "work", "--since", "2026-09-08")[0] == 0
    assert {row.mode for row in mails()} == {"history"}
    assert run("import", str(archive.parent), "--as", "work", "--yes")[0] == 0


def test_work_is_not_acknowledged_whoever_checked_its_sender(office, run, tmp_path):
    from orgo.conf import boot

    said = b"Authentication-Results: mx.city.example; dmarc=pass\n"
    believing = office.config.intake.smtp.model_copy(update={"trusted_relays": ()})
    intake = office.config.intake.model_copy(update={"smtp": believing})
    boot.use(office.config.model_copy(update={"intake": intake}))
    (tmp_path / "a.eml").write_bytes(said + written(1))
    assert run("import", str(tmp_path / "a.eml"), "--as", "work")[0] == 0
    office.settle()
    assert office.tasks() == 1
    assert "a@b.example" not in office.told()


def test_a_long_list_of_what_could_not_be_read_is_a_file(office, run, tmp_path, monkeypatch):
    monkeypatch.setattr("orgo.cli.importing.SHOWN", 1)
    for number in range(3):
        (tmp_path / f"{number}.pst").write_bytes(b"!BDN")
    code, out, err = run("import", *(str(tmp_path / f"{number}.pst") for number in range(3)))
    assert (code, out) == (2, "0 mails: 0 new, 0 imported already, 3 could not be read\n")
    assert "all 3 that could not be read" in err
    (listed,) = (office.home / "var" / "reports").iterdir()
    assert [line.partition(": ")[0] for line in listed.read_text().splitlines()] == [
        str(tmp_path / f"{number}.pst") for number in range(3)
    ]


def test_where_nothing_at_all_could_be_read_it_is_wrong_input_and_said_why(office, run, tmp_path):
    for name in ("a.pst", "b.msg"):
        (tmp_path / name).write_bytes(b"!BDN")
    code, _, err = run("import", str(tmp_path / "a.pst"), str(tmp_path / "b.msg"))
    lines = err.splitlines()
    assert code == 2
    assert all(
        line.startswith(f"orgo: {tmp_path}/{name}: ")
        for line, name in zip(lines, ("a.pst", "b.msg"), strict=True)
    )


def test_an_empty_file_is_refused_and_not_stored(office, run, tmp_path):
    from orgo.intake.models import Mail

    (tmp_path / "empty.eml").write_bytes(b"")
    code, _, err = run("import", str(tmp_path / "empty.eml"))
    assert (code, err, Mail.objects.count()) == (2, f"orgo: {tmp_path}/empty.eml: is empty\n", 0)


@pytest.mark.parametrize(("mails", "words"), [(1, "It is read by"), (2, "They are read by")])
def test_one_mail_is_spoken_of_as_one(office, run, tmp_path, mails, words):
    (tmp_path / "mails").mkdir()
    for number in range(mails):
        (tmp_path / "mails" / f"{number}.eml").write_bytes(written(number))
    assert run("import", str(tmp_path / "mails"))[1].splitlines()[1] == f"{words} the running Orgo (orgo up)."


def test_what_could_not_be_read_is_listed(office, run, archive):
    (archive / "old.pst").write_bytes(b"!BDN")
    code, out, err = run("import", str(archive))
    assert code == 6
    assert "4 new" in out
    assert "old.pst" in err
    assert run("import", "nix")[0] == 2


def test_there_is_a_line_a_second_and_no_bar_without_a_terminal(office, run, archive, monkeypatch):
    ticks = iter(range(100))
    monkeypatch.setattr("orgo.cli.importing.time", SimpleNamespace(monotonic=lambda: next(ticks)))
    _, _, err = run("import", str(archive))
    assert re.fullmatch(r"orgo: Importing: \d+ %, 5 mails \(\d+ a second(, \d+ s left)?\), 4 new\n", err)
    assert not sys.stderr.isatty()
