"""Measures functions, files and nesting against DESIGN.md section 1: `python tools/check_sizes.py` prints what it found.

A function's size is its lines from `def` to the end, docstring included; nesting counts the blocks within each other
that a reader must keep in mind (if, for, while, with, try, match; elif and a comprehension are none of their own).
"""

import ast
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("src", "tests", "tools", "bench")
FUNCTION = {50: 8, 90: 32, 100: 60}
FILE = {90: 400, 100: 600}
NESTING = {90: 2, 100: 4}
TEST_FUNCTION = {90: 25, 100: 60}
_BLOCKS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.Match)


class Measure(NamedTuple):
    """One size and where it is."""

    size: int
    place: str


def main() -> int:
    """Print every percentile beside its limit; returns 1 where one is passed."""
    sources, tests = _files("src"), [path for folder in FOLDERS[1:] for path in _files(folder)]
    found = [
        _report("function, lines", FUNCTION, [m for path in sources for m in functions(path)]),
        _report("nesting in src", NESTING, [m for path in sources for m in nesting(path)]),
        _report("file, lines", FILE, [length(path) for path in sources]),
        _report("test function, lines", TEST_FUNCTION, [m for path in tests for m in functions(path)]),
        _report("test file, lines", FILE, [length(path) for path in tests]),
    ]
    return 0 if all(found) else 1


def _files(folder: str) -> list[Path]:
    """The Python files below a folder; migrations are made by Django, and nobody reads them for pleasure."""
    return sorted(path for path in (ROOT / folder).rglob("*.py") if "migrations" not in path.parts)


def _report(what: str, limits: dict[int, int], measures: Sequence[Measure]) -> bool:
    if not measures:
        return True
    ordered = sorted(measure.size for measure in measures)
    shown = ", ".join(
        f"{_name(percent)} {percentile(ordered, percent)} (limit {limit})"
        for percent, limit in limits.items()
    )
    print(f"{what:22} {len(ordered):5}   {shown}")
    over = [measure for measure in measures if measure.size > limits[100]]
    for measure in over:
        print(f"  over the hard stop: {measure.place}: {measure.size}", file=sys.stderr)
    return all(percentile(ordered, percent) <= limit for percent, limit in limits.items())


def _name(percent: int) -> str:
    return {50: "median", 100: "most"}.get(percent, f"p{percent}")


def percentile(ordered: Sequence[int], percent: int) -> int:
    """The smallest size that `percent` of all do not pass (`ordered` rises)."""
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def length(path: Path) -> Measure:
    """A file's lines."""
    return Measure(len(path.read_text("utf-8").splitlines()), _shown(path))


def functions(path: Path) -> Iterator[Measure]:
    """The lines of each function of a file."""
    for node in _functions(path):
        yield Measure(
            (node.end_lineno or node.lineno) - node.lineno + 1, f"{_shown(path)}:{node.lineno} {node.name}"
        )


def nesting(path: Path) -> Iterator[Measure]:
    """How deep the blocks of each function of a file stand within each other."""
    for node in _functions(path):
        yield Measure(max(map(_depth, node.body)), f"{_shown(path)}:{node.lineno} {node.name} (nesting)")


def _functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse(path.read_text("utf-8"))
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def _depth(node: ast.AST) -> int:
    """Blocks within each other below `node`; a function within has its own count."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
        return 0
    inner = [_depth(child) for child in ast.iter_child_nodes(node) if not _is_elif(node, child)]
    chained = [_depth(child) - 1 for child in ast.iter_child_nodes(node) if _is_elif(node, child)]
    return max([*inner, *chained, 0]) + isinstance(node, _BLOCKS)


def _is_elif(node: ast.AST, child: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(child, ast.If) and node.orelse == [child]


def _shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


if __name__ == "__main__":
    sys.exit(main())
