"""deploy/: the whole way on a clean Debian, which forgets it: install, use, upgrade, back, away, restore."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from tests.conftest import absent
from tests.house.checkout import ROOT, clean_environment

PRIVATE = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]
ALL = "orgo-worker@1.service orgo-worker@2.service orgo.service"


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What `on_machine.sh` says in each of its parts, where a file system in memory may be laid over a clean Debian."""
    folder = tmp_path_factory.mktemp("machine")
    probe = f"mount -t tmpfs tmpfs {folder} && cd {folder} && mkdir u w m && mount -t overlay o -o lowerdir=/,upperdir=u,workdir=w m"
    allowed = all(map(shutil.which, ("unshare", "nsenter", "ip", "debootstrap"))) and os.geteuid() == 0
    if not allowed or subprocess.run([*PRIVATE, "--net", "sh", "-c", probe], capture_output=True).returncode:
        absent("needs root, debootstrap, iproute2 and an overlay file system, which are not to be had here")
    made = subprocess.run([sys.executable, ROOT / "tools/debian.py"], capture_output=True, text=True)
    if made.returncode:
        absent(f"needs a mirror of Debian: {made.stderr.strip()[-200:]}")
    done = subprocess.run(
        [*PRIVATE, "bash", ROOT / "tests/house/on_machine.sh", folder, ROOT, made.stdout.strip()],
        env=clean_environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=800,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "secret-word" not in done.stdout
    return dict(re.findall(r"^== ([a-z ]+)\n(.*?)(?=^== |\Z)", done.stdout, re.DOTALL | re.MULTILINE))


pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1200),  # the Debian is made first, where it is not there
]


def test_it_is_installed_on_postgresql_also_where_the_server_asks_the_machine_who_it_is(
    machine: dict[str, str],
) -> None:
    said = machine["install"]

    assert "pg_hba.conf lets the role orgo in by its password" in said
    assert "Administrator: admin@saint-aubin.example" in said and "/sign-in/" in said
    assert "ssh -L 8000:127.0.0.1:8000" in said and "orgo user link ADDRESS" in said


def test_it_has_a_user_a_command_and_secrets_of_its_own(machine: dict[str, str]) -> None:
    files = machine["files"]

    assert "sudo orgo status" in machine["as somebody"] and "code 4" in machine["as somebody"]
    assert (
        "orgo 750 /var/lib/orgo\n" in files and "root 600 /etc/orgo/credentials/ORGO_SMTP_PASSWORD" in files
    )
    assert "Permission denied" in files and "/run/orgo-" not in files
    assert {f'ReadWritePaths="-/srv/{name}"' for name in ("backups", "blobs", "log")} <= {*files.splitlines()}


def test_systemd_finds_nothing_wrong_with_the_installed_units(machine: dict[str, str]) -> None:
    assert machine["units"].endswith("systemd has nothing to say\n")


def test_a_mail_becomes_a_task_and_a_backup(machine: dict[str, str]) -> None:
    assert f"tasks: 1, running: {ALL}, blobs: 1\nlarge: True" in machine["use"]
    assert ".orgo-backup:" in machine["use"]


def test_to_install_again_changes_nothing(machine: dict[str, str]) -> None:
    assert f"tasks: 1, running: {ALL}, lines: 1\nthe secrets are kept\n" in machine["again"]
    assert "is kept" in machine["again"] and "something else" not in machine["again"]
    assert "/sign-in/" in machine["again"]


def test_how_often_can_be_changed_in_what_the_installer_wrote(machine: dict[str, str]) -> None:
    assert "the next one: " in machine["schedule"] and "by itself" not in machine["schedule"]


def test_what_was_taken_away_is_found_again(machine: dict[str, str]) -> None:
    gone, _, back = machine["found again"].partition("install.sh finds both again.\n")

    assert "Orgo is gone" in gone and not back.startswith("/")
    assert 'tasks: 1, running: orgo.service, lines: 1\n  every: "6 hours"\n' in back


def test_after_an_upgrade_all_is_there_and_every_worker_runs(machine: dict[str, str]) -> None:
    assert f"tasks: 1, running: {ALL}, unit: # upgraded" in machine["upgrade"]


def test_a_release_that_does_not_live_leaves_nothing(machine: dict[str, str]) -> None:
    assert "is back with its data" in machine["back"]
    assert f"tasks: 1, running: {ALL}, unit: # upgraded\nleft: 0\n" in machine["back"]


def test_what_is_taken_away_is_gone_but_for_the_key_of_the_backups(machine: dict[str, str]) -> None:
    kept, gone, user, key = machine["away"].splitlines()

    assert (
        "backup.key" in kept
        and "Orgo is gone" in gone
        and "no such user" in user
        and key == "the key is kept"
    )


def test_a_backup_comes_back_on_another_database_and_broker(machine: dict[str, str]) -> None:
    large = machine["use"].splitlines()[-1]
    assert f"tasks: 1, running: orgo.service, left: 0\n{large}\n" in machine["restored"]
    assert "queue: redis://127.0.0.1:6379/0" in machine["restored"]


def test_a_running_orgo_is_not_put_on_another_database(machine: dict[str, str]) -> None:
    assert "orgo database move" in machine["refused"] and "code 5" in machine["refused"]
