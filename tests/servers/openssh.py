"""A real OpenSSH server of the tests' own: SFTP on a free port of loopback, a key of its own, the tests' user."""

import getpass
import shutil
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from tests.servers.ports import free_port

_CONFIG = """
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host
AuthorizedKeysFile {folder}/user.pub
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin prohibit-password
Subsystem sftp internal-sftp
"""


class Openssh:
    """A server that lives until `stop`; `identity` signs in, `host_key` is its own."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="orgo-openssh-"))
        self.port, self.user = free_port(), getpass.getuser()
        for name in ("host", "user"):
            order = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.folder / name)]
            subprocess.run(order, check=True)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def host_key(self) -> str:
        return (self.folder / "host.pub").read_text().strip()

    @property
    def identity(self) -> Path:
        return self.folder / "user"

    def url(self, folder: Path) -> str:
        return f"sftp://{self.user}@127.0.0.1:{self.port}{folder}"

    def start(self) -> "Openssh":
        """Start it; returns when it listens."""
        file = self.folder / "config"
        file.write_text(_CONFIG.format(port=self.port, folder=self.folder))
        with suppress(PermissionError):  # as its unit does: root's drops its rights there
            Path("/run/sshd").mkdir(exist_ok=True)
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen([str(program()), "-D", "-e", "-f", str(file)], stderr=log)
        end = time.monotonic() + 20
        while "listening" not in (self.folder / "log").read_text():
            if self._process.poll() is not None or time.monotonic() > end:
                raise RuntimeError((self.folder / "log").read_text())
            time.sleep(0.02)
        return self

    def stop(self) -> None:
        """Stop it and take its folder away."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def program() -> str | None:
    """The server, where it is installed (it wants its whole path)."""
    return shutil.which("sshd", path="/usr/sbin:/usr/bin:/usr/local/sbin")
