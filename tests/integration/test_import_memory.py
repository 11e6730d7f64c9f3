"""What an import takes of memory: the same for one archive and for many, and little for the largest mail that may be."""

import base64
import contextlib
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.grown import grown
from tests.house.checkout import ROOT

MAY_HOLD = 300_000  # kB, of both processes at once
COPIES = 40
_IMPORT = """
import sys
import threading
from pathlib import Path
from orgo.conf import boot, load
boot.start(load(Path.cwd(), {}))
from orgo.ops.up import prepare_database
prepare_database()
from orgo.intake import importing
print(importing.run([Path(name) for name in sys.argv[1:]], importing.Plan("history"), lambda count: None).mails)
"""

pytestmark = [
    pytest.mark.of_sqlite,
    pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells a process's peak"),
]


def imported(home: Path, *paths: Path) -> tuple[int, int, int]:
    """How many mails there were, what the import and its reader held at once at the most, and the reader alone, in kB."""
    with subprocess.Popen(
        [sys.executable, "-c", _IMPORT, *map(str, paths)],
        cwd=home,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "ORGO_HOME": str(home)},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        both, reader = 0, 0
        while process.poll() is None:
            now = held(process.pid), sum(map(held, children(process.pid)))
            both, reader = max(both, sum(now)), max(reader, now[1])
            threading.Event().wait(0.003)
        assert process.stdout is not None and process.returncode == 0
        return int(process.stdout.read()), both, reader


def held(process: int) -> int:
    """What a process has in memory now; nothing where it is over."""
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1000
    return 0


def children(process: int) -> list[int]:
    found: list[int] = []
    for file in Path(f"/proc/{process}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += map(int, file.read_text().split())
    return found


def test_many_archives_take_no_more_memory_than_may_be(corpus: Path, tmp_path: Path) -> None:
    """Size is tried by the same archive under many names."""
    (tmp_path / "in").mkdir()
    for number in range(COPIES):
        shutil.copy(
            corpus / "pst" / "tika" / "testPST_variousBodyTypes.pst", tmp_path / "in" / f"{number}.pst"
        )
    mails, both, reader = imported(tmp_path, tmp_path / "in")

    assert mails == 4 * COPIES and reader > 0
    assert both < MAY_HOLD


def test_the_largest_mail_of_an_archive_is_never_there_more_than_twice_in_its_reader(
    corpus: Path, tmp_path: Path
) -> None:
    """An attachment of 36 MB: itself, and once more in base64."""
    file = tmp_path / "large.pst"
    file.write_bytes(grown((corpus / "pst/pstsdk/sample1.pst").read_bytes(), 93_142, 36_000_000))
    mails, both, reader = imported(tmp_path, file)

    assert mails == 1 and both < MAY_HOLD and reader < 130_000


def test_the_largest_mail_that_is_taken_fits(tmp_path: Path) -> None:
    head = b"From: a@b.example\nSubject: large\n\n"
    data = base64.encodebytes(os.urandom(36_000_000))[:49_000_000]
    (tmp_path / "a.eml").write_bytes(head + data)
    (tmp_path / "b.mbox").write_bytes(b"From a@b Mon Sep  7 10:00:00 2026\n" + head + data)
    mails, both, _ = imported(tmp_path, tmp_path / "a.eml", tmp_path / "b.mbox")

    assert mails == 2 and both < MAY_HOLD
