"""A real S3 store of the tests' own: SeaweedFS from its Python package, a folder and ports of its own, no root."""

import contextlib
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ACCESS, SECRET = "orgo-tests", "a-secret-of-the-tests"
_RIGHTS = {
    "identities": [
        {
            "name": "tests",
            "credentials": [{"accessKey": ACCESS, "secretKey": SECRET}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        }
    ]
}
_PATIENCE = 60.0


def program() -> str | None:
    """The program, where its package is installed."""
    beside = Path(sys.executable).with_name("weed")
    return str(beside) if beside.exists() else shutil.which("weed")


class Seaweedfs:
    """A store that lives until `stop`; `client` is boto3's for it."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="orgo-seaweedfs-"))
        (self.folder / "data").mkdir()
        (self.folder / "rights.json").write_text(json.dumps(_RIGHTS))
        self.port, *self._others = _free_ports(9)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> "Seaweedfs":
        """Start it; returns when it answers."""
        master, master_grpc, volume, volume_grpc, filer, filer_grpc, s3_grpc, _ = self._others
        words = {
            "dir": self.folder / "data",
            "ip": "127.0.0.1",
            "ip.bind": "127.0.0.1",
            "master.port": master,
            "master.port.grpc": master_grpc,
            "master.volumeSizeLimitMB": 64,
            "master.volumePreallocate": "false",
            "volume.port": volume,
            "volume.port.grpc": volume_grpc,
            "volume.max": 1000,  # a bucket takes several, and a session has many buckets
            "filer": "true",
            "filer.port": filer,
            "filer.port.grpc": filer_grpc,
            "s3": "true",
            "s3.port": self.port,
            "s3.port.grpc": s3_grpc,
            "s3.port.iceberg": 0,
            "s3.port.lance": 0,
            "s3.config": self.folder / "rights.json",
        }
        command = [str(program()), "server", *(f"-{name}={value}" for name, value in words.items())]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder)
        self._until_it_answers()
        return self

    def _until_it_answers(self) -> None:
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            assert self._process is not None
            if self._process.poll() is not None:
                break
            with contextlib.suppress(Exception):
                self.client().put_object(Bucket=self.bucket("probe"), Key="x", Body=b"x")
                return
            time.sleep(0.2)
        raise RuntimeError((self.folder / "log").read_text()[-3000:])

    def client(self) -> Any:
        """boto3's client for it."""
        import boto3
        from botocore.config import Config

        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=ACCESS,
            aws_secret_access_key=SECRET,
            config=Config(retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=20),
        )

    def bucket(self, name: str, **more: Any) -> str:
        """A bucket of this name; made where there is none."""
        client = self.client()
        if name not in {found["Name"] for found in client.list_buckets()["Buckets"]}:
            client.create_bucket(Bucket=name, **more)
        return name

    def stop(self) -> None:
        """Stop it and take its folder away."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
