"""What an import takes of memory: the same for one archive and for many, and little for the largest mail that may be."""

import base64
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.grown import grown
from tests.house.checkout import ROOT

MAY_HOLD = 300_000  # kB, of both processes
COPIES = 40
_IMPORT = """
import sys
from pathlib import Path
def most(pid):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM")), 0)
def children():
    return [pid for file in Path("/proc/self/task").glob("*/children") for pid in file.read_text().split()]
from orgo.conf import boot, load
boot.start(load(Path.cwd(), {}))
from orgo.ops.up import prepare_database
prepare_database()
from orgo.intake import importing
peak = [0]
def look(_count): peak[0] = max([peak[0], *map(most, children())])
count = importing.run([Path(name) for name in sys.argv[1:]], importing.Plan("history"), look)
print(count.mails, most("self"), peak[0])
"""

pytestmark = [
    pytest.mark.of_sqlite,
    pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells a process's peak"),
]


def imported(home: Path, *paths: Path) -> tuple[int, int, int]:
    """How many mails there were, and the peaks of both processes in kB."""
    said = subprocess.run(
        [sys.executable, "-c", _IMPORT, *map(str, paths)],
        cwd=home,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "ORGO_HOME": str(home)},
        capture_output=True,
        text=True,
        check=True,
        timeout=200,
    ).stdout
    mails, own, reader = map(int, said.split())
    return mails, own, reader


def test_many_archives_take_no_more_memory_than_may_be(corpus: Path, tmp_path: Path) -> None:
    """Size is tried by the same archive under many names."""
    (tmp_path / "in").mkdir()
    for number in range(COPIES):
        shutil.copy(
            corpus / "pst" / "tika" / "testPST_variousBodyTypes.pst", tmp_path / "in" / f"{number}.pst"
        )
    mails, own, reader = imported(tmp_path, tmp_path / "in")

    assert mails == 4 * COPIES and reader > 0
    assert own + reader < MAY_HOLD


def test_the_largest_mail_of_an_archive_is_never_there_more_than_twice_in_its_reader(
    corpus: Path, tmp_path: Path
) -> None:
    """An attachment of 36 MB: itself, and once more in base64."""
    file = tmp_path / "large.pst"
    file.write_bytes(grown((corpus / "pst/pstsdk/sample1.pst").read_bytes(), 93_142, 36_000_000))
    mails, own, reader = imported(tmp_path, file)

    assert mails == 1 and own < MAY_HOLD and reader < 130_000


def test_the_largest_mail_that_is_taken_fits(tmp_path: Path) -> None:
    head = b"From: a@b.example\nSubject: large\n\n"
    data = base64.encodebytes(os.urandom(36_000_000))[:49_000_000]
    (tmp_path / "a.eml").write_bytes(head + data)
    (tmp_path / "b.mbox").write_bytes(b"From a@b Mon Sep  7 10:00:00 2026\n" + head + data)
    mails, own, reader = imported(tmp_path, tmp_path / "a.eml", tmp_path / "b.mbox")

    assert mails == 2 and own + reader < MAY_HOLD
