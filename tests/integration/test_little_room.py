"""The disk has little room: no door takes mail, each says so in its own way, nothing is lost, and all go on by themselves."""

import logging
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.little_room import LITTLE, MUCH, room_of
from tests.office import CONFIG, PASS, Office, written

WITHOUT_SMTP = CONFIG.replace("smtp: {{domains", "smtp: {{enabled: false, domains")
assert WITHOUT_SMTP != CONFIG
MAIL = b"From: a@b.example\nTo: works@city.example\nSubject: A leak\n\nText\n"


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], None]]:
    """Sets the room that is left; at the end there is enough, and Orgo knows it."""
    from orgo.intake import space

    yield room_of(monkeypatch)
    monkeypatch.undo()
    space.is_lacking()


def _client(address: str, language: str = "en") -> Any:
    from django.test import Client

    from orgo.people.models import User

    client = Client(headers={"Accept-Language": language})
    client.force_login(User.objects.get(address=address))
    return client


def _mails() -> int:
    from orgo.intake.models import Mail

    return Mail.objects.count()


@pytest.mark.parametrize("full", ["var", "data"])
def test_a_database_on_a_disk_of_its_own_and_what_lies_beside_it_both_need_room(
    office: Office, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, full: str
) -> None:
    from orgo.intake import space

    data = tmp_path / "data"
    data.mkdir()
    config = office.config.model_copy(update={"database": f"sqlite:///{data}/orgo.db"})
    place = {"var": config.var, "data": data}[full]
    place.mkdir(exist_ok=True)
    assert space.lacking(config) == ""

    def usage(asked: Path) -> object:
        return shutil._ntuple_diskusage(MUCH, 0, LITTLE if asked == place else MUCH)

    monkeypatch.setattr(shutil, "disk_usage", usage)
    assert f"9 MB free at {place}" in space.lacking(config)


def test_the_store_takes_nothing_and_says_so_once(
    office: Office, room: Callable[[int], None], caplog: pytest.LogCaptureFixture
) -> None:
    from orgo.intake.space import NoRoom
    from orgo.intake.store import Incoming, store

    incoming = [Incoming(data=MAIL, source="folder")]
    room(LITTLE)
    for _ in range(2):
        with pytest.raises(NoRoom, match="9 MB free"):
            store(incoming)
    room(MUCH)
    store(incoming)

    said = [line.getMessage() for line in caplog.records if line.levelno == logging.WARNING]
    assert _mails() == 1
    assert said == [
        f"mail is refused for now: 9 MB free at {office.home}, 75 are needed; make room",
        "mail is taken again: there is room for it",
    ]


@pytest.mark.parametrize("after", ["keep", "move", "delete"])
def test_files_of_the_watched_folder_stay_where_they_are(
    office: Office, tmp_path: Path, room: Callable[[int], None], after: Any
) -> None:
    from orgo.intake.folder import FolderWatch
    from orgo.intake.models import WaitingFile

    drop = tmp_path / "drop"
    drop.mkdir()
    (drop / "a.eml").write_bytes(MAIL)
    (drop / "b.mbox").write_bytes(
        b"From a@b Mon Sep  7 10:00:00 2026\n%s\n" % MAIL.replace(b"leak", b"hole") * 2
    )
    watch = FolderWatch(drop, after)
    watch.round()
    room(LITTLE)
    assert [watch.round() for _ in range(3)] == [0, 0, 0]
    assert sorted(file.name for file in drop.iterdir()) == ["a.eml", "b.mbox"]
    assert (_mails(), WaitingFile.objects.count()) == (0, 0)

    room(MUCH)
    assert sum(watch.round() for _ in range(3)) == 2
    assert not (drop / "failed").exists()


def test_room_that_goes_while_the_folder_is_read_keeps_the_rest_there(
    office: Office, tmp_path: Path, room: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    from orgo.intake.folder import FolderWatch
    from orgo.intake.store import store

    drop = tmp_path / "drop"
    drop.mkdir()
    for name in ("a", "b"):
        (drop / f"{name}.eml").write_bytes(MAIL + name.encode())
    watch = FolderWatch(drop, "move")
    watch.round()
    rang: list[str] = []

    def last(mails: Any) -> Any:
        rows = store(mails)
        room(LITTLE)
        return rows

    monkeypatch.setattr("orgo.dispatch.ring", rang.append)
    monkeypatch.setattr("orgo.intake.folder.store", last)
    assert watch.round() == 1 and rang == ["routing"]
    assert [(drop / "b.eml").exists(), (drop / "failed").exists()] == [True, False]

    room(MUCH)
    assert sum(watch.round() for _ in range(2)) == 1
    assert (_mails(), sorted(file.name for file in (drop / "done").iterdir())) == (2, ["a.eml", "b.eml"])


def test_the_api_answers_later_with_the_reason(office: Office, room: Callable[[int], None]) -> None:
    from django.test import Client

    from orgo.people.models import User
    from orgo.people.tokens import create

    token = create(User.objects.get(address="anna@city.example"), "mail", "scanner", 365, by="test")[1]
    data = written("clara@people.example", "info@city.example", "Water leak", office.clock.now())

    def post() -> Any:
        headers = {"Authorization": f"Bearer {token}"}
        return Client().post("/api/v1/mail", data, "message/rfc822", headers=headers)

    room(LITTLE)
    answer = post()
    assert (answer.status_code, answer["Retry-After"]) == (503, "30")
    assert answer.json()["detail"] == "There is too little room for mail now. Send it again later."
    assert _mails() == 0
    room(MUCH)
    assert post().status_code == 202


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "There is too little room for mail at the moment. Try again later."),
        ("fr", "Il n'y a pas assez de place pour le courrier en ce moment. Réessayez plus tard."),
    ],
)
def test_a_file_dropped_on_the_page_is_refused_in_words(
    office: Office, room: Callable[[int], None], language: str, words: str
) -> None:
    def drop() -> Any:
        file = SimpleUploadedFile("a.eml", MAIL)
        return _client("anna@city.example", language).post("/mail/drop", {"mail": file})

    room(LITTLE)
    answer = drop()
    assert (answer.status_code, answer.json()) == (503, {"error": words})
    assert _mails() == 0
    room(MUCH)
    assert drop().status_code == 201


@pytest.mark.parametrize("config", [CONFIG, WITHOUT_SMTP])
def test_administrators_see_it_on_the_page(tmp_path: Path, room: Callable[[int], None], config: str) -> None:
    office = Office(tmp_path, config=config)
    try:
        english, french = _client("admin@city.example"), _client("admin@city.example", "fr")
        before = english.get("/").content.decode()
        room(LITTLE)
        now, too = english.get("/").content.decode(), french.get("/").content.decode()
        other = _client("anna@city.example").get("/").content.decode()
    finally:
        office.close()
    said = f"9 MB free at {tmp_path}, 75 are needed"
    assert said not in before and f"Mail is refused for now: {said}; make room" in now
    assert f"Le courrier est refusé pour l&#x27;instant\u00a0: 9 Mo libres dans {tmp_path}" in too
    assert "9 MB" not in other


def test_the_status_says_it_without_smtp_too(tmp_path: Path, room: Callable[[int], None]) -> None:
    from orgo.ops.status import snapshot

    office = Office(tmp_path, config=WITHOUT_SMTP)
    try:
        room(LITTLE)
        found = snapshot(office.config)["troubles"]
    finally:
        office.close()
    assert found == {
        "disk": f"mail is refused for now: 9 MB free at {place_of(office)}, 75 are needed; make room"
    }


def place_of(office: Office) -> Path:
    """Where the database lies: in a container a volume of its own, so its home's disk would say nothing."""
    var = office.config.var
    return var if var.exists() else office.home


def test_it_is_the_databases_disk_that_counts(office: Office, room: Callable[[int], None]) -> None:
    from orgo.intake import space

    office.config.var.mkdir(exist_ok=True)
    room(LITTLE)
    assert f"free at {office.config.var}, " in space.lacking(office.config)


def test_what_is_left_serves_levels_and_letters(office: Office, room: Callable[[int], None]) -> None:
    office.mail(headers={"Authentication-Results": PASS})
    level, letters = office.task().level, len(office.catcher.caught)
    room(LITTLE)
    office.later(days=10)
    assert office.task().level > level and len(office.catcher.caught) > letters
