"""What is measured: each part beside its floor in one run, and beside what it may cost where that was promised."""

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

_ROOT = Path(__file__).resolve().parents[1]


class Row(NamedTuple):
    """What one part costs, in µs unless the part's name says otherwise; the bounds are what was promised of it."""

    part: str
    ours: float
    floor: float | None = None
    most: float | None = None
    most_ratio: float | None = None
    # A longest wait, or what nearly all stay under: of several turns the longest is its figure.
    worst: bool = False

    @property
    def ratio(self) -> float | None:
        """Ours beside the floor; None where there is no floor."""
        return self.ours / self.floor if self.floor else None

    @property
    def verdict(self) -> str:
        """`ok` or `SHORT` of what was promised; "" where nothing was."""
        bounds = [(self.ours, self.most), (self.ratio, self.most_ratio)]
        held = [value is not None and value <= bound for value, bound in bounds if bound is not None]
        return ("ok" if all(held) else "SHORT") if held else ""


def best(turns: Iterable[list[Row]]) -> list[Row]:
    """The best of ours and of the floor over several turns: what a busy neighbour takes is nobody's.

    Of a row that says `worst` the largest of ours counts: the best of three longest waits is no longest wait.

    Args:
        turns: the rows of each turn, the same parts in the same order. In each both sides have been measured.
    """
    return [
        turn[0]._replace(
            ours=(max if turn[0].worst else min)(row.ours for row in turn),
            floor=min((row.floor for row in turn if row.floor is not None), default=None),
        )
        for turn in zip(*turns, strict=True)
    ]


def on_both_databases(module: str, part: str, most: float) -> list[Row]:
    """The rows of a part on SQLite and on PostgreSQL, where the module's `measure()` gives ours and the floor."""
    from tests.servers.postgresql import Postgresql

    rows = [Row(f"SQLite: {part}", *_in_a_process(module, ""), most=most)]
    server = Postgresql(max_wal_size="4GB", shared_buffers="256MB").start()
    try:
        rows.append(Row(f"PostgreSQL: {part}", *_in_a_process(module, server.url("office")), most=most))
    finally:
        server.stop()
    return rows


def _in_a_process(module: str, database: str) -> tuple[float, float]:
    """Django starts once a process."""
    path = os.pathsep.join([str(_ROOT / "src"), str(_ROOT)])
    environ = {**os.environ, "PYTHONPATH": path} | ({"ORGO_DATABASE": database} if database else {})
    code = f"from {module} import measure; print(*measure())"
    command = [sys.executable, "-c", code]
    said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environ).stdout.split()
    return float(said[0]), float(said[1])
