"""`orgo import`: archives come in once, whatever happens in between."""

import json
import re
import sys
from types import SimpleNamespace

import pytest

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
    assert (code, json.loads(out)) == (0, {"mails": 5, "new": 4, "known": 1, "older": 0, "unread": []})
    office.settle()
    assert {row.outcome for row in mails()} == {"history"}
    assert office.tasks() == 0
    assert office.told() == []
    moved = archive.rename(archive.parent / "moved")
    assert json.loads(run("import", str(moved), "--json")[1])["new"] == 0
    assert mails().count() == 4


def test_a_run_that_was_stopped_goes_on(office, run, archive, monkeypatch):
    monkeypatch.setattr("orgo.intake.importing.BATCH", 2)
    from orgo.intake.store import store as real

    calls = []

    def stopped(batch):
        calls.append(batch)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(batch)

    monkeypatch.setattr("orgo.intake.importing.store", stopped)
    assert run("import", str(archive))[0] == 130
    assert 0 < mails().count() < 4
    assert run("import", str(archive))[0] == 0
    assert mails().count() == 4


def test_work_makes_tasks_and_is_asked_for(office, run, archive):
    assert run("import", str(archive), "--as", "work")[0] == 2
    assert mails().count() == 0
    assert run("import", str(archive), "--as", "work", "--yes", "--since", "2026-09-01")[0] == 0
    office.settle()
    assert office.tasks() == 3
    assert {row.envelope_to[0] for row in mails()} == {"works@city.example"}


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
    assert re.fullmatch(r"orgo: \d+ %, 5 mails, 4 new\n", err)
    assert not sys.stderr.isatty()
