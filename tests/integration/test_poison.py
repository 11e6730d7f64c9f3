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


@pytest.fixture(params=list(BAD))
def files(request: pytest.FixtureRequest, office: Office, tmp_path: Path) -> Path:
    """A folder with a bad file before a good one."""
    folder = tmp_path / "drop"
    folder.mkdir()
    (folder / "a.eml").write_bytes(BAD[request.param])
    (folder / "b.eml").write_bytes(GOOD)
    return folder


def test_a_watched_folder_goes_on(office: Office, files: Path) -> None:
    from orgo.intake.folder import FolderWatch

    watch = FolderWatch(files, "move")
    assert sum(watch.round() for _ in range(3)) == 2
    office.settle()

    assert [mail.outcome for mail in mails()] == ["opened", "opened"]
    assert sorted(entry.name for entry in (files / "done").iterdir()) == ["a.eml", "b.eml"]


def test_an_import_goes_on(office: Office, files: Path) -> None:
    from orgo.intake.importing import Plan, run

    assert run([files], Plan("history"), lambda count: None).taken == len(mails()) == 2


@pytest.mark.parametrize("address", LONE)
def test_an_envelope_that_no_database_takes_is_stored_as_it_can_be_shown(
    office: Office, address: str
) -> None:
    from orgo.intake.store import Incoming, store

    store([Incoming(data=GOOD, source="http", envelope_from=address, envelope_to=(address,))])

    (mail,) = mails()
    assert mail.envelope_to == [mail.envelope_from]
    assert mail.envelope_from.endswith("@x.example") and mail.envelope_from != address
