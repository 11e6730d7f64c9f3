"""What every kind of test may use."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from orgo.conf import boot
from tests.servers.programs import of_a_wheel, program, with_tls

if TYPE_CHECKING:
    from tests.office import Office
    from tests.servers.dovecot import Dovecot
    from tests.servers.seaweedfs import Seaweedfs

# As every command of Orgo does before anything opens a database: two SQLite libraries in one process do not see each
# other's locks, nor what the other wrote.
boot.use_own_sqlite()
# A deadline is an assertion on time, and machines are shared.
settings.register_profile("orgo", deadline=None)
settings.load_profile("orgo")
IN_CI = os.environ.get("CI", "").lower() in ("1", "true") or bool(os.environ.get("ORGO_CI"))


NO_CORPUS = "no corpus beside this checkout (../shared/corpus or ORGO_CORPUS): it is no part of the project"


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The inodes that were made to last, in their order."""
    found: list[int] = []
    real = os.fsync

    def fsync(handle: int) -> None:
        found.append(os.fstat(handle).st_ino)
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    return found


def pytest_report_header() -> str:
    """Say it once, at the top of the run, where the corpus is absent: in CI too its tests are skipped then."""
    return (
        f"corpus: {_corpus_folder()}"
        if _corpus_folder().is_dir()
        else f"{NO_CORPUS}, and its tests are skipped"
    )


def _corpus_folder() -> Path:
    return Path(os.environ.get("ORGO_CORPUS") or Path(__file__).resolve().parents[2] / "shared" / "corpus")


def _command(*names: str) -> Callable[[], object]:
    """Whether one of these commands is there (administrators' folders are looked through too)."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
    return lambda: next((found for name in names if (found := shutil.which(name, path=path))), None)


def _weed() -> object:
    from tests.servers.seaweedfs import program

    return program()


SERVERS: dict[str, Callable[[], object]] = {
    "caddy": _command("caddy"),
    "chromium": _command("chromium", "chromium-browser", "google-chrome", "chrome"),
    "clamav": _command("clamd"),
    "cluster": _command("pg_ctlcluster"),
    "dovecot": _command("dovecot"),
    "haproxy": _command("haproxy"),
    "nginx": _command("nginx"),
    "npm": _command("npm"),
    "openssh": _command("sshd"),
    "pgbouncer": _command("pgbouncer"),
    "postfix": _command("postfix"),
    "prometheus": _command("prometheus"),
    "promtool": _command("promtool"),
    "postgresql": lambda: program("postgres"),
    "postgresql-tls": lambda: with_tls("postgres"),
    "rabbitmq": _command("rabbitmq-server"),
    "redis": lambda: program("redis-server"),
    "redis-tls": lambda: with_tls("redis-server"),
    "seaweedfs": _weed,
    "sqlite3": _command("sqlite3"),
    "strace": _command("strace"),
    "systemd-analyze": _command("systemd-analyze"),
    "wheels": lambda: of_a_wheel("postgres") and of_a_wheel("redis-server"),
}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What is about one database itself is left out on the other."""
    if os.environ.get("ORGO_TEST_ON", "sqlite") == "sqlite":
        _leave_out("of_postgresql", config, items)
        return
    if not SERVERS["postgresql"]():
        pytest.exit(
            "there is no PostgreSQL on this machine to try the promises on", returncode=1 if IN_CI else 0
        )
    _leave_out("of_sqlite", config, items)


def _leave_out(mark: str, config: pytest.Config, items: list[pytest.Item]) -> None:
    marked = [item for item in items if item.get_closest_marker(mark)]
    config.hook.pytest_deselected(items=marked)
    items[:] = [item for item in items if not item.get_closest_marker(mark)]


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A test marked `needs("chromium")` is skipped with a clear word where that is missing; in CI it fails."""
    wanted = [name for mark in item.iter_markers("needs") for name in mark.args]
    missing = [name for name in wanted if not SERVERS[name]()]
    if missing:
        absent(f"needs {', '.join(missing)}, which is not on this machine")


def absent(words: str) -> None:
    """Leave the running test for something that this machine has not: it is skipped, and fails in CI."""
    (pytest.fail if IN_CI else pytest.skip)(words)


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real mails, archives and bounces; tests that want it are skipped where it is absent."""
    folder = _corpus_folder()
    if not folder.is_dir():
        pytest.skip(NO_CORPUS)
    return folder


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator["Office"]:
    """An office with the usual people and rules, on a real SQLite database; see tests/office.py."""
    from django.utils import translation

    from tests.office import Office

    made = Office(tmp_path)
    monkeypatch.setattr("orgo.outbox.claim._idle", set())  # as in a process that has just begun
    translation.activate("en")  # a page in French leaves its thread in it
    yield made
    made.close()


@pytest.fixture(scope="session")
def seaweedfs() -> Iterator["Seaweedfs"]:
    """A real S3 store for the session; a test takes a bucket of its own. Mark the test `needs("seaweedfs")`."""
    from tests.servers.seaweedfs import Seaweedfs

    made = Seaweedfs()
    try:
        yield made.start()
    finally:
        made.stop()


@pytest.fixture(scope="session")
def dovecot() -> Iterator["Dovecot"]:
    """A real Dovecot for the session; a test takes a user name of its own. Mark the test `needs("dovecot")`."""
    from tests.servers.dovecot import Dovecot

    made = Dovecot()
    yield made
    made.stop()
