"""The mail reader against other systems' expectations: `make corpus` prints both tables, ours beside Python's own parser.

The corpus stands beside the checkout (../shared/corpus) or where ORGO_CORPUS says; it is no part of this repository.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CORPUS = Path(os.environ.get("ORGO_CORPUS") or ROOT.parent / "shared" / "corpus")


def main(arguments: list[str]) -> int:
    """Run the corpus' own script on our reader; returns its exit code, 2 where there is no corpus."""
    script = CORPUS / "expectations.py"
    if not script.is_file():
        print(f"no corpus at {CORPUS}: put one there, or name its folder in ORGO_CORPUS", file=sys.stderr)
        return 2
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    command = [sys.executable, str(script), str(CORPUS), "--impl", "tests.corpus.ours", *arguments]
    code = subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": path}).returncode
    baseline = CORPUS / "BASELINE.txt"
    if baseline.is_file():
        print(f"\nPython's own parser:\n{baseline.read_text('utf-8')}")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
