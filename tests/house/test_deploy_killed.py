"""deploy/: killed before any of its changing commands and run again, each script comes right; the program is a stand-in."""

import fcntl
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from orgo.backup.scheduling import set_every
from orgo.conf import load
from tests.house.checkout import ROOT, clean_environment

# `make crash` kills everywhere, a usual run at every third place.
WHOLE = bool(os.environ.get("ORGO_CRASH_WHOLE"))
# Bash reads this before a script and kills itself, and all it started, before its KILL_AT-th command that changes anything.
KILLER = r"""
set -T
trap '[[ $BASH_COMMAND =~ ^(\"\$@\"|mv|cp|rm|tar|ln|install|mkdir|sync|chmod|printf.*\>|sed\ -i) ]] &&
    ((--KILL_AT == 0)) && kill -KILL 0' DEBUG
"""
# What a backup's configuration says of another machine.
ELSEWHERE = "database: postgresql://db.organization.com/orgo\nqueue: amqp://there\n"
# The installed program: a table of what was done to it instead of mail.
PROGRAM = """#!{python} -S
import os, re, sqlite3, sys
here, home, words = os.path.dirname(os.path.dirname(os.path.abspath(__file__))), os.environ["ORGO_HOME"], sys.argv[1:]
if words[:2] == ["backup", "restore"]:
    restored = open(words[2]).read()
    if restored == "torn":
        sys.exit("it is torn")
    if "lost" in restored and "--skip-lost" not in words:
        sys.exit(2)
    blobs = os.path.dirname(words[2]) + "/blobs"
    open(home + "/came", "w").write(" ".join(os.listdir(blobs)) if os.path.isdir(blobs) else "")
    open(home + "/config/config.yaml", "w").write(restored)
    sys.exit(6 if "lost" in restored else 0)
told = re.search("^database: sqlite:///(.*)$", open(home + "/config/config.yaml").read(), re.M)
file = os.path.join(home, told[1] if told else "var/orgo.db")
if words[:2] == ["config", "show"]:
    server = re.search("^database: (postgres.*)$", open(home + "/config/config.yaml").read(), re.M)
    print('{{"key": "database", "value": "%s"}}' % (server[1] if server else "sqlite:///" + file))
    if os.path.exists(home + "/told"):
        print(open(home + "/told").read())
    print('{{"key": "web.host", "value": "127.0.0.1"}}')
    print('{{"key": "web.port", "value": "8000"}}')
elif words[0] in ("init", "database"):
    with sqlite3.connect(file) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE IF NOT EXISTS done (by TEXT UNIQUE)")
        database.execute("INSERT OR IGNORE INTO done VALUES (?)", (os.path.basename(here),))
    for folder in ("blobs", "large", "log"):
        os.makedirs(home + "/var/" + folder, exist_ok=True)
        open(home + "/var/" + folder + "/" + os.path.basename(here), "w")
elif words == ["backup", "create"]:
    print("made by", os.path.basename(here))
    sys.exit(5)  # it is there, but for mails whose bytes were lost before
elif words[0] == "status":
    sys.exit(os.path.exists(here + "/broken"))
"""
# tools/environment.py of the stand-in.
MAKER = f"""
import os, sys
folder, source = sys.argv[2], os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
os.mkdir(folder + "/bin")
os.symlink({sys.executable!r}, folder + "/bin/python")
open(folder + "/bin/orgo", "w").write({PROGRAM.format(python=sys.executable)!r})
os.chmod(folder + "/bin/orgo", 0o755)
if "broken" in open(source + "/src/program").read():
    open(folder + "/broken", "w")
"""


class StandIn:
    """An Orgo below a folder whose program is a stand-in, and the source that it comes from."""

    def __init__(self, folder: Path) -> None:
        self.root, self.source, self.folder = folder / "root", folder / "source", folder
        shutil.copytree(
            ROOT / "deploy", self.source / "deploy", ignore=shutil.ignore_patterns("helm", "kubernetes")
        )
        for name in ("people.yaml", "rules.yaml", "config.yaml", "templates", "scenarios", "samples"):
            (shutil.copytree if (ROOT / "config" / name).is_dir() else shutil.copy)(
                ROOT / "config" / name, self._made("config") / name
            )
        (self._made("tools") / "environment.py").write_text(MAKER)
        (self._made("src") / "program").write_text("one")
        (self.source / "requirements.txt").touch()
        (self.source / "pyproject.toml").write_text('version = "1.0"\n')
        (folder / "killer.sh").write_text(KILLER)

    def _made(self, name: str) -> Path:
        (self.source / name).mkdir(exist_ok=True)
        return self.source / name

    def run(
        self, script: str, *words: str, kill_at: int = 0, **settings: str
    ) -> subprocess.CompletedProcess[str]:
        killer = {"BASH_ENV": str(self.folder / "killer.sh"), "KILL_AT": str(kill_at)} if kill_at else {}
        return subprocess.run(
            ["bash", self.source / "deploy" / script, "--yes", "--root", self.root, *words],
            env=clean_environment(PYTHON=sys.executable, **killer, **settings),
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, start_new_session=True,
        )  # fmt: skip

    def tells(self, **values: str) -> None:
        """What the configuration says besides, by `config show`."""
        rows = [json.dumps({"key": key.replace("_", "."), "value": value}) for key, value in values.items()]
        (self.root / "var/lib/orgo/told").write_text("\n".join(rows))

    def run_with(self, program: str, lines: str) -> subprocess.CompletedProcess[str]:
        """Upgrade with this script in the place of one of the system's programs."""
        own = self.folder / "bin" / program
        own.parent.mkdir()
        own.write_text(f"#!/bin/sh\n{lines}\n")
        own.chmod(0o755)
        return self.run("upgrade.sh", PATH=f"{own.parent}:{os.environ['PATH']}")

    def next_version(self, content: str) -> None:
        """What is in the checkout from now on, with another unit and another command."""
        (self.source / "src/program").write_text(content)
        for name in ("systemd/orgo.service", "orgo"):
            with (self.source / "deploy" / name).open("a") as file:
                file.write(f"# {content}\n")

    def on_another_disk(self) -> Path:
        """The same with its database outside its home."""
        disk = self.folder / "disk"
        disk.mkdir()
        config = self.root / "etc/orgo/config.yaml"
        config.write_text(f"{config.read_text()}\ndatabase: sqlite:///{disk}/orgo.db\n")
        (self.root / "var/lib/orgo/var/orgo.db").rename(disk / "orgo.db")
        return disk / "orgo.db"

    def heal(self) -> None:
        """What was wrong with the new version is so no more."""
        for file in self.root.glob("opt/orgo/releases/*/broken"):
            file.unlink()

    def each_kill(
        self, script: str, *words: str, first: int = 1, every: int = 3
    ) -> Iterator[tuple[int, str]]:
        """Kill the script at one place after the other, each time on the same installation, until it comes to its end; what it said."""
        kept = self.folder / "kept"
        shutil.rmtree(kept, ignore_errors=True)
        places = [self.root, self.folder / "disk"]
        for place in filter(Path.exists, places):
            shutil.copytree(place, kept / place.name, symlinks=True)
        for number in range(1, 200) if WHOLE else range(first, 200, every):
            for place in places:
                shutil.rmtree(place, ignore_errors=True)
            if kept.exists():
                shutil.copytree(kept, self.folder, symlinks=True, dirs_exist_ok=True)
            killed = self.run(script, *words, kill_at=number)
            if killed.returncode != -signal.SIGKILL:
                return
            yield number, killed.stdout

    @property
    def release(self) -> str:
        return (self.root / "opt/orgo/current").readlink().name

    def placed(self) -> list[str]:
        """The last line of the unit and of the command in place."""
        files = (self.root / "etc/systemd/system/orgo.service", self.root / "usr/local/bin/orgo")
        return [file.read_text().splitlines()[-1] for file in files]


def done(file: Path) -> list[str]:
    """Which releases worked on this database."""
    with sqlite3.connect(file) as database:
        return [row[0] for row in database.execute("SELECT by FROM done ORDER BY rowid")]


@pytest.fixture
def made(tmp_path: Path) -> StandIn:
    return StandIn(tmp_path)


@pytest.fixture
def installed(made: StandIn) -> StandIn:
    first = made.run("install.sh")
    assert first.returncode == 0, first.stdout + first.stderr
    return made


def test_an_installation_comes_right_wherever_it_was_killed(made: StandIn) -> None:
    kills = 0
    for kills, _ in made.each_kill("install.sh"):
        again = made.run("install.sh")

        assert again.returncode == 0, (kills, again.stdout, again.stderr)
        assert done(made.root / "var/lib/orgo/var/orgo.db") == [made.release]
        for name in ("config.yaml", "people.yaml", "rules.yaml", "templates", "samples/water-leak.eml"):
            assert (made.root / "etc/orgo" / name).exists(), (kills, name)
        assert not list(made.root.glob("etc/orgo/**/*.part"))
    assert kills > 10


def test_a_restore_comes_right_wherever_it_was_killed(made: StandIn, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("key")
    (tmp_path / "blobs").mkdir()
    (tmp_path / "blobs/one").touch()
    (tmp_path / "whole").write_text(f"{ELSEWHERE}# but for what is lost\n")
    told = ["--database", "sqlite", "--backup", str(tmp_path), "--skip-lost"]
    words = [*told, "--restore", str(tmp_path / "whole"), "--key", str(tmp_path / "key")]
    kills, alone = 0, False
    # in the first half of its places nothing of the backup is there yet
    for kills, _ in made.each_kill("install.sh", *words, first=21, every=4):
        alone = not alone and (made.root / "opt/orgo/.restoring").exists()
        again = made.run("install.sh", *([] if alone else words))

        assert again.returncode == 0, (kills, again.stdout, again.stderr)
        assert yaml.safe_load((made.root / "etc/orgo/config.yaml").read_text()) == {
            "queue": "amqp://there",
            "backup": {"key": "${ORGO_BACKUP_KEY}", "to": str(tmp_path), "every": "1 day"},
        }
        assert (made.root / "etc/orgo/credentials/ORGO_BACKUP_KEY").read_text() == "key"
        assert (made.root / "var/lib/orgo/came").read_text() == "one"
        assert done(made.root / "var/lib/orgo/var/orgo.db") == [made.release]
        assert not list(made.root.glob("opt/orgo/.restor*")) + list(made.root.glob("var/lib/orgo/restore.*"))
    assert kills > 36


def test_an_upgrade_comes_right_wherever_it_was_killed(installed: StandIn) -> None:
    old, kills = installed.release, 0
    installed.next_version("two")
    for kills, _ in installed.each_kill("upgrade.sh"):
        again = installed.run("upgrade.sh")

        assert again.returncode == 0, (kills, again.stdout, again.stderr)
        assert installed.release != old
        assert done(installed.root / "var/lib/orgo/var/orgo.db") == [old, installed.release]
        assert installed.placed() == ["# two", "# two"]
        for backup in (installed.root / "var/backups/orgo").iterdir():
            assert done(backup / "database.sqlite3") == [old]
        assert not (installed.root / "opt/orgo/.upgrading").exists()
    assert kills > 10


def test_the_way_back_comes_right_wherever_it_was_killed(installed: StandIn) -> None:
    old, before, kills = installed.release, installed.placed(), 0
    database = installed.on_another_disk()
    installed.tells(blobs_to="var/large")
    var = installed.root / "var/lib/orgo/var"
    installed.next_version("broken")
    for kills, said in installed.each_kill("upgrade.sh"):
        # one that was on its way back goes back, even where the new version would live by now
        if "going back" in said and (installed.root / "opt/orgo/.upgrading").exists():
            installed.heal()
        again = installed.run("upgrade.sh")

        assert again.returncode == 1 and f"{old} is back with its data" in again.stderr, (kills, again)
        assert (installed.release, installed.placed()) == (old, before)
        assert done(database) == [old]
        backup = max((installed.root / "var/backups/orgo").iterdir())
        assert done(backup / "after.sqlite3")[0] == old and len(done(backup / "after.sqlite3")) == 2
        assert not (installed.root / "opt/orgo/.upgrading").exists()
        # mail taken meanwhile may be known to a database elsewhere: its bytes stay, all else is as it was
        assert [len(os.listdir(var / name)) for name in ("blobs", "large", "log")] == [2, 2, 1]
        with tarfile.open(backup / "var.tar") as kept:
            assert {"./log"} == {name for name in kept.getnames() if name.count("/") == 1}
        # one that was killed when all of its way back was over has left its own as well
        aside = {name.name for name in var.parent.glob("var.*")}
        made = {f"var.after-{name.name}" for name in backup.parent.iterdir()}
        assert f"var.after-{backup.name}" in aside <= made and len(aside) <= 2
    assert kills > 20


def test_a_way_back_that_is_cut_off_never_leaves_a_machine_without_its_unit(installed: StandIn) -> None:
    installed.next_version("broken")
    cut = installed.run_with("tar", 'case "$*" in *-xpf*placed.tar) exit 9 ;; esac\nexec /usr/bin/tar "$@"')

    assert cut.returncode == 9 and "going back" in cut.stdout
    assert installed.placed() == ["# broken", "# broken"]
    assert installed.run("upgrade.sh").returncode == 1 and "# broken" not in installed.placed()


def test_a_way_back_goes_on_where_the_machine_began_anew_in_between(installed: StandIn) -> None:
    var, database = installed.root / "var/lib/orgo/var", installed.on_another_disk()
    installed.next_version("broken")
    cut = installed.run_with("mv", '/usr/bin/mv "$@" && case "$*" in *var/log*) exit 9 ;; esac')
    assert cut.returncode == 9 and not (var / "log").exists()
    (var / "log").mkdir()
    (var / "log/meanwhile").touch()
    with sqlite3.connect(database) as running:
        running.execute("INSERT INTO done VALUES ('meanwhile')")
    again = installed.run("upgrade.sh")

    assert again.returncode == 1 and "is back with its data" in again.stderr, again.stderr
    (aside,) = var.parent.glob("var.after-*")
    assert len(os.listdir(aside / "log.~1~")) == 2 and os.listdir(aside / "log") == ["meanwhile"]
    assert len(os.listdir(var / "log")) == 1
    backup = max((installed.root / "var/backups/orgo").iterdir())
    assert "meanwhile" in done(backup / "after.2.sqlite3") and "meanwhile" not in done(database)


def test_a_database_on_another_server_is_backed_up_by_orgo_itself(installed: StandIn) -> None:
    old, config = installed.release, installed.root / "etc/orgo/config.yaml"
    config.write_text(f"{config.read_text()}\ndatabase: postgresql://orgo@db.organization.com/orgo\n")
    installed.next_version("two")
    refused = installed.run("upgrade.sh")
    assert refused.returncode == 2 and "say --backup-made" in refused.stderr and installed.release == old

    installed.tells(backup_key="***")
    done = installed.run("upgrade.sh")
    assert done.returncode == 0 and installed.release != old
    assert done.stdout.index(f"made by {old}") < done.stdout.index("stopping")


def test_a_backup_that_is_refused_leaves_the_place_to_another(made: StandIn, tmp_path: Path) -> None:
    for name in ("torn", "key"):
        (tmp_path / name).write_text(name)
    (tmp_path / "whole").write_text(ELSEWHERE)
    words = ["--database", "sqlite", "--key", str(tmp_path / "key"), "--restore"]
    refused = made.run("install.sh", *words, str(tmp_path / "torn"))
    assert refused.returncode == 1 and "it was not restored" in refused.stderr
    assert not list((made.root / "var/lib/orgo").glob("restore.*"))

    done = made.run("install.sh", *words, str(tmp_path / "whole"))
    assert done.returncode == 0, done.stderr
    assert (
        made.root / "etc/orgo/config.yaml"
    ).read_text() == "queue: amqp://there\n"  # --database went before
    assert (made.root / "etc/orgo/credentials/ORGO_BACKUP_KEY").read_text() == "key"


def test_a_backup_whose_large_mail_is_lost_comes_back_where_that_is_wanted(
    made: StandIn, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text("key")
    (tmp_path / "lacking").write_text("# but for what is lost\n")
    words = ["--restore", str(tmp_path / "lacking"), "--key", str(tmp_path / "key")]
    refused = made.run("install.sh", *words)
    assert refused.returncode == 2 and "it was not restored" in refused.stderr

    done = made.run("install.sh", *words, "--skip-lost")
    assert done.returncode == 0, done.stderr
    assert (made.root / "etc/orgo/config.yaml").read_text() == "# but for what is lost\n"


@pytest.mark.parametrize(
    "there",
    [
        "backup: {to: /old}\n",
        "backup:\n  to: /old\n\n  # every: 1 day\n  keep:\n    daily: 3\n",
        "backup: # of the house\n  to: /old\n",
        "backup: {\n  to: /old,\n}\n",
        '"backup": {to: /old}\r\n',
    ],
)
def test_what_is_chosen_goes_before_what_a_backup_says_in_whichever_form(
    made: StandIn, tmp_path: Path, there: str
) -> None:
    (tmp_path / "house").write_text(f"{there}# the queue\nqueue: amqp://there\nbackups: no key\n")
    (tmp_path / "key").write_text("key")
    words = ["--restore", str(tmp_path / "house"), "--key", str(tmp_path / "key"), "--backup", str(tmp_path)]
    done = made.run("install.sh", *words)

    assert done.returncode == 0, done.stderr
    told = yaml.safe_load((made.root / "etc/orgo/config.yaml").read_text())
    assert told == {
        "queue": "amqp://there",
        "backups": "no key",
        "backup": {"key": "${ORGO_BACKUP_KEY}", "to": str(tmp_path), "every": "1 day"},
    }
    assert "# the queue" in (made.root / "etc/orgo/config.yaml").read_text()


def test_how_often_can_be_changed_in_what_the_installer_wrote(
    made: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "at: 'the' #1 {disk}"
    folder.mkdir()
    for _ in range(2):
        done = made.run("install.sh", "--backup", str(folder))
        assert done.returncode == 0 and "something else" not in done.stdout, done.stderr
    monkeypatch.setenv("ORGO_BACKUP_KEY", (made.root / "etc/orgo/credentials/ORGO_BACKUP_KEY").read_text())
    backup = set_every(load(made.root / "var/lib/orgo"), "6 hours").backup

    assert backup and (backup.to, str(backup.every)) == (str(folder), "6 hours")


@pytest.mark.parametrize("of_root", [0o022, 0o077])
def test_the_service_reads_its_program_and_nobody_what_is_secret_whatever_the_umask_of_root(
    made: StandIn, of_root: int
) -> None:
    before = os.umask(of_root)
    try:
        done = made.run("install.sh", "--backup", str(made.folder))
    finally:
        os.umask(before)
    assert done.returncode == 0, done.stderr

    program = made.root / "opt/orgo/releases" / made.release
    for_all = [program / "bin/orgo", *(program / "bin/orgo").parents[:5], made.root / "usr/local/bin/orgo"]
    assert {path: path.stat().st_mode & 0o777 for path in for_all} == dict.fromkeys(for_all, 0o755)
    assert (made.root / "etc/systemd/system/orgo.service").stat().st_mode & 0o777 == 0o644
    secret = made.root / "etc/orgo/credentials"
    assert secret.stat().st_mode & 0o777 == 0o700 and (secret / "ORGO_BACKUP_KEY").read_text()
    assert {path.stat().st_mode & 0o777 for path in secret.iterdir()} == {0o600}
    for folder in ("etc/orgo", "var/lib/orgo", "var/lib/orgo/var"):
        assert (made.root / folder).stat().st_mode & 0o777 == 0o750
    assert (made.root / "var/lib/orgo/var/orgo.db").stat().st_mode & 0o777 == 0o640


def test_the_service_may_write_where_blobs_and_the_log_are(installed: StandIn) -> None:
    installed.tells(backup_to="s3://bucket/orgo", blobs_to="/srv/large", log_folder="../log")
    again = installed.run("install.sh")
    places = installed.root / "etc/systemd/system/orgo.service.d/20-places.conf"

    assert again.returncode == 0, again.stderr
    assert re.findall(r'^ReadWritePaths="-(.*)"$', places.read_text(), re.MULTILINE) == [
        "/srv/large",
        str(installed.root / "var/lib/log"),
    ]


def test_a_backup_is_not_restored_over_what_is_there(installed: StandIn) -> None:
    key = installed.root / "etc/orgo/credentials/ORGO_BACKUP_KEY"
    key.write_text("mine")
    refused = installed.run("install.sh", "--restore", str(Path(__file__)), "--key", str(Path(__file__)))

    assert refused.returncode == 5 and "--restore wants a new installation" in refused.stderr
    assert key.read_text() == "mine"


def test_an_upgrade_makes_the_credential_files_that_its_units_want(installed: StandIn) -> None:
    file = installed.root / "etc/orgo/credentials/ORGO_BACKUP_KEY"
    file.unlink()
    installed.next_version("two")

    assert installed.run("upgrade.sh").returncode == 0
    assert file.read_bytes() == b"" and file.stat().st_mode & 0o777 == 0o600


def test_an_installation_does_not_go_over_an_upgrade_that_was_cut_off(installed: StandIn) -> None:
    (installed.root / "opt/orgo/.upgrading").write_text("1.0-old\n/nowhere\non\n")
    refused = installed.run("install.sh")

    assert refused.returncode == 5 and "deploy/upgrade.sh goes on with it" in refused.stderr


def test_a_backup_that_fails_stops_the_upgrade_and_changes_nothing(installed: StandIn) -> None:
    old = installed.release
    database = installed.root / "var/lib/orgo/var/orgo.db"
    database.write_bytes(b"no database" * 1000)
    installed.next_version("two")
    refused = installed.run("upgrade.sh")

    assert refused.returncode not in (0, -signal.SIGKILL) and installed.release == old
    assert not (installed.root / "opt/orgo/.upgrading").exists()


def test_one_script_works_at_a_time(installed: StandIn) -> None:
    installed.next_version("two")
    with (installed.root / "opt/orgo/.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        refused = installed.run("upgrade.sh")
    assert refused.returncode == 5 and "another install.sh or upgrade.sh is at work" in refused.stderr
    assert os.listdir(installed.root / "opt/orgo/releases") == [installed.release]
