"""The phrases that machines write, kept as text beside the code: one pattern a line, in sections."""

from functools import cache
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent / "phrases"


@cache
def phrases(file: str, *sections: str) -> Any:
    """Sections of a phrase file as one pattern without regard to case, of RE2, so that it is read in linear time."""
    import re2

    lines = [line for section in sections for line in _sections(file)[section]]
    return re2.compile("(?i)(?:" + "|".join(lines) + ")")


@cache
def _sections(file: str) -> dict[str, list[str]]:
    sections: dict[str, list[str]] = {}
    name = ""
    for line in (_FOLDER / f"{file}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("[") and line.endswith("]") and line[1:-1].isidentifier():
            name = line[1:-1]
        elif line.strip() and not line.startswith("#"):
            sections.setdefault(name, []).append(line)
    return sections
