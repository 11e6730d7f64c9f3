"""Looks from outside at what should listen: the page, the mail listener, the broker."""

import http.client
import socket
from typing import Literal
from urllib.parse import urlsplit

from orgo.conf.config import Config
from orgo.conf.kinds import sentinels

PATIENCE = 0.5
Listener = Literal["nobody", "orgo", "another"]
_BROKER_PORTS = {"redis": 6379, "rediss": 6379, "amqp": 5672, "amqps": 5671}
_SENTINELS_PORT = 26379
# What a broker answers something to, whoever asks; one that hangs still takes connections. By TLS nothing is said.
_KNOCKS = {"redis": b"PING\r\n", "amqp": b"AMQP\x00\x00\x09\x01"}
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 -- compared with, not listened on


def answers(host: str, port: int, patience: float = PATIENCE) -> bool:
    """Whether something listens there; `patience` in seconds."""
    try:
        with socket.create_connection((_EVERYWHERE.get(host, host), port), timeout=patience):
            return True
    except OSError:
        return False


def mail_listener(host: str, port: int, patience: float = 3.0) -> Listener:
    """Who takes mail there, by the greeting (RFC 5321 section 4.3.1)."""
    try:
        with socket.create_connection((_EVERYWHERE.get(host, host), port), timeout=patience) as sock:
            greeting = sock.recv(512)
    except ConnectionRefusedError:
        return "nobody"
    except OSError:
        return "another" if answers(host, port) else "nobody"
    return "orgo" if greeting.startswith(b"220") and b" Orgo " in greeting else "another"


def page(host: str, port: int, patience: float = 3.0) -> Listener:
    """Who serves pages there, by the answer to /livez."""
    way = http.client.HTTPConnection(_EVERYWHERE.get(host, host), port, timeout=patience)
    try:
        way.request("GET", "/livez")
        found = way.getresponse()
        return "orgo" if found.status == 200 and found.read(100) == b"ok" else "another"
    except ConnectionRefusedError:
        return "nobody"
    except (OSError, http.client.HTTPException):
        return "another" if answers(host, port) else "nobody"
    finally:
        way.close()


def _speaks(scheme: str, host: str, port: int, patience: float) -> bool:
    """Whether a broker says something there."""
    if scheme not in _KNOCKS:
        return answers(host, port, patience)
    try:
        with socket.create_connection((host, port), timeout=patience) as way:
            way.sendall(_KNOCKS[scheme])
            return bool(way.recv(1))
    except OSError:
        return False


def broker(config: Config, patience: float = 2.0) -> tuple[str, bool]:
    """Where the broker is, and whether it answers there; ("", True) where none is needed."""
    if config.queue is None:
        return "", True
    if config.queue.startswith("sentinel://"):
        return _led_to(config.queue, config.queue_master, patience)
    parts = urlsplit(config.queue)
    host, port = parts.hostname or "127.0.0.1", parts.port or _BROKER_PORTS.get(parts.scheme, 0)
    return f"{host}:{port}", _speaks(parts.scheme, host, port, patience)


def _led_to(queue: str, master: str, patience: float) -> tuple[str, bool]:
    """The Redis that the Sentinels name, or the Sentinels where none of them names one."""
    from redis.exceptions import RedisError
    from redis.sentinel import Sentinel

    parts = [urlsplit(one) for one in sentinels(queue)]
    hosts = [(one.hostname or "127.0.0.1", one.port or _SENTINELS_PORT) for one in parts]
    try:
        leading = Sentinel(hosts, socket_timeout=patience)  # type: ignore[no-untyped-call]
        host, port = leading.discover_master(master)  # type: ignore[no-untyped-call]
    except (OSError, RedisError):
        named = ", ".join(f"{host}:{port}" for host, port in hosts)
        return f"{master} at the Sentinels {named}", False
    return f"{host}:{port}", _speaks("redis", host, port, patience)
