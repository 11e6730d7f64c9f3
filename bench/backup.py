"""A backup beside `zstd -3 | openssl enc -aes-256-ctr` of the same database's bytes, and the drill of it.

ORGO_BENCH_MB says how large the database is.
"""

import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import zstandard

from bench import Row

ROOT = Path(__file__).resolve().parents[1]
MEGABYTES = int(os.environ.get("ORGO_BENCH_MB", "200"))
BATCH = 500
KEY = "0123456789abcdef" * 4
WORDS = [
    f"{a}{b}"
    for a in ("water", "room", "door", "light", "roof", "heat", "street", "lift")
    for b in range(400)
]


def run() -> list[Row]:
    """What a MB costs, in µs; a backup is made at no less than half the rate of the floor."""
    if not shutil.which("zstd") or not shutil.which("openssl"):
        return []
    with tempfile.TemporaryDirectory(prefix="orgo-bench-") as folder:
        home = Path(folder)
        database = _furnish(home)
        size = database.stat().st_size / 1e6
        took = min(_timed(["create"], home) for _ in range(2)) / size * 1e6
        floor = min(_piped(database, home / "floor") for _ in range(2)) / size * 1e6
        drilled = _timed(["drill"], home) / size * 1e6
    return [
        Row(f"backup create, {size:.0f} MB, a MB of it", took, floor, most_ratio=2.0),
        Row(f"backup drill, {size:.0f} MB, a MB of it", drilled, floor),
    ]


def _furnish(home: Path) -> Path:
    """A database of mails: half of the bytes are compressed already, half are text and rows."""
    from orgo.conf import boot, load

    (home / "store").mkdir()
    (home / "key").write_text(KEY)
    (home / "config.yaml").write_text(f"backup: {{key: 'file:key', to: {home / 'store'}}}\n")
    boot.start(load(home, {}))
    from orgo.ops.up import prepare_database

    prepare_database()
    database = home / "var" / "orgo.db"
    with sqlite3.connect(database) as connection:
        connection.execute("PRAGMA wal_autocheckpoint=0")
        for number, (mail, raw) in enumerate(_rows()):
            connection.execute(_MAIL, mail)
            connection.execute("INSERT INTO intake_raw (mail_id, data) VALUES (?, ?)", raw)
            if number % BATCH == 0:
                connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return database


_MAIL = (
    "INSERT INTO intake_mail (id, source, mailbox, data_hash, envelope_from, envelope_to, peer, received_at, size, mode, outcome,"
    " reason, attempts, content_key, message_id, from_address, from_name, trust, subject, text, has_html, attachments, warnings)"
    " VALUES (?, 'smtp', '', ?, ?, '[]', '', '2026-09-07 08:00:00', 9000, 'work', 'opened', '', 1, '', ?, ?, '', '', ?, ?, 0, '[]', '[]')"
)


def _rows() -> Iterator[tuple[tuple[object, ...], tuple[int, bytes]]]:
    chance, written, number = random.Random(5), 0, 0
    packer = zstandard.ZstdCompressor(level=3)
    while written < MEGABYTES * 1_000_000:
        number += 1
        text = " ".join(chance.choices(WORDS, k=700))
        raw = packer.compress((text + " ".join(chance.choices(WORDS, k=2500))).encode())
        sender, digest = f"clara{number}@people.example", chance.randbytes(32).hex()
        yield (number, digest, sender, f"<{digest}@x>", sender, f"Water leak {number}", text), (number, raw)
        written += len(text) + len(raw) + 500


def _piped(database: Path, target: Path) -> float:
    command = f"zstd -3 -c '{database}' | openssl enc -aes-256-ctr -K {KEY} -iv {KEY[:32]} > '{target}' && sync '{target}'"
    began = time.perf_counter()
    subprocess.run(["sh", "-c", command], check=True, capture_output=True)
    return time.perf_counter() - began


def _timed(words: list[str], home: Path) -> float:
    """The command as it is called, with Python's start."""
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, str(ROOT / "orgo"), "backup", *words],
        env={**os.environ, "ORGO_HOME": str(home)},
        check=True,
        capture_output=True,
    )
    return time.perf_counter() - began
