"""A PgBouncer of the tests' own before a PostgreSQL: it pools by transaction, on so few connections that they change hands."""

import socket
import subprocess
import tempfile
import time
from pathlib import Path

from tests.servers.ports import free_port
from tests.servers.programs import nobody

_CONFIG = """\
[databases]
* = host=127.0.0.1 port={server}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {folder}/users
pool_mode = transaction
default_pool_size = 2
ignore_startup_parameters = options,extra_float_digits
"""


class PgBouncer:
    """A pooler that lives until `stop`; `through(url)` is a server's address by way of it."""

    def __init__(self, server: int, users: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="orgo-pgbouncer-"))
        self.port = free_port()
        (self.folder / "users").write_text(users)
        (self.folder / "config").write_text(_CONFIG.format(server=server, port=self.port, folder=self.folder))
        self.folder.chmod(0o755)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> "PgBouncer":
        """Start it; returns when it takes connections."""
        words = ["/usr/sbin/pgbouncer", "-q", str(self.folder / "config")]
        self._process = subprocess.Popen(words, cwd=self.folder, **nobody())
        while not self._answers():
            if self._process.poll() is not None:
                raise RuntimeError("pgbouncer has ended")
            time.sleep(0.05)
        return self

    def through(self, url: str, server: int) -> str:
        """The address of a database on the server with this port, by way of the pooler."""
        return url.replace(f":{server}/", f":{self.port}/")

    def stop(self) -> None:
        """Stop it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True
