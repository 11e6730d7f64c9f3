"""A Redis of the tests' own, or a wheel's Valkey: a port and a folder of its own, nothing kept."""

import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

from tests.servers.ports import free_port
from tests.servers.programs import command


class Redis:
    """A broker that lives until `stop`; `url` is what to configure. `more` are words of its configuration."""

    def __init__(self, **more: str) -> None:
        self.more = more
        self.folder = tempfile.mkdtemp(prefix="orgo-redis-")
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> "Redis":
        """Start it; returns when it takes connections."""
        words = [
            "--port",
            str(self.port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
            "--loglevel",
            "notice",
            *(word for name, value in self.more.items() for word in (f"--{name}", value)),
        ]
        self._process = subprocess.Popen(
            [command("redis-server"), *words, "--logfile", f"{self.folder}/log"],
            cwd=self.folder,
            text=True,
        )
        while not _answers(self.port):
            if self._process.poll() is not None:
                raise RuntimeError("redis-server has ended")
        return self

    def signal(self, number: int) -> None:
        """Send a signal to it: SIGSTOP lets it hang, SIGCONT go on."""
        assert self._process is not None
        self._process.send_signal(number)

    def flush(self) -> None:
        """Forget everything, as after a crash of a Redis that keeps nothing."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as way:
            way.sendall(b"FLUSHALL\r\n")
            assert way.recv(16).startswith(b"+OK")

    def kill(self) -> None:
        """It is gone with all it held; `start` begins a new one at the same port."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        """End it and take its folder away."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


class Sentinel:
    """A Sentinel that watches a Redis and tells where it is; `url` is what to configure."""

    def __init__(self, master: Redis, name: str = "mymaster") -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="orgo-sentinel-"))
        self.port = free_port()
        self.url = f"sentinel://127.0.0.1:{self.port}/0"
        (self.folder / "conf").write_text(
            f"port {self.port}\nbind 127.0.0.1\nlogfile log\nsentinel monitor {name} 127.0.0.1 {master.port} 1\n"
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> "Sentinel":
        """Start it; returns when it answers."""
        self._process = subprocess.Popen([command("redis-server"), "conf", "--sentinel"], cwd=self.folder)
        while not _answers(self.port):
            if self._process.poll() is not None:
                raise RuntimeError("the Sentinel has ended")
        return self

    def stop(self) -> None:
        """End it and take its folder away."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as way:
            way.sendall(b"PING\r\n")
            return way.recv(16).startswith(b"+PONG")
    except OSError:
        return False
