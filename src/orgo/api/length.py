"""How long a body may be, asked before any of it is read."""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from orgo.api.problem import CONTENT_TYPE, Refused
from orgo.conf import boot

_LENGTH = re.compile(r"[0-9]{1,18}")
Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


def length_of(content_length: str | None) -> int:
    """The body's length in bytes. Raises Refused where it is not said, or is more than a mail may have."""
    if content_length is None or not _LENGTH.fullmatch(content_length.strip()):
        raise Refused(411, "Say by Content-Length how long the body is.")
    length = int(content_length)
    if length > boot.config().intake.smtp.max_size:
        raise Refused(413, "The mail is larger than the largest that is taken here.")
    return length


class LengthFirst:
    """An ASGI application before Django's, which writes a whole body to disk before any view is asked about it."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            _check(scope)
        except Refused as refused:
            return await _refuse(refused, send)
        await self._app(scope, receive, send)
        return None


def _check(scope: Scope) -> None:
    """Whether the request's body may be read at all; one that does not say its length is none that we wait for."""
    if scope["type"] != "http":
        return
    headers = dict(scope["headers"])
    length = headers.get(b"content-length", b"").decode("latin-1")
    wanted = scope["method"] == "POST" and scope["path"].startswith("/api/")
    if length or wanted or b"transfer-encoding" in headers:
        length_of(length)


async def _refuse(refused: Refused, send: Send) -> None:
    headers = [(b"content-type", CONTENT_TYPE.encode()), (b"content-length", b"%d" % len(refused.body))]
    await send({"type": "http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "http.response.body", "body": refused.body})
