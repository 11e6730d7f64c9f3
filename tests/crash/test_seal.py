"""A sealer that dies leaves a whole trail: its block is there or it is not, and the next one goes on without a gap."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

POINTS = ["H12.before_commit"]
ROOT = Path(__file__).resolve().parents[2]
CODE = """
import sys
from pathlib import Path
from orgo.conf import boot, load
config = boot.start(load(Path(sys.argv[1])))
from orgo.ops.up import prepare_database
prepare_database()
from orgo.audit.keys import signing_key
from orgo.audit.models import record
from orgo.audit.seal import seal
from orgo.audit.verify import verify
for number in range(5):
    record("person.signed_in", actor=f"a{number}@x.example")
while seal(signing_key(config.var), config.var, limit=2):
    pass
found = verify(config.var)
print(found.events, found.unsealed, found.wrong)
"""


@pytest.mark.parametrize("nth", [1, 3])
@pytest.mark.parametrize("point", POINTS)
def test_a_killed_sealer_leaves_no_gap(tmp_path: Path, point: str, nth: int) -> None:
    assert _run(tmp_path, f"{point}:{nth}")[0] == -9

    code, said = _run(tmp_path, "")
    assert code == 0 and said.split() == ["10", "0", "None"]


def _run(home: Path, crash: str) -> tuple[int, str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "ORGO_CRASH": crash}
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(home)],
        env=environment,
        cwd=home,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.returncode, done.stdout + done.stderr
