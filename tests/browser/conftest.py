"""The page in a real Chromium: a server on a free port over an office's database, and a browser that reports what it sees."""

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.office import Office, start_django

# Playwright's synchronous API keeps a loop in this thread; the office's own calls of Django are synchronous all the same.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
ARGUMENTS = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync".split()
AXE = (Path(__file__).parent / "axe.min.js").read_text(encoding="utf-8")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The server's threads keep their database connections, and the browser its pipes, until the process ends."""
    for item in items:
        if "browser" in item.path.parts:
            item.add_marker(pytest.mark.filterwarnings("ignore::ResourceWarning"))
            item.add_marker(pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"))


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """The address of a page server of this process."""
    start_django()
    import uvicorn

    from orgo.ops.serving import listen
    from orgo.web.asgi import application

    sock = listen("127.0.0.1", 0)
    server = uvicorn.Server(
        uvicorn.Config(application, log_config=None, lifespan="off", timeout_graceful_shutdown=1, ws="none")
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{sock.getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=10)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Any, address: str, office: Office) -> Iterator[Any]:
    """A page in a window of its own; a script error or a request to another host fails the test."""
    context = chromium.new_context(
        base_url=address, viewport={"width": 1440, "height": 900}, bypass_csp=False
    )
    made = context.new_page()
    wrong: list[str] = []
    made.on("pageerror", lambda error: wrong.append(f"script: {error}"))
    made.on(
        "request",
        lambda request: wrong.append(request.url) if not request.url.startswith((address, "data:")) else None,
    )
    yield made
    context.close()
    assert wrong == []


@pytest.fixture
def sign_in(page: Any) -> Callable[[str], None]:
    """Sign somebody in by a link."""

    def enter(who: str) -> None:
        from orgo.people.models import User
        from orgo.people.signin import sign_in_link

        page.goto(sign_in_link(User.objects.get(address=who), ""))
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_selector(".panes")

    return enter


@pytest.fixture
def axe(page: Any) -> Callable[[], list[str]]:
    """What axe-core finds on the page as it is shown now."""

    def look() -> list[str]:
        # The page's own policy lets no test script in; the debugger's door does.
        client = page.context.new_cdp_session(page)
        found = client.send(
            "Runtime.evaluate",
            {"expression": f"{AXE}; axe.run()", "awaitPromise": True, "returnByValue": True},
        )
        violations = found["result"]["value"]["violations"]
        return [f"{v['id']}: {[node['target'] for node in v['nodes']][:3]}" for v in violations]

    return look
