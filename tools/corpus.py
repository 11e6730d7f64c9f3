"""The mail reader against other systems' expectations: `make corpus` prints each count, and what Python's own parser has.

The corpus stands beside the checkout (../shared/corpus) or where ORGO_CORPUS says; it is no part of this repository.
Its script counts; its BASELINE.txt has the same lines for Python's own parser, which ours must reach on every one.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CORPUS = Path(os.environ.get("ORGO_CORPUS") or ROOT.parent / "shared" / "corpus")
Counts = dict[tuple[str, str], tuple[int, int]]
_COUNT = re.compile(r"(\S.*?) (\d+)/(\d+)(?=  |$)")


def main(arguments: list[str]) -> int:
    """Print the table; returns 1 where ours is below Python's own parser, 2 where there is no corpus."""
    script = CORPUS / "expectations.py"
    if not script.is_file():
        print(f"no corpus at {CORPUS}: put one there, or name its folder in ORGO_CORPUS", file=sys.stderr)
        return 2
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    command = [sys.executable, str(script), str(CORPUS), "--impl", "tests.corpus.impl", *arguments]
    answer = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": path}, stdout=subprocess.PIPE, text=True
    )
    if answer.returncode:
        return answer.returncode
    ours, floor = counts(answer.stdout), counts((CORPUS / "BASELINE.txt").read_text("utf-8"))
    for (source, what), (met, of) in ours.items():
        print(f"{source:36}  {what:26} {met:5} of {of:<5} {_beside(met, floor.get((source, what)))}")
    met, of = (sum(pair[side] for pair in ours.values()) for side in (0, 1))
    print(
        f"\n{met} of {of} expectations are met; Python's own parser meets {sum(met for met, _ in floor.values())}"
    )
    below = [place for place, (met, _) in ours.items() if place in floor and met < floor[place][0]]
    return 1 if below else 0


def counts(text: str) -> Counts:
    """The script's lines ("source  what 3/3  what 5/9") as (met, of) by source and what."""
    found: Counts = {}
    for line in text.splitlines():
        source, _, rest = line.partition("  ")
        for what, met, of in _COUNT.findall(rest.strip()):
            found[source.strip(), what.strip()] = int(met), int(of)
    return found


def _beside(met: int, floor: tuple[int, int] | None) -> str:
    if floor is None:
        return ""
    return f"(Python's: {floor[0]}){'   BELOW' if met < floor[0] else ''}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
