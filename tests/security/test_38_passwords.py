"""S35, S37, S38: a password costs the same work for anybody, says the same to everybody, and is never hashed when it is huge."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.office import Office


def test_one_password_hash_is_worked_out_for_known_and_unknown_alike(
    office: Office, enter: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from orgo.people import signin

    enter().post("/sign-in", {"address": "warm@city.example", "password": "up"})
    asked: list[str] = []

    def counted(given: str, kept: str) -> bool:
        asked.append(kept[:7])
        return False

    monkeypatch.setattr(signin, "check_password", counted)
    signin_of = {
        who: enter().post("/sign-in", {"address": who, "password": "wrong"})
        for who in ("anna@city.example", "nobody@city.example")
    }

    assert asked == ["argon2$"] * 2
    pages = {answer.content.replace(who.encode(), b"WHO") for who, answer in signin_of.items()}
    assert {answer.status_code for answer in signin_of.values()} == {403}
    assert len({page.split(b"csrfmiddlewaretoken")[0] for page in pages}) == 1


def test_a_huge_password_is_refused_before_any_work(
    office: Office, enter: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from orgo.people import signin

    def never(*_: object) -> bool:
        raise AssertionError("it was hashed")

    monkeypatch.setattr(signin, "check_password", never)

    assert (
        enter().post("/sign-in", {"address": "anna@city.example", "password": "x" * 5_000}).status_code == 403
    )
    assert enter().post(
        "/sign-in", {"address": "anna@city.example", "password": "x" * 10_000_000}
    ).status_code in (400, 413)


@pytest.mark.parametrize(("method", "headers", "status"), [
    ("POST", [(b"transfer-encoding", b"chunked")], 411), ("GET", [(b"transfer-encoding", b"chunked")], 411),
    ("POST", [(b"content-length", b"999999999999")], 413), ("POST", [(b"content-length", b"x")], 411), ("GET", [], None), ("POST", [(b"content-length", b"10")], None),
])  # fmt: skip
def test_a_strangers_body_fills_no_disk(
    office: Office, method: str, headers: list[tuple[bytes, bytes]], status: int | None
) -> None:
    """A body that is too large, or does not say how large it is, is refused before any of it is read."""
    import asyncio

    from orgo.api.length import LengthFirst

    said: list[Any] = []

    async def read(scope: Any, receive: Any, send: Any) -> None:
        said.append({"status": None})

    async def send(event: Any) -> None:
        said.append(event)

    async def receive() -> Any:
        raise AssertionError("the body was read")

    scope = {"type": "http", "method": method, "path": "/sign-in", "headers": headers}
    with ThreadPoolExecutor(1) as worker:  # a browser's loop may run on this thread
        worker.submit(lambda: asyncio.run(LengthFirst(read)(scope, receive, send))).result()

    assert said[0]["status"] == status
