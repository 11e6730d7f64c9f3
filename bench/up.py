"""What `orgo up` on SQLite costs a machine: seconds until it is ready, and the memory of all its processes once it has worked.

Beside it the floor: the same Python that has only done `django.setup()` with the same settings. Memory is the proportional
share (PSS): what several processes have in common counts once.
"""

import smtplib
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from bench import Row

READY = 3_000_000.0  # µs
MEMORY = 150.0  # MB
MAILS = 200
_ORGO = Path(__file__).resolve().parents[1] / "orgo"
_BARE = (
    "from orgo.conf import boot, load; boot.start(load())\n"
    "import psutil; print(psutil.Process().memory_full_info().pss)"
)


def run() -> list[Row]:
    """Time to ready in µs, memory in MB."""
    from tests.house.checkout import clean_environment
    from tests.servers.ports import free_port

    with tempfile.TemporaryDirectory(prefix="orgo-bench-") as folder:
        home, web, smtp = Path(folder), free_port(), free_port()
        environ = clean_environment(
            ORGO_HOME=folder,
            ORGO_WEB__PORT=str(web),
            ORGO_INTAKE__SMTP__PORT=str(smtp),
            PYTHONPATH=str(_ORGO.parent / "src"),
        )
        subprocess.run([sys.executable, _ORGO, "init", "--yes"], env=environ, check=True, capture_output=True)
        begun = time.perf_counter()
        bare = subprocess.run(
            [sys.executable, "-c", _BARE], env=environ, check=True, capture_output=True, text=True
        )
        floor = (time.perf_counter() - begun) * 1e6
        begun = time.perf_counter()
        with _up(environ, home) as process:
            _until(lambda: _is_ready(web))
            ready = (time.perf_counter() - begun) * 1e6
            at_start = _memory(process)
            _work(home, web, smtp)
            at_work = _memory(process)
    base = int(bare.stdout) / 1e6
    return [
        Row("orgo up, SQLite: start to ready", ready, floor, most=READY),
        Row("orgo up, SQLite: MB of all its processes, ready", at_start, base, most=MEMORY),
        Row(f"orgo up, SQLite: MB of all its processes, after {MAILS} mails", at_work, base, most=MEMORY),
    ]


@contextmanager
def _up(environ: dict[str, str], home: Path) -> Iterator[psutil.Popen]:
    with (home / "up.log").open("wb") as log:
        process = psutil.Popen([sys.executable, _ORGO, "up"], env=environ, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)


def _is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _until(so: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not so():
        assert time.monotonic() < end, "orgo up does not come so far"
        time.sleep(0.01)


def _work(home: Path, web: int, smtp: int) -> None:
    """Let mails come in by SMTP until each is decided, and look at a page."""
    from tests.crash.house import mail

    with smtplib.SMTP("127.0.0.1", smtp) as client:
        for number in range(MAILS):
            client.sendmail(f"citizen{number}@people.example", ["info@organization.com"], mail(number))
    database = sqlite3.connect(f"file:{home / 'var' / 'orgo.db'}?mode=ro", uri=True)
    _until(
        lambda: (
            database.execute("select count(*) from intake_mail where outcome <> ''").fetchone() == (MAILS,)
        )
    )
    database.close()
    urllib.request.urlopen(f"http://127.0.0.1:{web}/sign-in", timeout=30).close()


def _memory(process: psutil.Process) -> float:
    """MB of a process and all its children, what they share counted once."""
    every = [process, *process.children(recursive=True)]
    return sum(one.memory_full_info().pss for one in every) / 1e6
