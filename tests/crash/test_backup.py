"""Killed at any moment of a backup or a restore: nothing half is ever taken for whole, and run again it comes right."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.crash.house import ROOT
from tests.servers.postgresql import Postgresql
from tests.warm import warm

KEY = "0123456789abcdef" * 4
CREATE = [
    "H13.snapshot_taken",
    "H13.before_database",
    "H13.archive_written",
    "H13.before_rename",
    "H13.blob_sent",
    "H13.sent",
]
RESTORE = ["H13.unpacked_one:1", "H13.unpacked_one:3", "H13.unpacked", "H13.files_put", "H13.database_put"]
ON_NEW = ["H13.put_aside", "H13.files_put"]
ON_SERVER = ["H13.before_commit", "H13.unpacked", "H13.files_put", "H13.database_put"]
# `make crash` tries all of them; a usual run those in the middle of a file and in the middle of the rows.
if not os.environ.get("ORGO_CRASH_WHOLE"):
    CREATE, RESTORE, ON_NEW, ON_SERVER = CREATE[1:5:3], RESTORE[1::2], ON_NEW[:1], ON_SERVER[:1]
FURNISH = """
from orgo.conf import boot, load
config = boot.start(load())
from orgo.ops.up import prepare_database
prepare_database()
from orgo.audit.keys import signing_key
from orgo.audit.models import record
from orgo.audit.seal import seal
boot.secret_key(config)
for number in range(5):
    record("person.signed_in", actor=f"a{number}@x.example")
seal(signing_key(config), config.var)
from orgo.intake.store import Incoming, store
store([Incoming(data=b"Subject: Large\\r\\n\\r\\n" + bytes(range(256)) * 20, source="smtp")])
"""


class Home:
    """A home whose commands may be killed."""

    def __init__(self, folder: Path, database: str) -> None:
        self.folder, self.database = folder, database
        folder.mkdir()

    def orgo(self, *words: str, crash: str = "") -> "subprocess.CompletedProcess[str]":
        return self.run([str(ROOT / "orgo"), *words], crash)

    def run(self, words: list[str], crash: str = "") -> "subprocess.CompletedProcess[str]":
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ORGO_")}
        own = {
            "ORGO_HOME": str(self.folder), "ORGO_DATABASE": self.database, "ORGO_DATABASE_MAY_LOSE_DATA": "true",
            "ORGO_CRASH": crash, "PYTHONPATH": str(ROOT / "src"),
        }  # fmt: skip
        return warm().run(words, kept | own, self.folder)

    def must(self, *words: str) -> str:
        done = self.orgo(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def left(self) -> set[str]:
        """What lies in var that is neither a key, the database, a lock nor a backup."""
        usual = {
            "lock",
            "migrate.lock",
            "orgo.db.lock",
            "machine",
            "audit.head",
            "audit.key",
            "audit.pub",
            "secret.key",
            "orgo.db",
        }
        var = self.folder / "var"
        found = (file for file in var.rglob("*") if file.is_file() and not file.is_relative_to(var / "blobs"))
        return (
            {file.name for file in found}
            - usual
            - {name for name in os.listdir(self.store) if ".part" not in name}
        )

    @property
    def store(self) -> Path:
        return self.folder.parent / "store"


@pytest.fixture
def lived_in(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home", "sqlite:///./var/orgo.db")
    home.store.mkdir()
    (tmp_path / "key").write_text(KEY)
    (home.folder / "config.yaml").write_text(
        f"backup: {{key: 'file:{tmp_path / 'key'}', to: {home.store}}}\nblobs: {{above: 1 kB}}\n"
    )
    done = home.run(["-c", FURNISH])
    assert done.returncode == 0, done.stderr
    return home


@pytest.mark.parametrize("point", CREATE)
def test_a_backup_that_was_killed_is_made_again(lived_in: Home, point: str) -> None:
    assert lived_in.orgo("backup", "create", crash=point).returncode == -9
    assert lived_in.orgo("audit", "verify").returncode == 0

    lived_in.must("backup", "create")

    for file in lived_in.store.glob("*.orgo-backup"):
        lived_in.must("backup", "verify", file.name)
    lived_in.must("backup", "drill")
    assert len([file for file in (lived_in.store / "blobs").iterdir() if not file.suffix]) == 1
    assert lived_in.left() == set()
    assert not list((lived_in.folder / "var" / "backup" / "waiting").iterdir())


@pytest.mark.parametrize("point", RESTORE)
def test_a_restore_that_was_killed_comes_right(lived_in: Home, tmp_path: Path, point: str) -> None:
    there = Home(tmp_path / "there", "sqlite:///./var/orgo.db")
    comes_right(lived_in, there, point)
    assert there.left() == set()


@pytest.mark.parametrize("point", ON_NEW)
def test_a_restore_to_a_new_house_that_was_killed_comes_right(
    lived_in: Home, tmp_path: Path, point: str
) -> None:
    """What `orgo init` made gives way once, and stands beside; what was put is not put aside by the second run."""
    there = Home(tmp_path / "there", "sqlite:///./var/orgo.db")
    there.must("init", "--yes")
    comes_right(lived_in, there, point)

    asides = [file.name for file in there.folder.rglob("*.before-restore")]
    assert "orgo.db.before-restore" in asides and len(asides) == len(set(asides))
    assert not list(there.folder.rglob("*.from-backup")) and not list(there.folder.rglob("*.part"))


@pytest.mark.needs("postgresql")
@pytest.mark.parametrize("point", ON_SERVER)
def test_a_restore_to_postgresql_that_was_killed_comes_right(
    lived_in: Home, tmp_path: Path, server: Postgresql, point: str
) -> None:
    url = server.url(f"restored_{point.partition('.')[2]}")
    comes_right(lived_in, Home(tmp_path / "there", url), point, "--to", url)


def comes_right(house: Home, there: Home, point: str, *more: str) -> None:
    house.must("backup", "create")
    (file,) = house.store.glob("*.orgo-backup")
    words = ["backup", "restore", str(file), "--key", str(house.folder.parent / "key"), *more]
    assert there.orgo(*words, crash=point).returncode == -9

    there.must(*words)

    assert "5 events in 1 seals, 1 not sealed yet" in there.must("audit", "verify")
    assert not (there.folder / "var" / "restore.part").exists()
