"""One table of all measurements: `python -m bench [NAME ..] [--json]`.

Each module is run several times (as often as its own TURNS where it has such), each time in a process of its own, and the best of each side counts (of a longest wait the
worst): ours and the floor take turns so, and are measured beside the same neighbours.
"""

import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench import Row, best

TURNS = 3
# growth takes minutes, and prints a table of its own.
NAMES = sorted({path.stem for path in Path(__file__).parent.glob("[a-z]*.py")} - {"growth"})
LONG = {"load", "rings"}  # minutes, and measured where they are named
_MEASURE = "--measure"


def main(arguments: list[str]) -> int:
    """Measure the modules named (all but the long ones where none is) and print the table.

    Returns 1 where a module failed or a part falls short of what was promised of it, 2 for a wrong name.
    """
    if arguments[:1] == [_MEASURE]:
        print(json.dumps(importlib.import_module(f"bench.{arguments[1]}").run()))
        return 0
    names = [argument for argument in arguments if not argument.startswith("-")]
    names = names or [name for name in NAMES if name not in LONG]
    wrong = [name for name in names if name not in NAMES]
    if wrong:
        print(f"no measurement {wrong[0]!r}; there are: {', '.join(NAMES)}", file=sys.stderr)
        return 2
    measured = {name: measure(name) for name in names}
    rows = [row for found in measured.values() for row in found or []]
    print(json.dumps([as_json(row) for row in rows]) if "--json" in arguments else table(rows))
    failed = [name for name, found in measured.items() if found is None]
    return 1 if failed or any(row.verdict == "SHORT" for row in rows) else 0


def measure(name: str) -> list[Row] | None:
    """The rows of one module, the best of its turns; None where it failed (its own words are on standard error)."""
    turns, most = [], getattr(importlib.import_module(f"bench.{name}"), "TURNS", TURNS)
    for turn in range(1, most + 1):
        print(f"measuring {name}, {turn} of {most} ...", file=sys.stderr, flush=True)
        answer = subprocess.run(
            [sys.executable, "-m", "bench", _MEASURE, name], stdout=subprocess.PIPE, text=True
        )
        if answer.returncode:
            return None
        turns.append([Row(*row) for row in json.loads(answer.stdout)])
    return best(turns)


def as_json(row: Row) -> dict[str, Any]:
    """The row by the names of its columns."""
    return {**row._asdict(), "ratio": row.ratio, "verdict": row.verdict or None}


def table(rows: list[Row]) -> str:
    """The rows as text."""
    width = max((len(row.part) for row in rows), default=4)
    head = f"{'part':{width}}  {'ours, µs':>10}  {'floor, µs':>10}  {'ratio':>6}  {'at most':>14}"
    return "\n".join([head, *(_line(row, width) for row in rows)])


def _line(row: Row, width: int) -> str:
    floor = "" if row.floor is None else f"{row.floor:.1f}"
    ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
    bounds = [f"{row.most:,.0f}"] if row.most is not None else []
    bounds += [f"x{row.most_ratio:.2f}"] if row.most_ratio is not None else []
    line = f"{row.part:{width}}  {row.ours:10.1f}  {floor:>10}  {ratio:>6}  {', '.join(bounds):>14}"
    return f"{line}  {row.verdict}".rstrip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
