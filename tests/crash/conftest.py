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


@pytest.fixture
def house(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[House]:
    chosen = request.node.callspec.params
    database, queue = "sqlite:///./var/orgo.db", ""
    if chosen.get("database") == "postgresql":
        database = request.getfixturevalue("server").url(f"crash_{next(_numbers)}")
    if chosen.get("broker", "none") != "none":
        queue = request.getfixturevalue(chosen["broker"]).url
    made = House(tmp_path / "home", free_port(), database, queue)
    yield made
    made.close()
