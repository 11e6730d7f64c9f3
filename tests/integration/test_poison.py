"""One bad mail stops no other one: what no database takes and no library can go through is taken in like any mail."""

from pathlib import Path
from typing import Any

import pytest

from tests.office import Office

GOOD = b"From: a@b.example\nTo: works@city.example\nSubject: A leak\n\nText\n"
BAD = {
    "nul": GOOD.replace(b"To: works@", b"Delivered-To: wo\0rks@"),
    "deep": GOOD.replace(b"To: ", b"To: " + b"(" * 2_000),
    "deeper": GOOD.replace(b"To: ", b"Cc: " + b"x:" * 2_000),
}
LONE = ("nul\0@x.example", "raw\udce9@x.example", "half\ud800@x.example")


def mails() -> list[Any]:
    from orgo.intake.models import Mail

    return list(Mail.objects.order_by("id"))


@pytest.fixture
def files(office: Office, tmp_path: Path) -> Path:
    """A folder with bad files before a good one."""
    folder = tmp_path / "drop"
    folder.mkdir()
    for name, data in {**BAD, "good": GOOD}.items():
        (folder / f"{name}.eml").write_bytes(data)
    return folder


def test_a_watched_folder_goes_on(office: Office, files: Path) -> None:
    from orgo.intake.folder import FolderWatch

    watch = FolderWatch(files, "move")
    assert sum(watch.round() for _ in range(3)) == 4
    office.settle()

    assert [mail.outcome for mail in mails()] == ["opened"] * 4
    assert len(list((files / "done").iterdir())) == 4


def test_an_import_goes_on(office: Office, files: Path) -> None:
    from orgo.intake.importing import Plan, run

    assert run([files], Plan("history"), lambda count: None).taken == len(mails()) == 4


@pytest.fixture
def unfit(monkeypatch: pytest.MonkeyPatch) -> None:
    """What no database takes gets as far as to the database, where it is a mail to the works."""
    from orgo.intake import store

    def left_as_it_is(text: str) -> str:
        return f"\ud800{text}" if text.startswith("works@") else text

    monkeypatch.setattr(store, "clean_text", left_as_it_is)


MBOX = b"".join(
    b"From a Mon Sep  7 08:00:00 2026\n" + GOOD.replace(b"works@", name) + b"\n"
    for name in (b"desk@", b"works@", b"info@")
)


def test_a_mail_of_an_archive_that_can_not_be_stored_is_named_and_the_others_are_taken(
    office: Office, tmp_path: Path, unfit: None
) -> None:
    from orgo.intake.importing import Plan, run

    (tmp_path / "all.mbox").write_bytes(MBOX)
    count = run([tmp_path / "all.mbox"], Plan("history"), lambda count: None)

    assert (count.mails, count.taken, len(mails())) == (2, 2, 2)
    ((where, why),) = count.unread
    assert where.endswith("all.mbox#2") and why.startswith("can't be stored: ")


def test_an_archive_that_trips_the_reading_itself_fails_alone(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import DataError

    from orgo.intake import folder
    from orgo.intake.queries import waiting_files

    def trips(*given: object) -> Any:
        raise DataError("invalid byte sequence\nDETAIL: words of the mail")

    monkeypatch.setattr(folder, "steps", trips)
    (tmp_path / "a.mbox").write_bytes(MBOX)
    (tmp_path / "b.eml").write_bytes(GOOD)
    watch = folder.FolderWatch(tmp_path, "move")

    assert sum(watch.round() for _ in range(3)) == 1
    assert (tmp_path / "failed" / "a.mbox").exists() and (tmp_path / "done" / "b.eml").exists()
    (failed,) = waiting_files()
    assert failed.why == "can't be stored: invalid byte sequence"


def test_a_database_that_is_away_is_no_fault_of_a_file(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import OperationalError

    from orgo.intake import folder

    def away(mails: object) -> Any:
        raise OperationalError("the connection is closed")

    (tmp_path / "a.eml").write_bytes(GOOD)
    watch = folder.FolderWatch(tmp_path, "move")
    watch.round()
    with monkeypatch.context() as patch:
        patch.setattr(folder, "store", away)
        with pytest.raises(OperationalError):
            watch.round()
    assert (tmp_path / "a.eml").exists() and watch.round() == 1


def test_what_is_met_in_an_archive_is_noted_whatever_it_is_called(office: Office, tmp_path: Path) -> None:
    """The names of its folders and the classes of its items are its own."""
    from orgo.intake import places

    record, archive = places.begin([tmp_path], ""), places.start_of(tmp_path / "a.pst")
    archive.others.update({"IPM\0Note": 2, "IPM\ud800": 1})
    places.keep(record, archive, [("a.pst:/In\0box\udfff#1", "half\ud800")])

    (found,) = places.reached([tmp_path], "").values()
    assert found.others == {"IPM\u2400Note": 2, "IPM\ufffd\ufffd\ufffd": 1}
    assert found.unread == [("a.pst:/In\u2400box\ufffd\ufffd\ufffd#1", "half\ufffd\ufffd\ufffd")]


def test_an_envelope_that_no_database_takes_is_stored_as_it_can_be_shown(office: Office) -> None:
    from orgo.intake.store import Incoming, store

    store([Incoming(GOOD, "http", envelope_from=address, envelope_to=(address,)) for address in LONE])

    assert [mail.envelope_to for mail in mails()] == [[mail.envelope_from] for mail in mails()]
    assert [mail.envelope_from.rpartition("@")[0].rstrip("\ufffd") for mail in mails()] == [
        "nul\u2400",
        "raw",
        "half",
    ]


def test_a_sender_that_no_database_takes_is_shown_and_its_mail_becomes_a_task(office: Office) -> None:
    for name in ("From", "Reply-To", "Return-Path", "Sender"):
        head = f"{name}: Clara <cla\0ra@people.example>\r\nSubject: leak of {name}\r\n\r\nIt drips.\r\n"

        assert office.mail("x@people.example", raw=head.encode()).outcome == "opened", name
        assert "\0" not in office.task().requester


@pytest.mark.parametrize(
    "more",
    [
        b"Message-ID: <1@x\0.example>\r\n\r\nIt drips.\r\n",
        b"In-Reply-To: <1@x\0.example>\r\nReferences: <2@x\0.example>\r\n\r\nIt drips.\r\n",
        b"Content-Type: text/calendar\r\n\r\nBEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:It\0drips\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
    ],
    ids=["message id", "references", "invitation"],
)
def test_words_that_no_database_takes_are_no_reason_for_quarantine(office: Office, more: bytes) -> None:
    mail = office.mail("x@people.example", raw=b"From: clara@people.example\r\nSubject: leak\r\n" + more)

    assert mail.outcome == "opened", mail.reason
    assert "drips" in mail.text and "\0" not in f"{mail.text}{mail.message_id}"
