"""Whether files may be made in a folder is said before one is tried."""

import os
import subprocess
import sys
from pathlib import Path

from tests.house.checkout import ROOT, clean_environment

# Root may write everywhere, unless this is taken from it.
OBEYING = ["setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override"] if os.geteuid() == 0 else []
ASK = "import sys; from pathlib import Path; from orgo.lib.files import may_write; print(*(may_write(Path(one)) for one in sys.argv[1:]))"


def test_a_folder_that_is_read_only_and_what_is_to_be_made_in_it(tmp_path: Path) -> None:
    for name, mode in (("open", 0o755), ("closed", 0o555)):
        (tmp_path / name).mkdir(mode=mode)
    asked = ["open", "open/not/there", "closed", "closed/not/there"]

    done = subprocess.run(
        [*OBEYING, sys.executable, "-c", ASK, *asked],
        cwd=tmp_path, env=clean_environment(PYTHONPATH=str(ROOT / "src")), capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert done.stdout.split() == ["True", "True", "False", "False"]
