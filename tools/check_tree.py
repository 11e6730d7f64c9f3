"""Looks at every tracked file for what must not be in the tree: paths of one machine, addresses of package indexes, dead ends.

usage: python tools/check_tree.py
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ROOT_FILES = ("main.py", "tasks.py", "setup.py", "orgo", "src/orgo/start.py", "src/orgo/__init__.py")
_GENERATED = ("uv.lock",)
_RULES = {
    r"(?:^|[\s\"'`(=:])/(?:work|root|farm|Users|home/(?!orgo\b)\w+)/": "a path of one machine",
    r"https?://\S+/simple\b": "the address of a package index; pip's own settings decide",
    r"pip3? install (?:-\S+ )*orgo\b(?!-)": "another product has this name; ours is orgo-mail",
    r"^<<<<<<< ": "a merge that was not finished",
}


def main() -> int:
    """Print each find as file:line; returns 1 where there is one."""
    finds = [find for path in tracked() for find in look(path)]
    finds += [find for name in ROOT_FILES for find in readable_by_old_python(name)]
    print("\n".join(finds) or "the tree is clean")
    return 1 if finds else 0


def tracked() -> Iterator[Path]:
    """The files of the commit to be; without git, all files of the folders that matter."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return (ROOT / name for name in listed.splitlines() if name not in _GENERATED and (ROOT / name).is_file())


def look(path: Path, root: Path = ROOT) -> Iterator[str]:
    """What is wrong in one file, line by line; what is no text is passed over."""
    if path == Path(__file__).resolve():
        return
    try:
        lines = path.read_text("utf-8").splitlines()
    except UnicodeDecodeError:
        return
    for number, line in enumerate(lines, 1):
        for pattern, why in _RULES.items():
            if re.search(pattern, line):
                yield f"{path.relative_to(root)}:{number}: {why}"


def readable_by_old_python(name: str) -> Iterator[str]:
    """The root files must be readable by Python 3.6, so that it can say what is missing."""
    try:
        ast.parse((ROOT / name).read_text("utf-8"), name, feature_version=(3, 6))
    except SyntaxError as error:
        yield f"{name}:{error.lineno}: Python 3.6 can't read this: {error.msg}"


if __name__ == "__main__":
    sys.exit(main())
