"""Somebody who has cloned the repository and types what a page says, as it is written there."""

import os
import shutil
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.house.checkout import ROOT, clean_environment
from tests.servers.ports import free_port


class Reader:
    """Somebody who types commands into a shell, in the root of the checkout, with the environment activated."""

    def __init__(self, checkout: Path, environment: Path) -> None:
        self.checkout = checkout
        self.ports = {"ORGO_WEB__PORT": str(free_port()), "ORGO_INTAKE__SMTP__PORT": str(free_port())}
        path = f"{environment / 'bin'}{os.pathsep}{os.environ['PATH']}"
        self.environ = clean_environment(PATH=path, VIRTUAL_ENV=str(environment), **self.ports)

    def types(self, command: str, answer: str = "", **more: str) -> subprocess.CompletedProcess[str]:
        """The command as written, and `answer` where it asks; no terminal behind it."""
        return subprocess.run(
            ["bash", "-c", command], cwd=self.checkout, env={**self.environ, **more},
            input=answer, capture_output=True, text=True, timeout=500,
        )  # fmt: skip

    def starts(self, command: str, log: Path) -> subprocess.Popen[bytes]:
        """A command that goes on; its words go to `log`."""
        with log.open("wb") as file:
            return subprocess.Popen(
                ["bash", "-c", f"exec {command}"], cwd=self.checkout, env=self.environ,
                stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT,
            )  # fmt: skip

    @contextmanager
    def working(self, log: Path) -> Iterator[None]:
        """`python main.py` is at work meanwhile, and its page answers; Ctrl-C ends it."""
        process = self.starts("python main.py", log)
        try:
            wait_for(lambda: page_answers(self) or process.poll() is not None)
            assert process.poll() is None, log.read_text()
            yield
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=40)


def copy_of_the_checkout(target: Path) -> None:
    """What a clone would have: the tracked files as they are now."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in filter(None, listed.decode().split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)


def page_answers(reader: Reader) -> bool:
    try:
        with urllib.request.urlopen(
            f"http://127.0.0.1:{reader.ports['ORGO_WEB__PORT']}/", timeout=5
        ) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def wait_for(what: Callable[[], bool], seconds: float = 60) -> None:
    """Look every tenth of a second until it is so."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not come to that in time"
        time.sleep(0.1)
