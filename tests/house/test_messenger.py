"""A ring on its way to a broker holds up nobody: not where the broker hangs, and not where it takes no message."""

import logging
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from orgo import dispatch
from orgo.conf import load
from orgo.conf.celery import Broker, Messenger, make_app
from orgo.ops import probe
from tests.servers.rabbitmq import Rabbitmq
from tests.servers.redis import Redis


def broker_at(url: str, home: Path) -> Broker:
    return Broker(make_app(load(home, {"ORGO_QUEUE": url})))


def waiting(broker: Broker, queue: str) -> int:
    """How many rings lie there."""
    with broker.app.connection() as connection:
        found = broker.app.amqp.queues[queue](connection.default_channel)
        found.declare()
        count = 0
        while found.get(no_ack=True) is not None:
            count += 1
        return count


@pytest.fixture
def redis() -> Iterator[Redis]:
    made = Redis().start()
    yield made
    made.stop()


@pytest.mark.needs("redis")
def test_who_rings_goes_on_while_the_broker_hangs(tmp_path: Path, redis: Redis) -> None:
    broker = broker_at(redis.url, tmp_path)
    messenger = Messenger(broker)
    dispatch.bells.bells["routing"].clear()
    redis.signal(signal.SIGSTOP)
    try:
        for _ in range(50):
            messenger.ring("routing")

        assert dispatch.bells.bells["routing"].is_set()
        assert not messenger.wait(0)  # it is still on its way
        assert not probe.broker(load(tmp_path, {"ORGO_QUEUE": redis.url}), patience=0.1)[1]
    finally:
        redis.signal(signal.SIGCONT)
    assert messenger.wait(60)
    assert waiting(broker, "routing") in (1, 2)  # what came while the first was on its way is one more


@pytest.mark.needs("redis")
def test_the_ring_that_matters_most_goes_first(tmp_path: Path, redis: Redis) -> None:
    gone: list[str] = []

    class Slow(Broker):
        def ring(self, queue: str) -> None:
            if not gone:
                redis.signal(signal.SIGSTOP)
            gone.append(queue)
            super().ring(queue)

    messenger = Messenger(Slow(make_app(load(tmp_path, {"ORGO_QUEUE": redis.url}))))
    messenger.ring("routing")
    while not gone:
        os.sched_yield()
    for queue in ("routing", "delivery", "escalation"):
        messenger.ring(queue)
    redis.signal(signal.SIGCONT)

    assert messenger.wait(60)
    assert gone == ["routing", "escalation", "delivery", "routing"]


@pytest.mark.needs("redis")
def test_a_forked_process_rings_by_itself(tmp_path: Path, redis: Redis) -> None:
    broker = broker_at(redis.url, tmp_path)
    messenger = Messenger(broker)
    messenger.ring("routing")
    assert messenger.wait(60)

    child = os.fork()
    if child == 0:
        messenger.ring("delivery")
        os._exit(0 if messenger.wait(30) else 1)

    assert os.waitpid(child, 0)[1] == 0
    assert (waiting(broker, "routing"), waiting(broker, "delivery")) == (1, 1)


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.needs("rabbitmq")
def test_a_rabbitmq_that_takes_no_message_is_left_alone_after_a_moment(
    tmp_path: Path, own_rabbitmq: Rabbitmq, caplog: pytest.LogCaptureFixture
) -> None:
    """Its alarm of memory or disk: it says nothing until there is room again, and a publisher would wait for ever."""
    broker = broker_at(own_rabbitmq.url, tmp_path)
    waiting(broker, "routing")
    own_rabbitmq.alarm(on=True)
    with caplog.at_level(logging.WARNING, "orgo.queue"):
        broker.ring("routing")
    assert "can't be reached" in caplog.text

    own_rabbitmq.alarm(on=False)
    again = broker_at(own_rabbitmq.url, tmp_path)
    waiting(again, "routing")
    again.ring("routing")
    assert waiting(again, "routing") == 1
