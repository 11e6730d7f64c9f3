"""Prints docs/operator/metrics.md with its table made from orgo.ops.measures; what stands around the table is kept.

usage: python tools/metrics_page.py
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

from orgo.ops import measures

PAGE = ROOT / "docs" / "operator" / "metrics.md"
BEGIN, END = "<!-- metrics: written by `make schema` -->\n", "<!-- end of metrics -->"


def page(current: str) -> str:
    """The page with its table written again."""
    before, rest = current.split(BEGIN)
    return before + BEGIN + table() + END + rest.split(END)[1]


def table() -> str:
    """Every metric as a row, in the order of the code."""
    head = ["| metric | kind | labels | what it says |", "|---|---|---|---|"]
    rows = [
        f"| `{_name(one)}` | {one.kind} | {', '.join(f'`{label}`' for label in one.labels)} | {one.help} |"
        for one in measures.ALL
    ]
    return "\n".join([*head, *rows]) + "\n"


def _name(one: measures.Measure) -> str:
    return one.series[0] if one.kind == "counter" else one.name


if __name__ == "__main__":
    sys.stdout.write(page(PAGE.read_text("utf-8")))
