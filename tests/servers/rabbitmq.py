"""A RabbitMQ of the tests' own: own node name, ports, folders and cookie, no root's."""

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from tests.servers.ports import free_port

USER, PASSWORD = "guest", "guest"


class Rabbitmq:
    """A broker that lives until `stop`; `url` is what to configure."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="orgo-rabbitmq-"))
        self.port, dist, self.epmd = (free_port() for _ in range(3))
        self.url = f"amqp://{USER}:{PASSWORD}@127.0.0.1:{self.port}//"
        self._environment = {
            "PATH": f"{os.environ['PATH']}:/usr/lib/rabbitmq/bin:/usr/sbin",
            "HOME": str(self.folder),
            "ERL_EPMD_PORT": str(self.epmd),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            # Its mapper may be ended although it has not noticed yet that the broker is gone.
            "ERL_EPMD_RELAXED_COMMAND_CHECK": "1",
            "RABBITMQ_NODENAME": f"orgo{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(dist),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_CONFIG_FILE": str(self.folder / "rabbitmq"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "plugins"),
            "LC_ALL": "C.UTF-8",
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> "Rabbitmq":
        """Start it; returns when it takes connections."""
        (self.folder / "plugins").write_text("[].")
        (self.folder / "rabbitmq.conf").write_text("loopback_users.guest = true\nheartbeat = 30\n")
        if os.geteuid() == 0:
            subprocess.run(["chown", "-R", "rabbitmq:rabbitmq", str(self.folder)], check=True)
        with (self.folder / "said").open("wb") as said:
            self._process = subprocess.Popen(
                [_program("rabbitmq-server")], stdout=said, stderr=said, cwd=self.folder, env=self._environment, start_new_session=True, **_nobody()
            )  # fmt: skip
        while not self._answers():
            if self._process.poll() is not None:
                raise RuntimeError((self.folder / "said").read_text())
            if not self._wait(0.2):
                continue
        return self

    def alarm(self, *, on: bool) -> None:
        """Let it think that memory is short, as with a full disk it takes connections then and no message; or no longer."""
        self.control("set_vm_memory_high_watermark", "0.00001" if on else "0.9")

    def control(self, *words: str) -> None:
        """Run `rabbitmqctl` with these words."""
        command = [_program("rabbitmqctl"), *words]
        subprocess.run(
            command, env=self._environment, cwd=self.folder, check=True, capture_output=True, **_nobody()
        )

    def stop(self) -> None:
        """End it, its port mapper and its folder."""
        if self._process is not None:
            os.killpg(self._process.pid, 9)
            self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
        if self._process is not None:
            subprocess.run(["epmd", "-kill"], env=self._environment, capture_output=True, check=True)

    def _answers(self) -> bool:
        """Whether it speaks AMQP by now (its port is open a little earlier)."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as way:
                way.sendall(b"AMQP\x00\x00\x09\x01")
                return bool(way.recv(1))
        except OSError:
            return False

    def _wait(self, seconds: float) -> bool:
        assert self._process is not None
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True


def _program(name: str) -> str:
    """The program itself, past Debian's wrapper, which wants to be root."""
    own = Path("/usr/lib/rabbitmq/bin") / name
    return str(own) if own.exists() else shutil.which(name) or name


def _nobody() -> dict[str, Any]:
    return {"user": "rabbitmq", "group": "rabbitmq"} if os.geteuid() == 0 else {}
