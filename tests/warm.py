"""Processes of Orgo that start at once: they split off from one that has read ahead what Orgo stands on.

Most of the second and a half that a process of Orgo takes to start goes into reading Django, pydantic and the like, and there
are tests that start a dozen. The one they split off from has seen no configuration, database, clock or crash point: each starts
Orgo from its beginning, and dies by SIGKILL, as any other does. How Orgo itself starts is for tests that start it cold.

usage: python -m tests.warm DESCRIPTOR   (a socket; it ends when the other end is closed)
"""

import gc
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parents[1]
AHEAD = (
    "aiosmtpd.controller aiosmtpd.lmtp cryptography.hazmat.primitives.asymmetric.ed25519 cryptography.hazmat.primitives.ciphers.aead"
    " django.contrib.auth.management django.contrib.messages.storage django.contrib.postgres.search django.contrib.staticfiles.finders"
    " django.core.mail django.core.validators django.db.backends.postgresql.base django.db.backends.sqlite3.base django.db.migrations.loader"
    " django.db.models django.template django.views.debug django.views.generic email.policy http.client lark psycopg psycopg_pool"
    " smtplib structlog urllib3 whitenoise.base zstandard"
    " orgo.conf orgo.message orgo.rules"
).split()


class Split:
    """One that split off, with as much of the face of `subprocess.Popen` as a test looks at."""

    def __init__(
        self, warm: "Warm", pid: int, stdin: IO[str] | None = None, stdout: IO[str] | None = None
    ) -> None:
        self.pid, self.stdin, self.stdout = pid, stdin, stdout
        self._warm = warm
        self._code: int | None = None

    def poll(self) -> int | None:
        """How it ended, or None while it runs."""
        if self._code is None:
            self._code = self._warm.ended(self.pid)
        return self._code

    def wait(self, timeout: float | None = None) -> int:
        """How it ended; raises subprocess.TimeoutExpired where it runs on after so many seconds."""
        end = time.monotonic() + (timeout or float("inf"))
        while (code := self.poll()) is None:
            if time.monotonic() > end:
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
            threading.Event().wait(0.02)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class Warm:
    """The one that the others split off from."""

    def __init__(self) -> None:
        self._line, other = socket.socketpair()
        self._turn = threading.Lock()
        bare = {name: value for name, value in os.environ.items() if not name.startswith("ORGO_")}
        with other:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.warm", str(other.fileno())],
                cwd=ROOT,
                env={**bare, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])},
                pass_fds=[other.fileno()],
            )

    def start(self, arguments: Sequence[str], environ: Mapping[str, str]) -> Split:
        """`python ARGUMENTS` (a script, `-m MODULE` or `-c CODE`, and words), with pipes to its standard input and from its output."""
        its_input, to_it = os.pipe()
        from_it, its_output = os.pipe()
        pid = self._split(arguments, environ, ROOT, its_input, its_output, 2)
        os.close(its_input)
        os.close(its_output)
        return Split(self, pid, os.fdopen(to_it, "w"), os.fdopen(from_it))

    def run(
        self, arguments: Sequence[str], environ: Mapping[str, str], folder: Path = ROOT, timeout: float = 120
    ) -> "subprocess.CompletedProcess[str]":
        """The same to its end, without an input, and what it said; its working folder is `folder`."""
        with ExitStack() as files:
            nothing = files.enter_context(open(os.devnull))
            output, error = (files.enter_context(tempfile.TemporaryFile("w+")) for _ in range(2))
            made = (nothing.fileno(), output.fileno(), error.fileno())
            process = Split(self, self._split(arguments, environ, folder, *made))
            try:
                code = process.wait(timeout)
            finally:
                process.kill()
            for file in (output, error):
                file.seek(0)
            return subprocess.CompletedProcess([*arguments], code, output.read(), error.read())

    def ended(self, pid: int) -> int | None:
        """How this one ended, or None while it runs."""
        return self._ask({"ended": pid})

    def _split(
        self, arguments: Sequence[str], environ: Mapping[str, str], folder: Path, *standard: int
    ) -> int:
        wanted = {"start": arguments, "environ": dict(environ), "folder": str(folder)}
        pid = self._ask(wanted, *standard)
        assert pid is not None
        return pid

    def _ask(self, question: Mapping[str, object], *files: int) -> int | None:
        with self._turn:
            socket.send_fds(self._line, [f"{json.dumps(question)}\n".encode()], files)
            answer = self._line.recv(100)
        assert answer, "the process that the others split off from has died"
        number: int | None = json.loads(answer)
        return number


@cache
def warm() -> Warm:
    """The one of this process, which ends with it."""
    return Warm()


def main() -> None:
    from orgo.conf import boot

    boot.use_own_sqlite()  # as a start does, before Django takes what is there
    for name in AHEAD:
        import_module(name)
    gc.freeze()  # else each that splits off takes half a second to end: it would clear away what was read ahead
    assert "orgo.lib.crash" not in sys.modules, "which point is armed is read when it is imported"
    with socket.socket(fileno=int(sys.argv[1])) as line:
        wanted = _next(line)
    if wanted is not None:
        _work(wanted["start"], wanted["environ"], wanted["folder"])


def _next(line: socket.socket) -> Any:
    """Answer until the other end is closed; only a process that split off gets something from it: what is wanted of it."""
    while True:
        data, files, _, _ = socket.recv_fds(line, 1 << 20, 3)
        while data and not data.endswith(b"\n"):
            data += line.recv(1 << 20)
        if not data:
            return None
        question = json.loads(data)
        if "ended" in question:
            pid, status = os.waitpid(question["ended"], os.WNOHANG)
            answer = os.waitstatus_to_exitcode(status) if pid else None
        else:
            answer = os.fork()
            if not answer:
                for standard, file in enumerate(files):
                    os.dup2(file, standard)
            for file in files:
                os.close(file)
            if not answer:
                return question
        line.send(json.dumps(answer).encode())


def _work(arguments: list[str], environ: dict[str, str], folder: str) -> None:
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environ)
    kind, *words = arguments
    sys.argv = [kind, *words[kind in ("-m", "-c") :]]
    if kind == "-m":
        runpy.run_module(words[0], run_name="__main__", alter_sys=True)
    elif kind == "-c":
        exec(compile(words[0], "<string>", "exec"), {"__name__": "__main__"})
    else:
        runpy.run_path(kind, run_name="__main__")


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
