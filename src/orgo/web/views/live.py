"""What moves: a stream that says "something changed", once for all open pages of a process."""

import asyncio
import time
from collections.abc import AsyncIterator

from asgiref.sync import sync_to_async
from django.http import Http404, HttpRequest, StreamingHttpResponse

from orgo.audit.models import Event
from orgo.web.views.access import number_of

EVERY = 1.0
HEARTBEAT = 15.0
_seen: dict[str, float] = {"id": 0, "at": 0.0}


async def live(request: HttpRequest) -> StreamingHttpResponse:
    """Server-sent events: `changed` whenever something was committed anywhere, a comment as heartbeat.

    What counts as seen is what the browser saw last: by this stream before it broke, else by the page (`since`, the
    newest event when it was put together), so that what came while it was on its way to the reader is told too.
    """
    user = await request.auser()
    if not user.is_authenticated:
        raise Http404
    seen = number_of(request.headers.get("Last-Event-ID", "")) or number_of(request.GET.get("since", ""))
    response = StreamingHttpResponse(_stream(seen), content_type="text/event-stream")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    return response


async def _stream(seen: int | None) -> AsyncIterator[bytes]:
    known, spoke = await _newest() if seen is None else seen, time.monotonic()
    yield b"retry: 3000\n\n"
    while True:
        await asyncio.sleep(EVERY)
        newest = await _newest()
        if newest != known:
            known, spoke = newest, time.monotonic()
            yield b"event: changed\nid: %d\ndata: %d\n\n" % (newest, newest)
        elif time.monotonic() - spoke > HEARTBEAT:
            spoke = time.monotonic()
            yield b": still here\n\n"


async def _newest() -> int:
    """The newest event's id, asked for once a second by whoever comes first."""
    if time.monotonic() - _seen["at"] >= EVERY * 0.9:
        _seen["at"] = time.monotonic()
        _seen["id"] = await sync_to_async(_ask, thread_sensitive=False)()
    return int(_seen["id"])


def newest_event() -> int:
    """The id of the newest event; 0 where there is none yet."""
    return Event.objects.order_by("-id").values_list("id", flat=True).first() or 0


def _ask() -> int:
    from django.db import close_old_connections

    try:
        return newest_event()
    finally:
        close_old_connections()
