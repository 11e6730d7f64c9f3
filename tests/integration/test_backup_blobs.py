"""Backups of a house whose large mail lies beside the database: each blob once in the store, and back in the database after a restore."""

# ruff: noqa: F401, F811 - fixtures of another module
import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import zstandard

from orgo.backup import blobs, snapshot
from orgo.backup.state import summary
from orgo.backup.stores import Folder
from orgo.cli.backup import _beside
from orgo.cli.main import main
from orgo.conf import boot, load
from orgo.lib import clock
from tests.integration.test_backup import (
    ROOT,
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
    names = {path.name for path in (large.home / "var" / "blobs").rglob("*") if path.is_file()}
    assert names.isdisjoint(first) and not any(b"Drip" in one.read_bytes() for one in sealed(large))
    assert len(large.said("backup", "verify")[0]["blobs"]) == 2
    empty.said(*restore_words(file, "--to", "sqlite:///./var/orgo.db"))
    with sqlite3.connect(empty.home / "var" / "orgo.db") as connection:
        rows = connection.execute(
            "SELECT data FROM intake_raw WHERE length(data) > 100 AND blob = ''"
        ).fetchall()
    texts = [zstandard.ZstdDecompressor().decompress(data) for (data,) in rows]
    assert sum(LARGE.encode() in text for text in texts) == 2


def test_a_blob_lasts_before_the_backup_that_names_it(large: Place, synced: list[int]) -> None:
    store = create(large).parent

    for blob in sealed(large):
        at = synced.index(blob.stat().st_ino)
        assert synced[at + 1 : at + 3] == [blob.parent.stat().st_ino, store.stat().st_ino]


def gone(file: Path) -> None:
    file.unlink()


def changed(file: Path) -> None:
    data = file.read_bytes()
    file.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))


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


def test_blobs_are_looked_up_by_their_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a house with millions of mails each blob would be looked for in all of them."""
    asked: list[str] = []
    file = tmp_path / "database"
    schema = (ROOT / "schema.sql").read_text().splitlines()
    of_raw = [line for line in schema if line.startswith("CREATE") and '"intake_raw"' in line]
    with sqlite3.connect(file) as connection:
        connection.executescript("\n".join(of_raw))
        real = snapshot.opened

        @contextmanager
        def opened(file: Path) -> Iterator[sqlite3.Connection]:
            with real(file) as copy:
                copy.set_trace_callback(asked.append)
                yield copy

        monkeypatch.setattr(snapshot, "opened", opened)
        monkeypatch.setattr(blobs, "read", lambda *_: b"packed")
        assert blobs.bring_in(file, ["0" * 64], Folder(tmp_path).open, b"") == {}
        assert snapshot.blobs_of(file) == []
        plans = [
            str(connection.execute(f"EXPLAIN QUERY PLAN {one}").fetchall()) for one in asked if "_raw" in one
        ]
    assert len(plans) == 2 and all("INDEX intake_raw_blob" in plan for plan in plans)


def test_a_store_is_reached_once_for_all_blobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reached: list[str] = []

    def store_of(*_: object) -> Folder:
        reached.append("once")
        return Folder(tmp_path)

    monkeypatch.setattr("orgo.cli.backup._config", object)
    monkeypatch.setattr("orgo.backup.making.backup_of", str)
    monkeypatch.setattr("orgo.backup.stores.store_of", store_of)
    (tmp_path / "a").write_bytes(b"bytes")
    beside = _beside(None)
    for _ in range(2):
        with beside("a") as file:
            assert file.read() == b"bytes"

    assert reached == ["once"]


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

    files = [path for path in (large.home / "var" / "blobs").rglob("*") if path.is_file()]
    gone(files[0])
    for name, value in {"ORGO_HOME": str(large.home), **large.environ}.items():
        monkeypatch.setenv(name, value)
    code = main(["backup", "create"])
    said = capsys.readouterr().err
    (file,) = _store(large).glob("*.orgo-backup")
    state = summary(boot.config())

    assert state is not None and (state["lost"], state["waiting"]) == (1, 0) and len(sealed(large)) == 1
    (mail,) = state["lost_mails"]
    assert code == 5 and f"mail {mail} of" in said and "@people.example" in said and files[0].name in said
    assert main(["status"]) == 0 and str(mail) in capsys.readouterr().out and "1 mail " in _backups()[0]
    back = empty.run(*restore_words(file, "--to", "sqlite:///./var/orgo.db"), "--skip-lost", "--json")
    assert back.returncode == 6 and [
        one["mail"] for one in json.loads(back.stdout.splitlines()[0])["lost"]
    ] == [mail]
    with sqlite3.connect(empty.home / "var" / "orgo.db") as connection:
        named = connection.execute("SELECT mail_id, blob FROM intake_raw WHERE blob <> ''").fetchall()
    assert named == [(mail, files[0].name)]
