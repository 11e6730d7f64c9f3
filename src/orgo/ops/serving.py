"""The page's server: uvicorn on the ASGI application, in the main thread."""

import logging
import socket
import threading
from collections.abc import Callable

import uvicorn

from orgo.conf.config import Config
from orgo.lib import memory
from orgo.ops.up import port_problem

log = logging.getLogger("orgo")


class _Server(uvicorn.Server):
    """Ends by a signal, as uvicorn does, or when `ended` is set: a service of Windows is told to stop without one."""

    def __init__(self, config: uvicorn.Config, ended: threading.Event) -> None:
        super().__init__(config)
        self.ended = ended

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Called when the page's code is loaded: no look for cycles in all of it holds up a page (70 ms)."""
        await super().startup(sockets)
        memory.settle()

    async def on_tick(self, counter: int) -> bool:
        """Called ten times a second; True ends the server."""
        self.should_exit = self.should_exit or self.ended.is_set()
        return await super().on_tick(counter)


def serve(config: Config, ended: threading.Event, listening: Callable[[], None] | None = None) -> None:
    """Serve until the process is told to stop or `ended` is set.

    `listening` is called once whoever comes need not be sent away. Raises BadInput when the port can't be had.
    """
    sock = listen(config.web.host, config.web.port)
    server = _Server(
        uvicorn.Config(
            "orgo.web.asgi:application",
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=3,
            proxy_headers=False,
        ),
        ended,
    )
    log.info("the page is at %s", config.web.url)
    if listening is not None:
        listening()
    server.run(sockets=[sock])


def listen(host: str, port: int) -> socket.socket:
    """A listening socket, so that a port in use is known before anything else is started."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        raise port_problem("web.port", host, port, error) from error
    sock.listen(128)
    return sock
