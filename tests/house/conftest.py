"""What the tests of the house share."""

from collections.abc import Iterator

import pytest

from tests.servers.rabbitmq import Rabbitmq


@pytest.fixture
def own_rabbitmq() -> Iterator[Rabbitmq]:
    """A RabbitMQ of this test's own, which may be harmed."""
    made = Rabbitmq().start()
    yield made
    made.stop()
