"""A database filled by a former commit, for tests/upgrade: `python tools/former_database.py COMMIT`.

The commit's own code plays its demo's week in a temporary folder, with the packages of this environment; the bytes of large
mails are left out. Run it when a release is made, and commit what it writes.
"""

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import zstandard

ROOT = Path(__file__).resolve().parents[1]
TABLES = ("intake_mail", "task_task", "audit_event", "outbox_letter", "people_user", "people_team")
_LARGE = 2_500
# The week is played in a folder that the code under play would remove.
_PLAY = """
import sys, tempfile
class Kept:
    def __init__(self, *_, **__): pass
    def __enter__(self): return tempfile.mkdtemp(dir=sys.argv[1])
    def __exit__(self, *_): pass
    def cleanup(self): pass
tempfile.TemporaryDirectory = Kept
from orgo.demo.check import check
check()
"""


def main(commit: str) -> None:
    """Write tests/upgrade/former-COMMIT.db.zst and the counts beside it."""
    with tempfile.TemporaryDirectory() as folder:
        database = played(commit, Path(folder))
        counts = counted(database)
        data = database.read_bytes()
    place = ROOT / "tests" / "upgrade" / f"former-{commit}"
    place.with_suffix(".db.zst").write_bytes(zstandard.ZstdCompressor(level=22).compress(data))
    place.with_suffix(".json").write_text(json.dumps(counts, indent=2) + "\n")


def played(commit: str, folder: Path) -> Path:
    """Play the demo's week by the commit's code; returns the database."""
    archive = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=True).stdout
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive, check=True)
    (folder / "play").mkdir()
    environment = {**os.environ, "PYTHONPATH": str(folder / "src"), "TMPDIR": str(folder / "play")}
    subprocess.run(
        [sys.executable, "-c", _PLAY, str(folder / "play")], cwd=folder, env=environment, check=True
    )
    return max((folder / "play").rglob("*.db"), key=lambda path: path.stat().st_size)


def counted(database: Path) -> dict[str, int]:
    """Take the large mails' bytes out of the file; returns how many rows the tables have."""
    with sqlite3.connect(database, isolation_level=None) as connection:
        connection.execute("DELETE FROM intake_raw WHERE length(data) > ?", [_LARGE])
        connection.execute("UPDATE outbox_document SET data = x'' WHERE length(data) > ?", [_LARGE])
        connection.execute("PRAGMA journal_mode=DELETE")
        connection.execute("VACUUM")
        return {table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in TABLES}


if __name__ == "__main__":
    main(sys.argv[1])
