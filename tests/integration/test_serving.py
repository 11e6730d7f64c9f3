"""The page's server: what it has loaded when it begins is not looked through for cycles again."""

import asyncio
import gc
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import uvicorn


def test_what_is_loaded_when_the_page_begins_is_settled() -> None:
    from orgo.ops.serving import _Server

    async def begin() -> None:
        server = _Server(uvicorn.Config(_page, lifespan="off", log_config=None), threading.Event())
        server.config.load()
        server.lifespan = server.config.lifespan_class(server.config)
        with socket.create_server(("127.0.0.1", 0)) as listening:
            await server.startup([listening])
            await server.shutdown([listening])

    before = gc.get_threshold()
    gc.unfreeze()
    try:
        with ThreadPoolExecutor(1) as apart:  # a browser's test may have left its own loop in this thread
            apart.submit(lambda: asyncio.run(begin())).result()
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)


async def _page(scope: object, receive: object, send: object) -> None:
    """Answers nobody."""
