"""What moves: a stream that says "something changed", once for all open pages of a process."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator
from typing import Any

from asgiref.sync import sync_to_async
from django.http import Http404, HttpRequest, StreamingHttpResponse

from orgo.audit.models import Event

EVERY = 1.0
HEARTBEAT = 15.0
# An event may be committed after one with a higher id: a transaction took longer, or another machine's clock is ahead.
_COMPARED = 200
_seen: dict[str, Any] = {"sight": "", "at": 0.0}


async def live(request: HttpRequest) -> StreamingHttpResponse:
    """Server-sent events: `changed` whenever something was committed anywhere, a comment as heartbeat.

    What counts as seen is what the browser saw last: by this stream before it broke, else by the page (`since`, the sight
    of when it was put together), so that what came while it was on its way to the reader is told too.
    """
    user = await request.auser()
    if not user.is_authenticated:
        raise Http404
    seen = request.headers.get("Last-Event-ID") or request.GET.get("since")
    response = StreamingHttpResponse(_stream(seen), content_type="text/event-stream")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    return response


async def _stream(seen: str | None) -> AsyncIterator[bytes]:
    known, spoke = seen or await _latest(), time.monotonic()
    yield b"retry: 3000\n\n"
    while True:
        await asyncio.sleep(EVERY)
        latest = await _latest()
        if latest != known:
            known, spoke = latest, time.monotonic()
            yield f"event: changed\nid: {latest}\ndata: {latest}\n\n".encode()
        elif time.monotonic() - spoke > HEARTBEAT:
            spoke = time.monotonic()
            yield b": still here\n\n"


async def _latest() -> str:
    """The sight of now, asked for once a second by whoever comes first."""
    if time.monotonic() - _seen["at"] >= EVERY * 0.9:
        _seen["at"] = time.monotonic()
        _seen["sight"] = await sync_to_async(_ask, thread_sensitive=False)()
    return str(_seen["sight"])


def sight() -> str:
    """A word for the newest events: another one as soon as there is one more among them."""
    ids = Event.objects.order_by("-id").values_list("id", flat=True)[:_COMPARED]
    return hashlib.sha256(repr(list(ids)).encode()).hexdigest()[:16]


def _ask() -> str:
    from django.db import close_old_connections

    try:
        return sight()
    finally:
        close_old_connections()
