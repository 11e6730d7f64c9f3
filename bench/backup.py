"""A backup beside `zstd -3 | openssl enc -aes-256-ctr` of the same database's bytes, and the drill of it.

By the clock and by the processors' time, which neighbours on the machine take little of. ORGO_BENCH_MB says how large the
database is; it takes the disk four times.
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
from typing import NamedTuple

import zstandard

from bench import Row

ROOT = Path(__file__).resolve().parents[1]
MEGABYTES = int(os.environ.get("ORGO_BENCH_MB", "1000"))
DISTINCT = 50  # MB of rows are made up, and then repeated: far behind zstd's window
DRILL_OF_100_MB = 60  # s at most
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
        ours = [_timed(["create"], home) for _ in range(2)]
        floors = [_piped(database, home / "floor") for _ in range(2)]
        drilled = _timed(["drill"], home)
    name = f"{size:.0f} MB, a MB of it"
    took, floor = (Took(*map(min, zip(*runs, strict=True))) for runs in (ours, floors))
    per = 1e6 / size
    return [
        Row(f"backup create, {name}", took.clock * per, floor.clock * per, most_ratio=2.0),
        Row(
            f"backup create, processors, {name}",
            took.processors * per,
            floor.processors * per,
            most_ratio=2.0,
        ),
        Row(
            f"backup drill, {name}", drilled.clock * per, floor.clock * per, most=DRILL_OF_100_MB / 100 * 1e6
        ),
    ]


class Took(NamedTuple):
    """Seconds of a command and its children."""

    clock: float
    processors: float


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
        _repeat(connection)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return database


def _repeat(connection: sqlite3.Connection) -> None:
    """The same rows again under other numbers, until there are as many bytes as asked for."""
    names = [row[1] for row in connection.execute("PRAGMA table_info(intake_mail)")]
    rest = ", ".join(f'"{name}"' for name in names if name != "id")
    (last,) = connection.execute("SELECT max(id) FROM intake_mail").fetchone()
    for turn in range(1, round(MEGABYTES / DISTINCT)):
        on = turn * last
        connection.execute(
            f"INSERT INTO intake_mail (id, {rest}) SELECT id + {on}, {rest} FROM intake_mail WHERE id <= {last}"
        )
        connection.execute(
            f"INSERT INTO intake_raw (mail_id, data) SELECT mail_id + {on}, data FROM intake_raw WHERE mail_id <= {last}"
        )
        connection.commit()


_MAIL = (
    "INSERT INTO intake_mail (id, source, mailbox, data_hash, envelope_from, envelope_to, peer, received_at, size, mode, outcome,"
    " reason, attempts, content_key, message_id, from_address, from_name, trust, subject, text, has_html, attachments, warnings)"
    " VALUES (?, 'smtp', '', ?, ?, '[]', '', '2026-09-07 08:00:00', 9000, 'work', 'opened', '', 1, '', ?, ?, '', '', ?, ?, 0, '[]', '[]')"
)


def _rows() -> Iterator[tuple[tuple[object, ...], tuple[int, bytes]]]:
    chance, written, number = random.Random(5), 0, 0
    packer = zstandard.ZstdCompressor(level=3)
    while written < min(MEGABYTES, DISTINCT) * 1_000_000:
        number += 1
        text = " ".join(chance.choices(WORDS, k=700))
        raw = packer.compress((text + " ".join(chance.choices(WORDS, k=2500))).encode())
        sender, digest = f"clara{number}@people.example", chance.randbytes(32).hex()
        yield (number, digest, sender, f"<{digest}@x>", sender, f"Water leak {number}", text), (number, raw)
        written += len(text) + len(raw) + 500


def _piped(database: Path, target: Path) -> Took:
    command = f"zstd -3 -c '{database}' | openssl enc -aes-256-ctr -K {KEY} -iv {KEY[:32]} > '{target}' && sync '{target}'"
    return _run(["sh", "-c", command], dict(os.environ))


def _timed(words: list[str], home: Path) -> Took:
    """The command as it is called, with Python's start."""
    command = [sys.executable, str(ROOT / "orgo"), "backup", *words]
    return _run(command, {**os.environ, "ORGO_HOME": str(home)})


def _run(command: list[str], environ: dict[str, str]) -> Took:
    before, began = os.times(), time.perf_counter()
    subprocess.run(command, env=environ, check=True, capture_output=True)
    after, took = os.times(), time.perf_counter() - began
    spent = after.children_user - before.children_user + after.children_system - before.children_system
    return Took(took, spent)
