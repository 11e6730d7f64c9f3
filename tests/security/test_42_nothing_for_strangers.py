"""S42: without signing in there is the sign-in page, the files of the page, and "ok"; nothing else."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.office import Office


def test_every_page_asks_a_stranger_to_sign_in(office: Office, enter: Callable[..., Any]) -> None:
    from django.urls import URLPattern

    from orgo.web.urls import urlpatterns

    pages = [pattern for pattern in urlpatterns if isinstance(pattern, URLPattern)]
    assert [str(door.pattern) for door in urlpatterns if door not in pages] == ["api/v1/"]

    open_to_all = {"sign-in", "sign-in-link", "sign-out", "alive", "ready", "take-link", "metrics"}
    client = enter()
    for pattern in pages:
        if pattern.name in open_to_all:
            continue
        path = "/" + str(pattern.pattern).replace("<str:reference>", "ZZZZZZ").replace(
            "<str:action>", "take"
        ).replace("<str:name>", "x")
        path = path.replace("<int:number>", "1").replace("<int:place>", "0")
        answers = [_asked(client, method, path) for method in ("get", "post")]
        assert set(answers) <= {302, 401, 404, 405}, (path, answers)
        assert {302, 401} & set(answers) or pattern.name == "live", (path, answers)


def _asked(client: Any, method: str, path: str) -> int:
    """The answer's status; on a thread of its own, for the stream's view is asynchronous and a browser's loop may run here."""

    def ask() -> int:
        from django.db import connection

        try:
            return int(getattr(client, method)(path).status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as worker:
        return worker.submit(ask).result()


def test_health_says_ok_and_no_more(office: Office, enter: Callable[..., Any]) -> None:
    for path in ("/livez", "/readyz"):
        answer = enter().get(path)
        assert (answer.status_code, answer.content) == (200, b"ok")
        assert "Server" not in answer.headers


def test_errors_tell_nothing_of_the_inside(office: Office, enter: Callable[..., Any]) -> None:
    answer = enter("anna@city.example").get("/no/such/page")

    assert answer.status_code == 404
    assert b"Traceback" not in answer.content and b"django" not in answer.content.lower()
