"""An import of an Outlook archive that is killed again and again ends as one that was not."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.checkout import ROOT

_IMPORT = """
import sys
from pathlib import Path
from orgo.conf import boot, load
boot.start(load(Path.cwd(), {}))
from orgo.ops.up import prepare_database
prepare_database()
from orgo.intake import importing
importing.BATCH = 1
count = importing.run([Path(sys.argv[1])], importing.Plan("history"), lambda _: None)
from orgo.intake.models import Mail
print(count.mails, count.bytes, count.unread, Mail.objects.count(), *sorted(Mail.objects.values_list("data_hash", flat=True)))
"""

pytestmark = pytest.mark.of_sqlite


def imported(home: Path, file: Path, crash: str = "") -> "subprocess.CompletedProcess[str]":
    home.mkdir(exist_ok=True)
    return subprocess.run(
        [sys.executable, "-c", _IMPORT, str(file)],
        cwd=home,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT / "src"),
            "ORGO_HOME": str(home),
            **({"ORGO_CRASH": crash} if crash else {}),
        },
        capture_output=True,
        text=True,
        timeout=100,
    )


@pytest.mark.parametrize("point", ["H1f.before_progress", "H1f.after_progress", "H1f.before_finish"])
def test_an_archive_that_is_killed_after_each_batch_comes_whole_and_once(
    corpus: Path, tmp_path: Path, point: str
) -> None:
    """bad input 86: SIGKILL."""
    file = corpus / "pst" / "tika" / "testPST_variousBodyTypes.pst"
    clean = imported(tmp_path / "clean", file).stdout
    assert clean.startswith(f"4 {file.stat().st_size} [] 4 ")
    for nth in {"H1f.before_progress": (1, 2, 3), "H1f.after_progress": (1, 2, 1)}.get(point, (1,)):
        assert imported(tmp_path / "killed", file, f"{point}:{nth}").returncode == -signal.SIGKILL

    assert imported(tmp_path / "killed", file).stdout == clean
