"""`orgo backup`: made on either database, brought back on either; what is wrong is refused and changes nothing."""

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from orgo.backup import archive
from orgo.backup.snapshot import Manifest
from orgo.cli.main import main
from tests.database import environment
from tests.office import Office
from tests.servers.postgresql import Postgresql
from tests.warm import warm

ROOT = Path(__file__).resolve().parents[2]
KEY = "0123456789abcdef" * 4


class Place:
    """A home in which commands are run, each in a process of its own."""

    def __init__(self, home: Path, **environ: str) -> None:
        self.home, self.environ = home, environ

    def run(self, *words: str, **more: str) -> "subprocess.CompletedProcess[str]":
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ORGO_")}
        return self._run(words, {**kept, "ORGO_HOME": str(self.home), **self.environ, **more})

    def _run(self, words: Sequence[str], environ: dict[str, str]) -> "subprocess.CompletedProcess[str]":
        return warm().run([str(ROOT / "orgo"), *words], environ)

    def said(self, *words: str) -> Any:
        """What a command that must succeed prints, as JSON lines."""
        done = self.run(*words, "--json")
        assert done.returncode == 0, done.stderr
        return [json.loads(found) for found in done.stdout.splitlines()]


@pytest.fixture
def busy(office: Office) -> Office:
    """An office in which much has happened, and letters wait that have not left."""
    for number in range(5):
        office.mail(f"clara{number}@people.example", subject=f"Water leak {number} — façade 💧")
        office.answer(
            "anna@city.example", ("take", "eta 30 min", "done", "wait until friday", "not mine")[number]
        )
    office.later(hours=5)
    from orgo.audit.keys import signing_key
    from orgo.audit.seal import seal
    from orgo.outbox.models import Letter

    seal(signing_key(office.config), office.config.var)
    for letter, state in zip(
        Letter.objects.order_by("pk"), ("pending", "claimed", "dot", "held"), strict=False
    ):
        Letter.objects.filter(pk=letter.pk).update(state=state, server_reply="")
    return office


@pytest.fixture
def house(busy: Office, tmp_path: Path) -> Place:
    """The busy office with `backup:` in its configuration."""
    from django.db import connection

    store = tmp_path / "store"
    store.mkdir()
    (busy.home / "secrets").mkdir()
    (busy.home / "secrets" / "backup.key").write_text(KEY + "\n")
    file = busy.home / "config" / "config.yaml"
    file.write_text(file.read_text() + f"\nbackup: {{key: 'file:../secrets/backup.key', to: {store}}}\n")
    database = {"ORGO_DATABASE": f"sqlite:///{connection.settings_dict['NAME']}"}
    return Place(busy.home, **(environment() or database))


@pytest.fixture
def empty(tmp_path: Path) -> Place:
    """Another machine: a key, and nothing else."""
    home = tmp_path / "other"
    home.mkdir()
    (tmp_path / "kept.key").write_text(KEY)
    return Place(home, ORGO_DATABASE_MAY_LOSE_DATA="true")


@pytest.fixture(scope="module")
def server() -> Iterator[Postgresql]:
    made = Postgresql(fsync="off").start()
    yield made
    made.stop()


def made(house: Place) -> Path:
    """A backup of the house: its file."""
    (found,) = house.said("backup", "create")
    return _store(house) / str(found["name"])


def _store(house: Place) -> Path:
    text = (house.home / "config" / "config.yaml").read_text()
    return Path(text.rpartition("to: ")[2].strip().rstrip("}"))


def everything(folder: Path) -> dict[str, bytes]:
    """All files below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def tasks(place: Place) -> list[dict[str, Any]]:
    return sorted(place.said("task", "list", "--all"), key=lambda task: str(task["reference"]))


def restore_words(file: Path, *more: str) -> list[str]:
    return ["backup", "restore", str(file), "--key", str(file.parents[1] / "kept.key"), *more]


def comes_back(house: Place, there: Place, *more: str) -> None:
    """A backup of the house is brought up there, and all is as it was."""
    before = tasks(house)
    file = made(house)
    (found,) = there.said(*restore_words(file, *more))
    there.environ["ORGO_DATABASE"] = more[1]
    assert found["letters_held"] == 4 and found["secrets"] == ["file ../secrets/backup.key"]
    assert not (there.home / "secrets").exists() and not (there.home / "var" / "restore.part").exists()
    (there.home / "secrets").mkdir()
    (there.home / "secrets" / "backup.key").write_text(KEY)
    assert tasks(there) == before and len(before) == 5
    assert there.said("task", "rebuild", "--check") == []
    (trail,) = there.said("audit", "verify")
    assert trail["wrong"] is None and trail["events"] > 10
    assert len(there.said("task", "list", "--all", "--search", "FACADE")) == 5
    assert there.run(*restore_words(file, *more)).stdout.startswith("this backup was restored here already")


def test_it_comes_back_on_sqlite(house: Place, empty: Place) -> None:
    comes_back(house, empty, "--to", "sqlite:///./var/orgo.db")

    assert (empty.home / "config" / "rules.yaml").read_bytes() == (
        house.home / "config" / "rules.yaml"
    ).read_bytes()
    assert (empty.home / "config" / "templates" / "received.txt").exists()
    assert (empty.home / "var" / "audit.pub").read_text() == (house.home / "var" / "audit.pub").read_text()
    with sqlite3.connect(empty.home / "var" / "orgo.db") as connection:
        states = dict(connection.execute("SELECT state, count(*) FROM outbox_letter GROUP BY 1").fetchall())
        (reason,) = connection.execute(
            "SELECT DISTINCT server_reply FROM outbox_letter WHERE state='held'"
        ).fetchone()
    assert states["held"] == 4 and not set(states) & {"pending", "claimed", "dot"}
    assert "before the backup was restored" in reason
    assert (
        "4 may have left before the backup was restored (orgo backup release)" in empty.run("status").stdout
    )
    assert len(empty.said("backup", "release", "--dry-run")) == 4
    assert "4 letters are cancelled" in empty.run("backup", "release", "--cancel").stderr
    assert empty.said("backup", "release") == []


@pytest.mark.needs("postgresql")
def test_it_comes_back_on_postgresql(house: Place, empty: Place, server: Postgresql) -> None:
    comes_back(house, empty, "--to", server.url("back"))


def test_a_second_restore_puts_back_the_files_that_lack(house: Place, empty: Place) -> None:
    """Without them the next command would make another secret, and no link and no trail's key would fit any more."""
    words = restore_words(made(house), "--to", "sqlite:///./var/orgo.db")
    empty.said(*words)
    secret, rules = empty.home / "var" / "secret.key", empty.home / "config" / "rules.yaml"
    lacked = {file: file.read_bytes() for file in (secret, rules)}
    for file in lacked:
        file.unlink()
    people = empty.home / "config" / "people.yaml"
    people.write_text(people.read_text() + "# ours\n")

    again = empty.run(*words)

    assert again.stdout.startswith("this backup was restored here already") and str(secret) in again.stdout
    assert {file: file.read_bytes() for file in lacked} == lacked and people.read_text().endswith("# ours\n")
    assert "nothing was changed" in empty.run(*words).stdout


def test_it_comes_back_by_its_own_configuration(house: Place, empty: Place) -> None:
    """As the page for operators says: an empty folder, the file, the key; the configuration's secrets lie nowhere here."""
    before = tasks(house)
    text = (house.home / "config" / "config.yaml").read_text()
    (house.home / "config" / "config.yaml").write_text(
        text.replace(
            "from: orgo@city.example", "from: orgo@city.example, username: o, password: '${SMTP_PASSWORD}'"
        )
    )
    house.environ["SMTP_PASSWORD"] = "open"
    words = restore_words(made(house))

    (found,) = empty.said(*words)
    again = empty.run(*words)

    assert found["database"] == "sqlite:///./var/orgo.db" and (empty.home / "var" / "orgo.db").exists()
    assert again.stdout.startswith("this backup was restored here already"), again.stderr
    assert "file ../secrets/backup.key" in found["secrets"]
    (empty.home / "secrets").mkdir()
    (empty.home / "secrets" / "backup.key").write_text(KEY)
    empty.environ["SMTP_PASSWORD"] = "open"
    assert tasks(empty) == before


def comes_back_on_a_new_machine(house: Place, new: Place, *sample: str) -> None:
    before = tasks(house)
    assert new.run("init", "--yes", *sample).returncode == 0
    file = made(house)

    (found,) = new.said(*restore_words(file))

    asides = {Path(place).name for place in found["beside"]}
    assert "rules.yaml.before-restore" in asides and "people.yaml.before-restore" in asides
    rules = [path.read_bytes() for path in new.home.rglob("rules.yaml")]
    assert rules == [(house.home / "config" / "rules.yaml").read_bytes()]
    assert len(list(new.home.glob("**/config.yaml"))) == 1
    (new.home / "secrets").mkdir(exist_ok=True)
    (new.home / "secrets" / "backup.key").write_text(KEY)
    assert tasks(new) == before
    assert new.said("task", "rebuild", "--check") == []
    (trail,) = new.said("audit", "verify")
    assert trail["wrong"] is None
    assert new.run(*restore_words(file)).stdout.startswith("this backup was restored here already")


def test_it_comes_back_on_a_newly_installed_machine(house: Place, empty: Place) -> None:
    comes_back_on_a_new_machine(house, empty)

    assert (empty.home / "var" / "orgo.db.before-restore").exists()


def test_it_comes_back_where_a_sample_was_installed(house: Place, empty: Place) -> None:
    """The people of a sample go by calendars of its own configuration, which no restore reads."""
    comes_back_on_a_new_machine(house, empty, "--sample", "school")


@pytest.mark.needs("postgresql")
def test_it_comes_back_on_a_newly_installed_machine_with_postgresql(
    house: Place, empty: Place, server: Postgresql
) -> None:
    empty.environ["ORGO_DATABASE"] = server.url("installed")

    comes_back_on_a_new_machine(house, empty)


def test_its_key_is_nowhere_in_it(house: Place, tmp_path: Path) -> None:
    file = made(house)
    with file.open("rb") as source:
        archive.unpack(source, bytes.fromhex(KEY), "b", tmp_path / "out")

    found = everything(tmp_path / "out")
    assert not [name for name, data in found.items() if KEY.encode() in data]
    assert "home/config/config.yaml" in found and "home/var/secret.key" in found
    assert KEY.encode() not in file.read_bytes()


def test_a_backup_that_is_nowhere_is_named_as_it_was_given(house: Place) -> None:
    done = house.run("backup", "verify", "/nope")

    assert (done.returncode, done.stderr) == (3, "orgo: no backup /nope; orgo backup list shows them\n")


def test_list_verify_and_drill_say_what_there_is(house: Place, busy: Office) -> None:
    from orgo.audit.keys import renew
    from orgo.ops.up import seal_round

    renew(busy.config, "admin@city.example")
    seal_round(busy.config)
    file = made(house)

    assert [one["name"] for one in house.said("backup", "list")] == [file.name]
    (held,) = house.said("backup", "verify")
    assert (
        held["rows"]["task_task"] == 5 and "config/rules.yaml" in held["files"] and held["head"]["seal"] == 2
    )
    (drilled,) = house.said("backup", "drill")
    assert drilled["wrong"] == [] and drilled["tasks"] == 5 and drilled["seals"] == 2
    assert not (house.home / "var" / "backup" / "drill").exists()


def test_a_drill_finds_what_was_changed_before_the_backup(house: Place, busy: Office) -> None:
    from orgo.task.models import Task

    Task.objects.filter(pk=Task.objects.order_by("pk").values("pk")[:1]).update(priority="urgent")
    made(house)
    done = house.run("backup", "drill")

    assert done.returncode == 5 and "priority" in done.stderr


HARMS: dict[str, Callable[[bytes], bytes]] = {
    "cut": lambda data: data[:-100],
    "flipped": lambda data: data[:-200] + bytes([data[-200] ^ 4]) + data[-199:],
    "header": lambda data: data.replace(b'"made_at":"2026', b'"made_at":"2027', 1),
    "newer": lambda data: data.replace(b'"format":1', b'"format":2', 1),
    "other file": lambda _: b"PK\x03\x04 something else",
}


@pytest.mark.parametrize("harm", [*HARMS, "another key", "no key"])
@pytest.mark.parametrize("command", ["restore", "verify", "drill"])
def test_what_is_wrong_is_refused_and_changes_nothing(
    command: str, harm: str, tmp_path: Path, monkeypatch: Any, capsys: Any
) -> None:
    """bad input 110: where the file is damaged is said by its bytes."""
    home, file, key = tmp_path / "home", tmp_path / "b", tmp_path / "key"
    home.mkdir()
    key.write_text({"another key": "f" * 64, "no key": "password"}.get(harm, KEY))
    (tmp_path / "database").write_bytes(os.urandom(100_000))
    manifest = Manifest("2026-09-07T08:00:00", "0.1.0", "sqlite", [], {}, None, [], [])
    archive.write(file, bytes.fromhex(KEY), manifest, tmp_path / "database", {})
    file.write_bytes(HARMS.get(harm, bytes)(file.read_bytes()))
    monkeypatch.setenv("ORGO_HOME", str(home))

    code = main(["backup", command, str(file), "--key", str(key)])
    said = capsys.readouterr().err

    assert code == 2 and said.startswith("orgo: ") and "Traceback" not in said and "password" not in said
    assert harm not in ("cut", "flipped") or re.search(r"between byte [0-9]+ and byte [0-9]+", said)
    assert list(home.iterdir()) == []


def test_a_form_that_only_a_newer_orgo_knows_is_refused(empty: Place, tmp_path: Path) -> None:
    """Restored it would lose what that form has more; nothing is changed."""
    file = tmp_path / "store" / "b"
    file.parent.mkdir()
    (tmp_path / "database").touch()
    manifest = Manifest(
        "2027-01-01T08:00:00", "9.0", "sqlite", ["task.0001_initial", "task.0999_more"], {}, None, [], []
    )
    archive.write(file, bytes.fromhex(KEY), manifest, tmp_path / "database", {})

    done = empty.run(*restore_words(file, "--to", "sqlite:///./var/orgo.db"))

    assert done.returncode == 2 and "(task.0999_more)" in done.stderr and "upgrade Orgo" in done.stderr
    assert list(empty.home.iterdir()) == []


def test_it_is_not_restored_under_a_running_orgo(house: Place, empty: Place) -> None:
    from orgo.conf import load
    from orgo.ops.up import Running

    assert empty.run("init", "--yes").returncode == 0
    before, file = everything(empty.home), made(house)
    running = Running(load(empty.home, {}))
    running._occupy()

    done = empty.run(*restore_words(file))

    assert done.returncode == 2 and "stop Orgo" in done.stderr
    assert everything(empty.home).keys() - before.keys() == {"var/orgo.db.lock"}
    running.stop()
    assert empty.run(*restore_words(file)).returncode == 0


def test_orgo_does_not_start_in_the_middle_of_a_restore(empty: Place) -> None:
    from orgo.conf import load
    from orgo.conf.database import lock_of
    from orgo.lib.locks import locked

    assert empty.run("init", "--yes").returncode == 0
    file = load(empty.home, {}).sqlite_file
    assert file is not None
    with locked(lock_of(file)):
        done = empty.run("up")
    assert done.returncode == 2 and "being restored" in done.stderr


def test_a_home_with_work_is_left_alone(house: Place) -> None:
    file = made(house)
    before = tasks(house)

    done = house.run("backup", "restore", file.name)

    assert done.returncode == 2 and ("already" in done.stderr or "rows" in done.stderr)
    assert tasks(house) == before and not (house.home / "var" / "restore.part").exists()


def test_files_that_are_there_stay(house: Place, empty: Place) -> None:
    (empty.home / "config").mkdir()
    (empty.home / "config" / "rules.yaml").write_text("version: 1\nrules: []\n")

    (found,) = empty.said(*restore_words(made(house), "--to", "sqlite:///./var/orgo.db"))

    assert [Path(place).name for place in found["beside"]] == ["rules.yaml.from-backup"]
    assert (empty.home / "config" / "rules.yaml").read_text() == "version: 1\nrules: []\n"


class Container(Place):
    """A home in a container: its configuration lies in `mounted`, only `var` is Orgo's to write, and root obeys too."""

    def __init__(self, place: Place, mounted: Path) -> None:
        super().__init__(place.home, KUBERNETES_SERVICE_HOST="10.0.0.1", **place.environ)
        patched = f"from orgo.conf import places; places.CONTAINER_FOLDER = places.Path({str(mounted)!r})"
        program = f"import sys; {patched}; from orgo.cli.main import main; sys.exit(main(sys.argv[1:]))"
        obeying = ["setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override"]
        self._program = [*(obeying if os.geteuid() == 0 else []), sys.executable, "-c", program]
        (self.home / "var").mkdir()
        for folder in (self.home, mounted):
            folder.chmod(0o555)

    def _run(self, words: Sequence[str], environ: dict[str, str]) -> "subprocess.CompletedProcess[str]":
        command = [*self._program, *words]
        return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=120)


def test_it_comes_back_in_a_container_that_may_write_nothing_but_var(
    house: Place, empty: Place, tmp_path: Path
) -> None:
    file, mounted = made(house), tmp_path / "mounted"
    shutil.copytree(house.home / "config", mounted)
    (mounted / "templates" / "received.txt").unlink()
    there = Container(empty, mounted)

    done = there.run(*restore_words(file))

    aside = there.home / "var" / "from-backup" / "config" / "templates" / "received.txt"
    assert done.returncode == 0, done.stderr
    assert f"the backup has: {aside}\n" in done.stdout and "var/from-backup" in done.stderr
    assert [*everything(there.home / "var" / "from-backup")] == ["config/templates/received.txt"]
    assert len(tasks(there)) == 5


def test_a_store_that_is_away_gets_its_backups_later(house: Place) -> None:
    store = _store(house)
    store.rename(store.with_name("unmounted"))
    first = house.run("backup", "create", "--json")
    listed = house.run("backup", "list", "--json")
    (state,) = house.said("status")

    assert first.returncode == 6 and "no such folder" in first.stderr
    assert listed.returncode == 6 and "no such folder" in listed.stderr
    assert [json.loads(one).get("place") for one in listed.stdout.splitlines()][:-1] == ["waiting"]
    assert state["backup"]["waiting"] == 1 and state["backup"]["away_since"]
    store.with_name("unmounted").rename(store)
    house.said("backup", "create")

    assert len([one for one in house.said("backup", "list") if one["place"] == "there"]) == 2
    (state,) = house.said("status")
    assert state["backup"]["waiting"] == 0 and state["backup"]["away_since"] is None


def test_prune_keeps_what_was_asked_for(house: Place) -> None:
    newest = made(house)
    for day in range(1, 15):
        shutil.copy(newest, newest.parent / f"orgo-202601{day:02}T000000.000000Z.orgo-backup")
    (newest.parent / "notes.txt").write_text("not ours")

    would = house.said("backup", "prune", "--dry-run")
    gone = house.said("backup", "prune")

    assert [one["name"] for one in would] == [one["name"] for one in gone] and len(gone) == 7
    assert newest.exists() and (newest.parent / "notes.txt").exists()


def test_backups_of_another_key_are_left_alone_and_doctor_says_so(house: Place) -> None:
    former = made(house)
    for day in range(1, 15):
        shutil.copy(former, former.parent / f"orgo-202601{day:02}T000000.000000Z.orgo-backup")
    (house.home / "secrets" / "backup.key").write_text("f" * 64)

    told = [house.run("backup", "create").stderr, house.run("backup", "prune").stderr]
    would, pruned = house.said("backup", "prune", "--dry-run"), house.said("backup", "prune")

    assert would == pruned == [] and len(list(former.parent.glob("*.orgo-backup"))) == 16
    words = f"15 former backups can't be opened with the present backup.key, the last is {former.name}"
    assert told == [f"orgo: {words}\n"] * 2
    assert f"warn  last backup  {words}" in house.run("doctor").stdout


def test_without_a_configuration_it_says_what_to_do(empty: Place) -> None:
    done = empty.run("backup", "list")

    assert done.returncode == 2 and "docs/operator/backup.md" in done.stderr
