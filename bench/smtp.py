"""Mail that comes by SMTP, one commit each, beside a bare aiosmtpd that commits one row of the same bytes for each mail.

Eight clients, each with one connection, run in a process of their own on the same cores as the listener.
"""

import asyncio
import os
import smtplib
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from bench import Row, on_both_databases

MAILS, CLIENTS = 1600, 8
LEAST_RATE = 300  # mails/s
_ROOT = Path(__file__).resolve().parents[1]


def run() -> list[Row]:
    """What a mail costs, in µs by the clock."""
    return on_both_databases("bench.smtp", "SMTP in, one commit each", 1e6 / LEAST_RATE)


def measure() -> tuple[float, float]:
    """Ours and the floor, in µs a mail."""
    from bench import store

    with tempfile.TemporaryDirectory(prefix="orgo-bench-") as folder:
        store.furnish(Path(folder), os.environ)
        return _ours(), _floor(Path(folder))


def _ours() -> float:
    from orgo.intake.models import Mail
    from orgo.intake.smtp import Listener, SmtpSettings

    listener = Listener(SmtpSettings("127.0.0.1", 0), lambda: None)
    took = _per_mail(listener.start())
    listener.stop()
    assert Mail.objects.count() == MAILS
    return took


def _floor(folder: Path) -> float:
    from orgo.intake.controller import Listening

    with ThreadPoolExecutor(4) as threads:
        listening = Listening(_Bare(_keeper(folder), threads), "127.0.0.1", 0, data_size_limit=50_000_000)
        took = _per_mail(listening.listen())
        listening.stop()
    return took


class _Bare:
    """A handler that keeps the bytes, and nothing else."""

    def __init__(self, keep: Callable[[bytes], None], threads: ThreadPoolExecutor) -> None:
        self._keep, self._threads = keep, threads

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._threads, self._keep, envelope.original_content)
        return "250 OK"


def _keeper(folder: Path) -> Callable[[bytes], None]:
    """What commits one row on the database that is measured, with the same care for the disk."""
    server = os.environ.get("ORGO_DATABASE")
    return _on_postgresql(server) if server else _on_sqlite(folder / "floor.db")


def _on_postgresql(server: str) -> Callable[[bytes], None]:
    from psycopg_pool import ConnectionPool

    pool = ConnectionPool(server, min_size=4, open=True)
    with pool.connection() as connection:
        connection.execute("CREATE TABLE orgo.floor (id bigserial PRIMARY KEY, data bytea)")

    def keep(data: bytes) -> None:
        with pool.connection() as connection:
            connection.execute("INSERT INTO orgo.floor (data) VALUES (%s)", (data,))

    return keep


def _on_sqlite(file: Path) -> Callable[[bytes], None]:
    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(file, timeout=30, isolation_level=None)
        connection.execute("PRAGMA journal_mode=wal")
        connection.execute("PRAGMA synchronous=full")
        return connection

    connect().execute("CREATE TABLE floor (id integer PRIMARY KEY, data blob)")

    def keep(data: bytes) -> None:
        connection = connect()
        connection.execute("INSERT INTO floor (data) VALUES (?)", (data,))
        connection.close()

    return keep


def _per_mail(port: int) -> float:
    command = [sys.executable, "-m", "bench.smtp", str(port)]
    path = os.pathsep.join([str(_ROOT / "src"), str(_ROOT)])
    clients = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": path}, check=True, stdout=subprocess.PIPE, text=True
    )
    return float(clients.stdout)


def _send_all(port: int) -> float:
    """From the first client's beginning to the last one's end, in µs a mail."""
    from bench.parse import mails

    raws = mails() * (MAILS // 100)
    began = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(partial(_send, port, raws), range(CLIENTS)))
    return (time.perf_counter() - began) / MAILS * 1e6


def _send(port: int, raws: list[bytes], client: int) -> None:
    with smtplib.SMTP("127.0.0.1", port) as smtp:
        for number in range(client, MAILS, CLIENTS):
            raw = raws[number].replace(b"<", b"<%d." % number, 3)
            smtp.sendmail("c@x.example", ["info@city.example"], raw)


if __name__ == "__main__":
    print(_send_all(int(sys.argv[1])))
