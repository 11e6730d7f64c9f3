"""The stream that tells open pages that something changed."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.office import Office


def an_event(number: int) -> None:
    from orgo.audit.models import Event
    from orgo.lib import clock

    Event.objects.create(id=number, type="user.signed_in", actor_kind="person", at=clock.now())


def said_to(seen: str | None, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What a stream says first, to a browser that has seen so much."""
    from orgo.web.views import live

    monkeypatch.setattr(live, "EVERY", 0.0)
    monkeypatch.setattr(live, "HEARTBEAT", -1.0)

    async def first_two() -> list[bytes]:
        stream = live._stream(seen)
        return [await anext(stream) for _ in range(2)]

    # Of a thread of its own: where pages were looked at before, a browser's loop runs in this one.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, first_two()).result()


def test_an_event_that_is_committed_after_one_with_a_higher_id_is_seen(office: Office) -> None:
    from orgo.web.views.live import sight

    an_event(2_000)
    before = sight()
    assert sight() == before
    an_event(1_000)
    assert sight() != before


def test_a_browser_hears_of_what_came_since_it_last_saw_something(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orgo.web.views.live import sight

    an_event(1_000)
    seen = sight()
    assert said_to(seen, monkeypatch)[1] == b": still here\n\n"
    an_event(2_000)
    assert said_to(seen, monkeypatch)[1].startswith(b"event: changed\nid: " + sight().encode())
    assert said_to(None, monkeypatch)[1] == b": still here\n\n"
