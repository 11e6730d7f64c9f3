"""Archives in the watched folder: what is done with damaged ones, with those that would make many tasks, with locked ones."""

import hashlib
import json
import subprocess
import sys
from contextlib import contextmanager
from datetime import timedelta

import pytest

MAIL = b"From: a@b.example\nTo: works@city.example\nSubject: A leak\n\nText\n"


@pytest.fixture
def watch(office, tmp_path):
    from orgo.intake.folder import FolderWatch

    (tmp_path / "drop").mkdir()
    return FolderWatch(tmp_path / "drop", "move")


@pytest.fixture
def sample(corpus):
    return (corpus / "pst" / "pstsdk" / "sample1.pst").read_bytes()


@pytest.fixture
def client(office):
    from django.test import Client

    from orgo.people.models import User

    made = Client()
    made.force_login(User.objects.get(address="admin@city.example"))
    return made


def names(folder):
    return sorted(entry.name for entry in folder.iterdir()) if folder.exists() else []


def rounds(watch, count=3):
    return sum(watch.round() for _ in range(count))


def test_an_archive_of_which_a_part_can_not_be_read_is_done_and_has_a_report_beside_it(watch, sample):
    harmed = sample[:23128] + bytes(byte ^ 0xFF for byte in sample[23128:23192]) + sample[23192:]
    (watch.path / "old.pst").write_bytes(harmed)

    assert rounds(watch) == 1
    assert names(watch.path) == ["done"] and names(watch.path / "done") == ["old.pst", "old.pst.txt"]
    first, second = (watch.path / "done" / "old.pst.txt").read_text().splitlines()
    assert first == "1 read, 1 not" and "it is damaged" in second and "/Sample1#1" in second


def test_an_archive_of_which_nothing_can_be_read_has_failed(watch, sample):
    (watch.path / "old.pst").write_bytes(sample[:1000])

    assert rounds(watch) == 0
    assert names(watch.path) == ["failed"] and names(watch.path / "failed") == ["old.pst"]


@pytest.mark.parametrize(("after", "left"), [("keep", ["done", "old.mbox"]), ("delete", ["done"])])
def test_the_report_is_written_whatever_becomes_of_the_file(watch, monkeypatch, after, left):
    """One that is to be deleted is kept where a part of it can't be read."""
    from orgo.intake import readers

    monkeypatch.setattr(readers, "LARGEST", 200)
    begin = b"From a Mon Sep  7 08:00:00 2026\n"
    (watch.path / "old.mbox").write_bytes(begin + MAIL + b"\n" + begin + MAIL + b"x" * 200 + b"\n")
    watch.after = after

    assert rounds(watch) == 1
    assert names(watch.path) == left and "old.mbox.txt" in names(watch.path / "done")


@pytest.fixture
def asking(watch, sample, monkeypatch):
    """A watch for which one task is one too many, and an archive of one young mail."""
    from orgo.intake import folder, importing

    monkeypatch.setattr(folder, "MOST_UNASKED", 0)
    for module in (folder, importing):
        monkeypatch.setattr(module, "WORK_SINCE", timedelta(days=36500))
    (watch.path / "old.pst").write_bytes(sample)
    return watch


def test_an_archive_that_would_make_many_tasks_waits_and_says_so(asking, office, run):
    """DESIGN 3: more than 100 tasks have to be meant. Once it was imported by hand it goes its way."""
    from orgo.intake.models import Mail

    assert rounds(asking, 4) == 0 and names(asking.path) == ["old.pst"] and not Mail.objects.exists()
    out = run("status")[1]
    assert "old.pst waits: 1 tasks would come of it" in out
    assert json.loads(run("status", "--json")[1])["folder"][0]["reason"] == "asks"

    office.clock.advance(seconds=5)
    assert run("import", str(asking.path / "old.pst"))[0] == 0
    assert rounds(asking) == 0 and names(asking.path / "done") == ["old.pst"]
    assert "old.pst" not in run("status")[1]


def mbox(*days):
    from orgo.lib import clock

    begin, date = b"From a Mon Sep  7 08:00:00 2026\n", b"Date: %a, %d %b %Y 10:00:00 +0000\n"
    dates = [(clock.now() - timedelta(days=day)).strftime(date.decode()).encode() for day in days]
    return b"".join(
        begin + line + MAIL.replace(b"leak", b"leak %d" % n) + b"\n" for n, line in enumerate(dates)
    )


def modes():
    from orgo.intake.models import Mail

    return list(Mail.objects.order_by("id").values_list("mode", flat=True))


def test_an_mbox_of_several_mails_is_an_archive_and_one_of_a_single_mail_is_work(watch):
    (watch.path / "all.mbox").write_bytes(mbox(1000, 2, 30))
    (watch.path / "one").write_bytes(mbox(1000))

    assert rounds(watch) == 4
    assert modes() == ["history", "work", "history", "work"]
    assert names(watch.path / "done") == ["all.mbox", "one"]


def test_an_mbox_that_would_make_many_tasks_waits_and_says_so(watch, office, run, client, monkeypatch):
    """DESIGN 3: more than 100 tasks have to be meant, whatever kind of archive they come of."""
    from orgo.intake import folder

    monkeypatch.setattr(folder, "MOST_UNASKED", 2)
    (watch.path / "all.mbox").write_bytes(mbox(1, 2, 3, 1000))

    assert rounds(watch, 4) == 0 and modes() == []
    assert "all.mbox waits: 3 tasks would come of it" in run("status")[1]
    assert (
        "It waits: 3 tasks would come of it. On the machine: orgo import"
        in client.get("/mailboxes").content.decode()
    )

    office.clock.advance(seconds=5)
    assert run("import", "--as", "work", "--yes", str(watch.path / "all.mbox"))[0] == 0
    assert rounds(watch) == 0 and names(watch.path / "done") == ["all.mbox"]
    assert modes() == ["work", "work", "work", "history"]


def test_a_folder_that_keeps_its_files_does_not_take_what_a_former_release_took_of_an_mbox(watch):
    """It stored the mails of an mbox under other keys."""
    from orgo.intake.store import Incoming, store

    data = mbox(1, 2)
    (watch.path / "all.mbox").write_bytes(data)
    first = data.partition(b"\n")[2].partition(b"\nFrom ")[0]
    store([Incoming(first, "folder", receipt_key=f"{hashlib.sha256(first).hexdigest()}#folder")])
    watch.after = "keep"

    assert rounds(watch) == 1 and modes() == ["work", "work"]


def test_an_archive_whose_taking_was_stopped_is_not_asked_about_again_unless_it_is_another(
    watch, monkeypatch
):
    from orgo.intake import folder, importing, readers

    monkeypatch.setattr(folder, "AT_A_TIME", -1.0)
    monkeypatch.setattr(importing, "BATCH", 1)
    monkeypatch.setattr(readers, "QUICK", 0)
    file = watch.path / "all.mbox"
    file.write_bytes(mbox(1, 2, 3))
    assert next(count for count in iter(watch.round, None) if count) == 1
    watch.close()
    monkeypatch.setattr(folder, "MOST_UNASKED", 0)
    again = folder.FolderWatch(watch.path, "move")
    assert sum(again.round() for _ in range(3)) == 1
    again.close()
    file.write_bytes(mbox(1, 2, 3, 4))
    another = folder.FolderWatch(watch.path, "move")
    assert sum(another.round() for _ in range(9)) == 0 and modes() == ["work", "work"]


def test_an_archive_that_was_taken_away_waits_no_more(asking, run):
    rounds(asking)
    (asking.path / "old.pst").unlink()
    rounds(asking, 1)

    assert "old.pst" not in run("status")[1]


@contextmanager
def held(file):
    """Another program has the file locked."""
    code = "import fcntl,sys\nf=open(sys.argv[1],'r+b'); fcntl.lockf(f, fcntl.LOCK_EX); print('held', flush=True); sys.stdin.read()"
    holder = [sys.executable, "-c", code, str(file)]
    with subprocess.Popen(holder, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as outlook:
        assert outlook.stdin is not None and outlook.stdout is not None
        outlook.stdout.readline()
        yield
        outlook.stdin.close()


def test_a_locked_archive_is_said_by_the_status_and_on_the_page(watch, sample, run, client):
    (watch.path / "old.pst").write_bytes(sample)
    with held(watch.path / "old.pst"):
        assert rounds(watch) == 0
        assert "old.pst waits: another program has it open" in run("status")[1]
        assert "It waits: another program has it open." in client.get("/mailboxes").content.decode()
    assert rounds(watch, 1) == 1
    assert "It waits" not in client.get("/mailboxes").content.decode()


def test_a_file_that_can_not_be_stored_fails_and_says_why_as_long_as_it_lies_there(
    watch, run, client, monkeypatch
):
    """The database is given what none takes, as a fault of ours would; the other file is taken."""
    from orgo.intake import store

    unfit = {"works@city.example": "half a letter: \ud800"}
    monkeypatch.setattr(store, "clean_text", lambda text: unfit.get(text, text))
    (watch.path / "a.eml").write_bytes(MAIL)
    (watch.path / "b.eml").write_bytes(MAIL.replace(b"works@", b"desk@"))

    assert rounds(watch) == 1
    assert names(watch.path / "failed") == ["a.eml"] and names(watch.path / "done") == ["b.eml"]
    assert "failed/a.eml can't be stored: " in run("status")[1]
    assert "It was not taken: can&#x27;t be stored: " in client.get("/mailboxes").content.decode()

    (watch.path / "failed" / "a.eml").unlink()
    watch.round()
    assert "failed/" not in run("status")[1]
