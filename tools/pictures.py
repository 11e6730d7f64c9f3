"""Takes the pictures of the documentation anew, from a demo that runs for it, in Chromium: `python tools/pictures.py`.

Mail of a city hall comes in, a technician signs in, in English and in French. WebP, for each has to stay under 100 kB.
"""

import base64
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, ViewportSize, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "pictures"
LANGUAGES = {
    "en": ("tom.hale@city.example", "Water leak in Room 102"),
    "fr": ("nina.petit@city.example", "Fuite d'eau salle 204"),
}
WIDE: ViewportSize = {"width": 1280, "height": 760}
PHONE: ViewportSize = {"width": 390, "height": 760}


def main() -> int:
    """Take all pictures; returns the exit code."""
    with tempfile.TemporaryDirectory() as home, demo(Path(home)), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for language, (who, mail) in LANGUAGES.items():
            context = browser.new_context(locale=language, viewport=WIDE, color_scheme="light")
            page = context.new_page()
            page.goto(link(Path(home), who))
            take(page, language, who, mail)
        browser.close()
    return 0


@contextmanager
def demo(home: Path) -> Iterator[None]:
    """A demo at work in this home, until its first mails are tasks."""
    order = [sys.executable, str(ROOT / "orgo"), "demo", "--port", str(free_port())]
    running = subprocess.Popen(order, env=environment(home), stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    try:
        for line in running.stdout:
            if "Stop with Ctrl-C" in line:
                break
        yield
    finally:
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=60)


def environment(home: Path) -> dict[str, str]:
    """The environment of a command on this home."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ORGO_")}
    return {**kept, "ORGO_HOME": str(home)}


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def link(home: Path, who: str) -> str:
    """A link that signs this technician in."""
    order = [sys.executable, str(ROOT / "orgo"), "user", "link", who]
    said = subprocess.run(
        order, env=environment(home / "var" / "demo"), capture_output=True, text=True, check=True
    )
    found = re.search(r"http://\S+", said.stdout)
    assert found, said.stdout
    return found[0]


def take(page: Page, language: str, who: str, mail: str) -> None:
    """The walk of the guide, with a picture at each step; `mail` is the subject of the one that is looked at."""
    page.locator("form button").first.click()
    page.locator('nav a[href="/?queue=team"]').click()
    page.get_by_role("link", name=mail).first.wait_for(timeout=60_000)
    page.get_by_role("link", name=mail).first.click()
    page.locator("article[data-task]").wait_for()
    keep(page, f"three-panes-{language}")
    keep_part(page, ".side section", f"why-here-{language}")
    keep_part(page, "form.write", f"answering-{language}")
    page.set_viewport_size(PHONE)
    keep(page, f"phone-{language}")
    page.set_viewport_size(WIDE)
    page.locator(".told a", has_text=who).first.click()
    page.locator("dl.facts.wide").wait_for()
    keep(page, f"letter-{language}")


def keep_part(page: Page, selector: str, name: str) -> None:
    """A picture of one part of the page, with a little room around it."""
    part = page.locator(selector).first
    part.scroll_into_view_if_needed()
    box = part.bounding_box()
    assert box, selector
    room = 12
    keep(
        page,
        name,
        clip={
            "x": box["x"] - room,
            "y": box["y"] - room,
            "width": box["width"] + 2 * room,
            "height": box["height"] + 2 * room,
        },
    )


def keep(page: Page, name: str, clip: dict[str, float] | None = None) -> None:
    """A picture of what the window shows."""
    more: dict[str, Any] = {"clip": {**clip, "scale": 1}} if clip else {}
    client = page.context.new_cdp_session(page)
    shot = client.send("Page.captureScreenshot", {"format": "webp", "quality": 82, **more})
    file = PICTURES / f"{name}.webp"
    file.write_bytes(base64.b64decode(shot["data"]))
    print(f"{file.relative_to(ROOT)}: {file.stat().st_size // 1000} kB")


if __name__ == "__main__":
    sys.exit(main())
