"""One table of all measurements: `python -m bench [NAME ..] [--json]`; each module runs in a process of its own."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

Row = tuple[str, float, float, float]
NAMES = sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))
_MEASURE = "--measure"


def main(arguments: list[str]) -> int:
    """Measure the modules named (all where none is) and print the table; returns 1 where one failed, 2 for a wrong name."""
    if arguments[:1] == [_MEASURE]:
        print(json.dumps(importlib.import_module(f"bench.{arguments[1]}").run()))
        return 0
    names = [argument for argument in arguments if not argument.startswith("-")] or NAMES
    wrong = [name for name in names if name not in NAMES]
    if wrong:
        print(f"no measurement {wrong[0]!r}; there are: {', '.join(NAMES)}", file=sys.stderr)
        return 2
    measured = {name: measure(name) for name in names}
    rows = [row for found in measured.values() for row in found or []]
    print(json.dumps(rows) if "--json" in arguments else table(rows))
    return 0 if all(found is not None for found in measured.values()) else 1


def measure(name: str) -> list[Row] | None:
    """The rows of one module; None where it failed (its own words are on standard error)."""
    print(f"measuring {name} ...", file=sys.stderr, flush=True)
    answer = subprocess.run(
        [sys.executable, "-m", "bench", _MEASURE, name], stdout=subprocess.PIPE, text=True
    )
    if answer.returncode:
        return None
    return [
        (str(part), float(ours), float(floor), float(ratio))
        for part, ours, floor, ratio in json.loads(answer.stdout)
    ]


def table(rows: list[Row]) -> str:
    """The rows as text."""
    width = max((len(row[0]) for row in rows), default=4)
    head = f"{'part':{width}}  {'ours, µs':>10}  {'floor, µs':>10}  {'ratio':>6}"
    lines = [
        f"{part:{width}}  {ours:10.1f}  {floor:10.1f}  {ratio:6.2f}" for part, ours, floor, ratio in rows
    ]
    return "\n".join([head, *lines])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
