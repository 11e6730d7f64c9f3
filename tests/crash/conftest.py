"""A house on the database and the broker that the test's parameters `database` and `broker` name."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.crash.house import House
from tests.servers.ports import free_port
from tests.servers.postgresql import Postgresql
from tests.servers.rabbitmq import Rabbitmq
from tests.servers.redis import Redis

_numbers = count(1)


@pytest.fixture(scope="session")
def server() -> Iterator[Postgresql]:
    made = Postgresql(fsync="off").start()
    yield made
    made.stop()


@pytest.fixture(scope="session")
def redis() -> Iterator[Redis]:
    made = Redis().start()
    yield made
    made.stop()


@pytest.fixture(scope="session")
def rabbitmq() -> Iterator[Rabbitmq]:
    made = Rabbitmq().start()
    yield made
    made.stop()


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The var folder of a house on SQLite that was set up and never used: to set one up takes two seconds, to copy it none."""
    made = House(tmp_path_factory.mktemp("furnished") / "home", free_port())
    made.close()
    return made.home / "var"


@pytest.fixture(scope="session")
def furnished_on_postgresql(tmp_path_factory: pytest.TempPathFactory, server: Postgresql) -> Path:
    """The same of one on PostgreSQL, whose database is called `furnished`."""
    made = House(tmp_path_factory.mktemp("furnished") / "home", free_port(), server.url("furnished"))
    made.close()
    return made.home / "var"


@pytest.fixture
def house(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[House]:
    chosen = request.node.callspec.params
    database, queue = "sqlite:///./var/orgo.db", ""
    if chosen.get("database") == "postgresql":
        former = request.getfixturevalue("furnished_on_postgresql")
        database = request.getfixturevalue("server").copy(f"crash_{next(_numbers)}", "furnished")
    else:
        former = request.getfixturevalue("furnished")
    if chosen.get("broker", "none") != "none":
        queue = request.getfixturevalue(chosen["broker"]).url
    made = House(tmp_path / "home", free_port(), database, queue, former)
    yield made
    made.close()
