"""Redis and RabbitMQ: which of them listens on this machine and would take Orgo's messages, and what the configured one is."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from orgo.conf.config import Config

REDIS = "redis://127.0.0.1:6379/0"
RABBITMQ = "amqp://127.0.0.1:5672//"
MEND = "mend user, password and database or virtual host in queue:"
_PATIENCE = 0.5
_AMQP_0_9_1 = b"AMQP\x00\x00\x09\x01"
_METHOD_FRAME = b"\x01"


def find_broker(redis_port: int = 6379, rabbitmq_port: int = 5672) -> str | None:
    """The address of a broker on loopback that answers as one, in the form of `queue:`; None where there is none.

    A Redis that wants a password answers PING with an error and is left alone.
    """
    if _answers(redis_port, b"PING\r\n", lambda answer: answer.startswith(b"+PONG")):
        return REDIS.replace("6379", str(redis_port))
    if _answers(rabbitmq_port, _AMQP_0_9_1, lambda answer: answer.startswith(_METHOD_FRAME)):
        return RABBITMQ.replace("5672", str(rabbitmq_port))
    return None


def _answers(port: int, hello: bytes, right: Callable[[bytes], bool]) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE) as connection:
            connection.sendall(hello)
            return right(connection.recv(64))
    except OSError:
        return False


def version(config: Config, patience: float) -> str:
    """Sign in to the configured broker, and the name and version that it tells. Raises what its library raises."""
    with _signed_in(config, patience) as connection:
        if connection.transport.driver_type == "redis":
            return f"Redis {connection.default_channel.client.info('server')['redis_version']}"
        said = connection.connection.server_properties
        return f"{said.get('product', 'a broker')} {said.get('version', '')}"


def lets_in(config: Config, patience: float = 2.0) -> bool:
    """Whether the configured broker takes Orgo's user, password and database or virtual host; `patience` in seconds."""
    try:
        with _signed_in(config, patience) as connection:
            return connection.default_channel is not None
    except Exception:  # of its client library, whichever that is
        return False


@contextmanager
def _signed_in(config: Config, patience: float) -> Iterator[Any]:
    from orgo.conf.celery import make_app

    hanging = {"socket_timeout": patience}  # a Redis that hangs takes the connection and then says nothing
    way = make_app(config).connection_for_write(connect_timeout=patience, transport_options=hanging)
    with way as connection:
        connection.ensure_connection(max_retries=1, interval_start=0, timeout=patience)
        yield connection
