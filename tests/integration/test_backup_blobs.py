"""Backups of a house whose large mail lies beside the database: each blob once in the store, and back in the database after a restore."""

# ruff: noqa: F401, F811 - fixtures of another module
import json
import os
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
import zstandard

from orgo.backup.state import summary
from orgo.cli.main import main
from orgo.conf import boot, load
from orgo.lib import clock
from tests.integration.test_backup import (
    Place,
    _store,
    busy,
    empty,
    everything,
    house,
    restore_words,
)
from tests.office import Office

LARGE = "Drip, drop. " * 3_000


@pytest.fixture
def large(busy: Office, house: Place) -> Place:
    """The house with two large mails beside its database."""
    file = busy.home / "config" / "config.yaml"
    file.write_text("blobs: {above: 20 kB}\n" + file.read_text())
    boot.use(load(busy.home, house.environ))
    for number in range(2):
        busy.mail(f"dan{number}@people.example", f"Roof {number}", body=f"{LARGE}{number}")
    return house


def create(place: Place) -> Path:
    """A backup, made in this process a minute later; its file."""
    from orgo.backup.making import create

    clock.current().move_to(clock.now() + timedelta(minutes=1))  # type: ignore[attr-defined]
    return _store(place) / create(boot.config()).name


def sealed(place: Place) -> list[Path]:
    return sorted((_store(place) / "blobs").iterdir())


def test_each_blob_lies_once_in_the_store_and_comes_back_into_the_database(
    large: Place, empty: Place
) -> None:
    create(large)
    first = {file.name: file.stat().st_ino for file in sealed(large)}
    file = create(large)

    assert {file.name: file.stat().st_ino for file in sealed(large)} == first and len(first) == 2
    blobs = {path.name for path in (large.home / "var" / "blobs").rglob("*") if path.is_file()}
    assert blobs.isdisjoint(first) and not any(b"Drip" in one.read_bytes() for one in sealed(large))
    assert len(large.said("backup", "verify")[0]["blobs"]) == 2
    empty.said(*restore_words(file, "--to", "sqlite:///./var/orgo.db"))
    with sqlite3.connect(empty.home / "var" / "orgo.db") as connection:
        rows = connection.execute(
            "SELECT data FROM intake_raw WHERE length(data) > 100 AND blob = ''"
        ).fetchall()
    texts = [zstandard.ZstdDecompressor().decompress(data) for (data,) in rows]
    assert sum(LARGE.encode() in text for text in texts) == 2


def gone(file: Path) -> None:
    file.unlink()


def changed(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1] + b"x")


def exchanged(file: Path) -> None:
    file.write_bytes(next(one for one in file.parent.iterdir() if one != file).read_bytes())


def test_a_blob_that_is_not_right_is_refused_and_changes_nothing(large: Place, empty: Place) -> None:
    file = create(large)
    blob = sealed(large)[0]
    whole = blob.read_bytes()
    for harm in (gone, changed, exchanged):
        harm(blob)
        back = empty.run(*restore_words(file, "--to", "sqlite:///./var/orgo.db"))
        assert back.returncode == 2 and f"blobs/{blob.name}" in back.stderr, harm
        assert "--skip-lost" in back.stderr
        assert everything(empty.home) == {}
        blob.write_bytes(whole)
    changed(blob)
    assert large.run("backup", "verify").returncode == 2
    assert large.run("backup", "drill").returncode == 5


def test_prune_takes_what_no_backup_needs_any_more(large: Place) -> None:
    from orgo.backup.making import prune

    newest = create(large)
    (newest.parent / "blobs" / ("0" * 64)).write_bytes(b"of a backup that is gone")

    prune(boot.config())

    assert len(sealed(large)) == 2
    (newest.parent / "orgo-20260102T000000.000000Z.orgo-backup").write_bytes(b"not readable")
    (newest.parent / "blobs" / ("0" * 64)).write_bytes(b"perhaps of that one")
    prune(boot.config())
    assert len(sealed(large)) == 3


def test_a_store_that_is_away_gets_the_blobs_before_what_names_them(large: Place) -> None:
    store = _store(large)
    os.rename(store, store.with_name("unmounted"))
    create(large)
    os.rename(store.with_name("unmounted"), store)
    create(large)

    assert len(sealed(large)) == 2 and len(list(store.glob("*.orgo-backup"))) == 2


def test_a_mail_whose_bytes_are_lost_is_said_and_the_rest_is_backed_up_and_comes_back(
    large: Place, empty: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from orgo.web.context import _backups

    blobs = [path for path in (large.home / "var" / "blobs").rglob("*") if path.is_file()]
    gone(blobs[0])
    for name, value in {"ORGO_HOME": str(large.home), **large.environ}.items():
        monkeypatch.setenv(name, value)
    code = main(["backup", "create"])
    said = capsys.readouterr().err
    (file,) = _store(large).glob("*.orgo-backup")
    state = summary(boot.config())

    assert state is not None and (state["lost"], state["waiting"]) == (1, 0) and len(sealed(large)) == 1
    (mail,) = state["lost_mails"]
    assert code == 5 and f"mail {mail} of" in said and "@people.example" in said and blobs[0].name in said
    assert main(["status"]) == 0 and str(mail) in capsys.readouterr().out and "1 mail " in _backups()[0]
    back = empty.run(*restore_words(file, "--to", "sqlite:///./var/orgo.db"), "--skip-lost", "--json")
    assert back.returncode == 6 and [
        one["mail"] for one in json.loads(back.stdout.splitlines()[0])["lost"]
    ] == [mail]
    with sqlite3.connect(empty.home / "var" / "orgo.db") as connection:
        named = connection.execute("SELECT mail_id, blob FROM intake_raw WHERE blob <> ''").fetchall()
    assert named == [(mail, blobs[0].name)]
