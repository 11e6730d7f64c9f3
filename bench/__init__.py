"""What is measured: each part beside its floor in one run, and beside what it may cost where that was promised."""

from collections.abc import Iterable
from typing import NamedTuple


class Row(NamedTuple):
    """What one part costs, in µs unless the part's name says otherwise; the bounds are what was promised of it."""

    part: str
    ours: float
    floor: float | None = None
    most: float | None = None
    most_ratio: float | None = None

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

    Args:
        turns: the rows of each turn, the same parts in the same order. In each both sides have been measured.
    """
    return [
        turn[0]._replace(
            ours=min(row.ours for row in turn),
            floor=min((row.floor for row in turn if row.floor is not None), default=None),
        )
        for turn in zip(*turns, strict=True)
    ]
