"""A house on the database that the test's parameter `database` names."""

import socket
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.crash.house import House
from tests.servers.postgresql import Postgresql

_numbers = count(1)


@pytest.fixture(scope="session")
def server() -> Iterator[Postgresql]:
    made = Postgresql(fsync="off").start()
    yield made
    made.stop()


@pytest.fixture
def house(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[House]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    on = request.node.callspec.params["database"]
    place = () if on == "sqlite" else (request.getfixturevalue("server").url(f"crash_{next(_numbers)}"),)
    made = House(tmp_path / "home", port, *place)
    yield made
    made.close()
