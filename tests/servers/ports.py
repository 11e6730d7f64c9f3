"""Ports for servers that are started, killed and started again."""

import random
import socket
from contextlib import suppress


def free_port() -> int:
    """One below those that the system gives to outgoing connections, so that it is still free when it is listened on again."""
    while True:
        port = random.randrange(15_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
